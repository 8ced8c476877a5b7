"""What the index holds otherwise than the database is named exactly, and mended."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from indexer.agreement import Divergence, find_divergence
from indexer.cutting import Cutter
from indexer.documents import Document
from indexer.generation import PASSAGES, TICKETS, read_current
from indexer.language import Language
from indexer.segments import write_segment
from indexer.sources import read_documents
from indexer.words import writing_words
from kb.__main__ import cli
from kb.database import Database
from kb.settings import Settings
from kb.store import queue
from tests.conftest import START


def put(settings: Settings, language: Language, part: str, documents: list[Document]) -> None:
    """Add documents beside what is there, as no commit of ours does."""
    folder = read_current(settings.index) / part
    cutter = Cutter(language.analyzer, language.encoder)
    with writing_words(folder) as writer:
        writer.add(write_segment(folder, [cutter.cut(documents)], cutter.terms_of))


def drop(settings: Settings, part: str, keys: list[str]) -> None:
    with writing_words(read_current(settings.index) / part) as writer:
        writer.drop(keys)


def spoil(settings: Settings, database: Database, language: Language) -> Divergence:
    """One document in a hundred each: deleted, doubled, of another text; and three of nowhere."""
    made = Divergence()
    for part in (PASSAGES, TICKETS):
        documents = list(read_documents(database, part)[0])
        gone, twice, old = (documents[start::100] for start in (1, 2, 3))
        drop(settings, part, [each.key for each in (*gone, *old)])
        put(settings, language, part, twice)
        put(settings, language, part, [replace(each, complaint="旧的说法") for each in old])
        for keys, changed in zip(
            (made.missing, made.doubled, made.stale), (gone, twice, old), strict=True
        ):
            keys += [each.key for each in changed]
    strangers = ["a|P999999|1", "l|L-nowhere|2", "t|TS-nowhere|"]
    put(settings, language, PASSAGES, [Document(key, "无此条目") for key in strangers[:2]])
    put(settings, language, TICKETS, [Document(strangers[2], "无此工单")])
    made.extra.extend(strangers)
    return made


class Desk:
    """``kb`` on one data folder."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KB_DATA", str(settings.data))

    def run(self, command: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(cli, [command, "--json"], standalone_mode=True)
        return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def desk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(settings, monkeypatch)


def test_what_differs_is_named_mended_and_then_agrees(
    settings: Settings, database: Database, language: Language, desk: Desk
) -> None:
    assert not find_divergence(settings, database).keys
    made = spoil(settings, database, language)
    code, told = desk.run("verify")
    assert code == 3
    for kind in ("missing", "extra", "doubled", "stale"):
        assert told["index"][kind] == sorted(getattr(made, kind)), kind
    code, told = desk.run("repair")
    assert (code, told["action"]) == (0, "written anew")
    assert desk.run("verify")[0] == 0
    assert desk.run("repair")[1]["action"] == "none"


def test_what_waits_to_be_indexed_does_not_differ(settings: Settings, database: Database) -> None:
    ticket = next(iter(read_documents(database, TICKETS)[0]))
    drop(settings, TICKETS, [ticket.key])
    assert find_divergence(settings, database).missing == [ticket.key]
    with database.transaction() as connection:
        queue.enqueue(connection, "ticket", ticket.key.split("|")[1], now=START)
    assert not find_divergence(settings, database).keys


def test_damaged_files_are_named(settings: Settings, desk: Desk) -> None:
    state = read_current(settings.index) / "state.json"
    state.write_bytes(state.read_bytes()[:10])
    code, told = desk.run("verify")
    assert code == 3
    assert told["index"]["damaged"] == ["state.json 读不出来"]
