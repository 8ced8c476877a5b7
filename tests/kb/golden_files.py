"""Databases as earlier versions left them, as small SQL files: ``tests/kb/golden/STEP.sql.gz``.

    python -m tests.kb.golden_files            # the schema as it stands now
    python -m tests.kb.golden_files m018_audit # as it stood after that step

All rows are invented: a small handbook, a few tickets that came back or did not, and in each table
that these leave empty one row made from the table's own definition. For an earlier step the same
rows are written into the tables of then, as far as these have their columns.
"""

from __future__ import annotations

import gzip
import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import sqlite_utils

from kb.database import create_database
from kb.desk import Desk
from kb.handbook import read_handbook
from kb.migrations import STEPS, migrations
from kb.publishing import import_handbook
from tests.kb import closings
from tests.kb.small import NOW, write_handbook

FOLDER = Path(__file__).with_name("golden")
EMPTY = frozenset({"audit_pending", "audit_anchor", "sqlite_sequence", "_sqlite_migrations"})
"""Tables where a made-up row would be a fault."""
INSTANT, DAY = "2026-03-11T09:20:00+08:00", "2026-03-11"
_GIVEN = {("card_review", "rating"): 3}
_CHOICE = re.compile(r"\b(\w+) \w+[^,]*? CHECK \(\1 IN \('([^']*)'")
MARK = "-- 虚构的数据，只用于测试 (invented, for tests only)\n"


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """All tables."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows.fetchall()]


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Its columns."""
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def restore_golden(path: Path, target: Path) -> None:
    """Make the database of a golden file."""
    with closing(sqlite3.connect(target)) as connection:
        connection.executescript(gzip.decompress(path.read_bytes()).decode())


def write_golden(step: str) -> Path:
    """Write the file of the state after ``step``."""
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.db"
        _make_whole(whole, Path(scratch) / "handbook")
        path = whole if step == STEPS[-1] else _write_back(whole, Path(scratch) / "old.db", step)
        with closing(sqlite3.connect(path)) as connection:
            text = MARK + "\n".join(connection.iterdump()) + "\n"
    target = FOLDER / f"{step}.sql.gz"
    target.write_bytes(gzip.compress(text.encode(), mtime=0))
    return target


def _make_whole(path: Path, handbook: Path) -> None:
    """A database of today with rows in all tables."""
    database = create_database(path)
    import_handbook(database, read_handbook(write_handbook(handbook)), author="import", now=NOW)
    desk = Desk(database, repeat_days=30)
    for stayed in (True, False, True):
        closings.close(desk, closings.Case(stayed=stayed))
    closings.settle(desk)
    with database.transaction() as connection:
        _fill(connection)
    database.close()


def _write_back(whole: Path, path: Path, step: str) -> Path:
    """The rows of ``whole`` in the tables of an earlier step."""
    old = sqlite_utils.Database(path)
    migrations.apply(old, stop_before=STEPS[STEPS.index(step) + 1])
    old.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS whole", (str(whole),))
        triggers = connection.execute(
            "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER main.{name}")
        for table in set(tables_of(connection)) - EMPTY:
            _copy(connection, table)
        _fill(connection)
        for _, sql in triggers:
            connection.execute(sql)
    return path


def _copy(connection: sqlite3.Connection, table: str) -> None:
    """What both have of a table; a column that is gone since gets a made-up value."""
    there = [row[1] for row in connection.execute(f'PRAGMA whole.table_info("{table}")')]
    if not there:
        return
    connection.execute(f'DELETE FROM main."{table}"')
    names, values = [], []
    for _, name, kind, is_needed, default, _ in connection.execute(f'PRAGMA table_info("{table}")'):
        if name in there:
            names.append(name)
            values.append(name)
        elif is_needed and default is None:
            names.append(name)
            values.append(repr(_made_up(connection, table, name, kind)))
    connection.execute(
        f'INSERT OR IGNORE INTO main."{table}" ({", ".join(names)})'
        f' SELECT {", ".join(values)} FROM whole."{table}"'
    )


def _fill(connection: sqlite3.Connection) -> None:
    """One row for each table that has none; what it refers to comes first."""
    empty = [table for table in tables_of(connection) if table not in EMPTY]
    for _ in range(3):
        empty = [
            table
            for table in empty
            if not connection.execute(f'SELECT 1 FROM main."{table}" LIMIT 1').fetchone()
        ]
        for table in empty:
            _add_row(connection, table)


def _add_row(connection: sqlite3.Connection, table: str) -> None:
    values: dict[str, object] = {}
    for _, name, kind, is_needed, default, key in connection.execute(
        f'PRAGMA table_info("{table}")'
    ):
        if (is_needed and default is None) or key or (table, name) in _GIVEN:
            values[name] = _made_up(connection, table, name, kind)
    for row in connection.execute(f'PRAGMA foreign_key_list("{table}")').fetchall():
        other, here, there = row[2], row[3], row[4] or row[3]
        found = connection.execute(f'SELECT "{there}" FROM "{other}" ORDER BY rowid').fetchone()
        if here in values:
            if found is None:
                return
            values[here] = found[0]
    marks = ", ".join("?" * len(values))
    connection.execute(
        f'INSERT INTO main."{table}" ({", ".join(values)}) VALUES ({marks})', [*values.values()]
    )


def _made_up(connection: sqlite3.Connection, table: str, name: str, kind: str) -> object:
    if (table, name) in _GIVEN:
        return _GIVEN[table, name]
    sql = connection.execute(
        "SELECT sql FROM main.sqlite_master WHERE name = ?", (table,)
    ).fetchone()[0]
    chosen: dict[str, str] = dict(_CHOICE.findall(sql))
    if name in chosen:
        return chosen[name]
    if kind in ("INTEGER", "REAL", "BLOB"):
        return {"INTEGER": 1, "REAL": 0.1, "BLOB": b"\x01"}[kind]
    if name.endswith(("at", "until")):
        return INSTANT
    return DAY if name == "day" else "[]" if name.endswith("s") else f"样例 {table}"


if __name__ == "__main__":
    for asked in sys.argv[1:] or [STEPS[-1]]:
        sys.stdout.write(f"{write_golden(asked)}\n")
