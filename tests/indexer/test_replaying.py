"""A recorded session asked again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from indexer.engine import Engine
from indexer.generation import make_current, read_current, read_manifest, write_manifest
from indexer.replaying import replay
from kb.__main__ import cli
from kb.database import Database
from kb.errors import SessionNotFound
from kb.settings import Settings
from kb.suggestion import SuggestionRequest
from tests.conftest import START

COMPLAINT = "我号码13812345678，家里网断了,盒子上那个红灯一直亮"


@pytest.fixture
def session_id(engine: Engine) -> str:
    request = SuggestionRequest(COMPLAINT, category="060101", area="urban", limit=3, channel="cli")
    return engine.suggest(request, now=START).session_id


def count(database: Database) -> int:
    row = database.connection.execute("SELECT count(*) AS n FROM suggestion_session").fetchone()
    return int(row["n"])


@pytest.mark.parametrize("generation", ["recorded", "current"])
def test_asked_again_the_same_day_nothing_differs_and_nothing_is_recorded(
    settings: Settings, database: Database, session_id: str, generation: str
) -> None:
    before = count(database)
    found = replay(settings, database, session_id, generation=generation)
    assert not found.differs, found.differences
    assert found.differences
    assert found.note == ""
    assert count(database) == before


def test_an_article_withdrawn_since_is_told_as_gone(
    settings: Settings, database: Database, session_id: str
) -> None:
    with database.transaction() as connection:
        connection.execute("UPDATE revision SET status = 'archived' WHERE article_id = 'P060101'")
    found = replay(settings, database, session_id, generation="recorded")
    gone = [each.before for each in found.differences if each.change == "vanished"]
    assert "P060101" in [item.target_id for item in gone if item]
    assert found.differs


def test_a_session_is_asked_over_its_own_generation_while_that_is_there(
    settings: Settings, database: Database, session_id: str
) -> None:
    own = read_current(settings.index)
    newer = own.with_name(own.name + "b")
    shutil.copytree(own, newer)
    write_manifest(newer, replace(read_manifest(own), generation=newer.name))
    make_current(settings.index, newer)
    recorded = replay(settings, database, session_id, generation="recorded")
    assert recorded.answer.index_generation.partition("+")[0] == own.name
    current = replay(settings, database, session_id, generation="current")
    assert current.answer.index_generation.partition("+")[0] == newer.name
    shutil.rmtree(own)
    gone = replay(settings, database, session_id, generation="recorded")
    assert gone.answer.index_generation == current.answer.index_generation
    assert own.name in gone.note


def test_an_unknown_session_is_named(settings: Settings, database: Database) -> None:
    with pytest.raises(SessionNotFound):
        replay(settings, database, "nowhere", generation="current")


def test_the_command_leaves_with_three_when_something_differs(
    settings: Settings, database: Database, session_id: str
) -> None:
    env = {"KB_DATA": str(settings.data)}
    runner = CliRunner(env=env)
    same = runner.invoke(cli, ["replay", session_id])
    assert (same.exit_code, same.stdout.splitlines()[-1]) == (0, "完全相同")
    with database.transaction() as connection:
        connection.execute(
            "UPDATE impression SET position = 9 WHERE session_id = ? AND position = 1",
            (session_id,),
        )
    told = runner.invoke(cli, ["replay", session_id, "--json"])
    assert told.exit_code == 3
    changes = [item["change"] for item in json.loads(told.stdout)["items"]]
    assert changes.count("moved") == 3
    assert "名次变了" in runner.invoke(cli, ["replay", session_id]).stdout
