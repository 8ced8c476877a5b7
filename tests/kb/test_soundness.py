"""A damaged database is found and written to no more; a sound one is not accused."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kb.auditing import Actor
from kb.database import Database, create_database, damage_mark, open_database
from kb.desk import Desk
from kb.errors import DatabaseDamaged
from kb.soundness import find_faults, glance, mark
from kb.store import tickets
from tests.bench.flips import Outcome, flip_sectors
from tests.kb.small import NOW, make_ticket


@pytest.fixture
def sound(database: Database, tmp_path: Path) -> Path:
    """A database with tickets in it, closed."""
    actor = Actor(lambda: "甲", lambda: "test", lambda: NOW)
    opened = create_database(database.path, actor)
    with opened.transaction() as connection:
        for number in range(300):
            ticket = make_ticket(
                ticket_no=f"TS{number}", description=f"第{number}个人说网断了" * 20
            )
            tickets.add_ticket(connection, ticket, now=NOW)
    opened.close()
    path = tmp_path / "sound.db"
    shutil.copy(database.path, path)
    return path


def change(path: Path, sql: str) -> None:
    """Change the file as another program does, past all triggers."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_on_%'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql)
        for _, made in triggers:
            connection.execute(made)
        connection.commit()


def test_a_sound_database_has_no_faults_also_while_it_is_used(sound: Path) -> None:
    database = open_database(sound)
    assert (glance(sound), find_faults(database)) == ("", [])
    Desk(database, repeat_days=30).update(
        "TS1", {"title": "改了"}, version=None, agent="甲", now=NOW
    )
    with database.transaction() as connection:
        connection.execute("DELETE FROM ticket WHERE ticket_no = 'TS2'")
        # keys from outside, which the trail holds hashed, or masked
        for key in ("外呼-99887766", "13812345678", "CTI 7"):
            connection.execute("INSERT INTO call VALUES (?, '', '', '', '', '')", (key,))
    assert find_faults(database) == []


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE ticket SET title = '别的' WHERE ticket_no = 'TS7'", "ticket:TS7 与审计记录不符"),
        ("DELETE FROM ticket WHERE ticket_no = 'TS8'", "ticket:TS8 与审计记录不符"),
        ("UPDATE ticket SET title = CAST(x'ff41' AS TEXT) WHERE ticket_no = 'TS9'", "读不出"),
    ],
)
def test_a_row_that_changed_behind_our_back_is_named(sound: Path, sql: str, told: str) -> None:
    change(sound, sql)
    assert glance(sound) == ""  # SQLite itself finds nothing
    assert any(told in fault for fault in find_faults(Database(sound)))


def test_nothing_is_written_to_a_database_that_is_marked(sound: Path) -> None:
    database = open_database(sound)
    mark(sound, ["表 ticket 坏了"])
    with pytest.raises(DatabaseDamaged, match="kb restore"), database.transaction():
        pass
    assert tickets.read_ticket(database.connection, "TS1").ticket_no == "TS1"
    mark(sound, [])
    assert not damage_mark(sound).exists()
    with database.transaction():
        pass


def test_every_flipped_sector_is_found_or_does_no_harm(sound: Path, tmp_path: Path) -> None:
    outcomes = flip_sectors(sound, tmp_path, times=40, seed=7)
    assert len(outcomes) == 40
    assert Outcome.UNSEEN not in outcomes
    assert outcomes.count(Outcome.AT_START) > 10


def test_what_a_killed_process_left_half_written_is_no_damage(sound: Path) -> None:
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN IMMEDIATE');"
        "c.execute(\"UPDATE ticket SET title = title || 'x'\"); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(sound)], check=False)
    journal = sound.with_name(f"{sound.name}-journal")
    assert journal.stat().st_size > 0
    assert glance(sound) == ""
    assert find_faults(Database(sound)) == []


def test_a_database_that_is_busy_is_not_called_damaged(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb.soundness.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(sound, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            glance(sound)
