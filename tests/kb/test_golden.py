"""Databases of every earlier schema kept are brought up to today's: nothing is lost on the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from indexer.engine import Engine
from indexer.language import open_language
from kb.database import applied_steps, open_database
from kb.migrations import STEPS
from kb.settings import read_settings
from kb.store import whole
from kb.suggestion import SuggestionRequest
from kb.trail import verify_trail
from tests.kb.golden_files import EMPTY, FOLDER, columns_of, restore_golden, tables_of
from tests.kb.small import NOW

GOLDEN = sorted(FOLDER.glob("*.sql.gz"))
KEPT = (
    *("ticket", "article", "revision", "suggestion_session", "impression", "suggestion_event"),
    *("ticket_knowledge_link", "ticket_outcome", "session_decision", "time_limit", "category"),
)
"""Tables whose rows must be the same to the letter, in the columns that both schemas have."""
Rows = dict[str, list[tuple[object, ...]]]


def step_of(path: Path) -> str:
    return path.name.removesuffix(".sql.gz")


def read_rows(path: Path, columns: dict[str, list[str]]) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(
                connection.execute(f'SELECT {", ".join(names)} FROM "{table}"').fetchall(),
                key=repr,
            )
            for table, names in columns.items()
        }


def shapes(path: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(path)) as connection:
        return {table: columns_of(connection, table) for table in tables_of(connection)}


@pytest.mark.parametrize("golden", GOLDEN, ids=step_of)
def test_an_earlier_database_is_brought_up_with_all_it_held(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "kb.db"
    restore_golden(golden, path)
    old = shapes(path)
    counts = {table: len(rows) for table, rows in read_rows(path, old).items()}
    assert not [table for table in set(old) - EMPTY if not counts[table]], "rows in all tables"
    database = open_database(path)
    assert applied_steps(database.connection) == STEPS
    assert database.connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert whole.find_damage(database.connection) == ""
    assert verify_trail(database.connection).broken is None
    database.close()
    new = shapes(path)
    both = {t: [name for name in old[t] if name in new[t]] for t in KEPT if t in old}
    before = tmp_path / "before.db"
    restore_golden(golden, before)
    assert read_rows(path, both) == read_rows(before, both)
    fewer = {table for table in set(old) & set(new) - EMPTY
             if len(read_rows(path, {table: ["1"]})[table]) < counts[table]}  # fmt: skip
    assert not fewer


@pytest.mark.parametrize("golden", GOLDEN, ids=step_of)
def test_an_earlier_database_answers(golden: Path, tmp_path: Path) -> None:
    settings = read_settings({"KB_DATA": str(tmp_path)})
    restore_golden(golden, settings.database)
    settings.index.mkdir()
    database = open_database(settings.database)
    engine = Engine(settings, database, open_language(settings, database))
    asked = SuggestionRequest("家里宽带全断了，光猫亮红灯", category="060101", agent="甲")
    answer = engine.suggest(asked, now=NOW)
    assert answer.time_limits
    assert answer.past_fixes
    kept = database.connection.execute(
        "SELECT count(*) FROM impression WHERE session_id = ?", (answer.session_id,)
    ).fetchone()[0]
    assert kept == len(answer.items)
    database.close()


def test_a_migration_comes_with_the_state_before_it() -> None:
    assert {step_of(path) for path in GOLDEN} <= set(STEPS)
    told = "run python -m tests.kb.golden_files before adding a migration, and add its file"
    assert {step_of(path) for path in GOLDEN} & {*STEPS[-2:]}, told
