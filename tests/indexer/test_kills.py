"""A process killed at each named place: nothing acknowledged is lost, the index agrees."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from indexer.agreement import find_divergence
from indexer.generation import make_current, read_current
from indexer.integrity import find_damage
from indexer.language import Language
from indexer.sync import sync_index
from kb.backing import back_up, read_backups
from kb.database import Database, open_database
from kb.desk import Closing, Desk
from kb.failpoints import FAILPOINTS, arm
from kb.settings import Settings
from kb.store import tickets, whole
from kb.ticket import Ticket
from tests.conftest import START

TEXT = "盒子上那个红灯一直亮，网断了"


def work(settings: Settings, language: Language, name: str, told: Connection) -> None:
    """Take in and close a ticket, index it, switch, back up: dies at ``name``."""
    database = Database(settings.database)
    desk = Desk(database, repeat_days=30)
    arm(name)
    made = desk.create(
        Ticket("", START.isoformat(), description=TEXT, category="060101"), agent="甲", now=START
    )
    told.send(("open", made.ticket_no))
    closing = Closing(resolution="换了尾纤，复测正常", none_fit=True)
    desk.close(made.ticket_no, closing, agent="甲", now=START)
    told.send(("closed", made.ticket_no))
    sync_index(settings, database, language=language)
    make_current(settings.index, read_current(settings.index))
    back_up(settings, settings.data / "kept", now=START)


@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_anywhere_it_goes_on_as_if_nothing_was(
    settings: Settings, language: Language, name: str
) -> None:
    open_database(settings.database).close()  # migrated here, not while it is killed
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=work, args=(settings, language, name, there))
    child.start()
    there.close()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL, f"{name} was not reached"
    database = open_database(settings.database)
    assert whole.find_damage(database.connection) == ""
    for state, number in _told(here):
        kept = tickets.read_ticket(database.connection, number)
        assert kept.status in (state, "closed")
    sync_index(settings, database, language=language)
    assert find_damage(read_current(settings.index)) == []
    assert find_divergence(settings, database).keys == []
    assert list(read_backups(settings.data / "kept")) == []
    database.close()


def _told(here: Connection) -> list[tuple[str, str]]:
    found = []
    while here.poll():
        try:
            found.append(here.recv())
        except EOFError:
            break
    return found


def test_an_unknown_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        arm("nowhere")
