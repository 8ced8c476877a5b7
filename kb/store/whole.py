"""The database as a whole: how many rows each table has, and whether the file is sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from kb.audit import ABSENT, hash_content, hide_key
from kb.store.audit import AuditFilter, list_rows, read_key
from kb.store.capture import AUDITED, RECORDS, content_of, key_of

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
MASKED = frozenset("*〔")
"""Signs of a name that was masked for the trail: several rows may share it."""
PAGE = 2_000
"""Rows read at once: writers wait for a reader no longer than that takes."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file is broken, not that it is busy or the disk is full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows of each table, by its name."""
    return {
        name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
        for name in read_tables(connection)
    }


def read_tables(connection: sqlite3.Connection) -> list[str]:
    """The names of all tables."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows.fetchall()]


def find_damage(connection: sqlite3.Connection, *, is_quick: bool = False) -> str:
    """What SQLite's own check finds first, "" when the file is sound. ``is_quick``: without holding
    each index against its table."""
    return _check(connection, "quick_check" if is_quick else "integrity_check")


def find_table_damage(connection: sqlite3.Connection, table: str) -> str:
    """The same for one table with its indexes: writers wait for this one only."""
    return _check(connection, f'integrity_check("{table}")')


def _check(connection: sqlite3.Connection, pragma: str) -> str:
    try:
        found: str = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return str(error)
        raise
    return "" if found == "ok" else found


def read_all_texts(connection: sqlite3.Connection, table: str) -> None:
    """Read every value of a table; raise sqlite3.DatabaseError when one is not text any more."""
    for page in _pages(connection, table, "*"):
        del page


def find_changed(connection: sqlite3.Connection) -> Iterator[str]:
    """Objects, as the audit trail names them, that are otherwise, or gone, though it knows of no
    change since. What it says nothing of since the schema changed last is not compared."""
    told = _read_told(connection)
    for table in (*AUDITED, *sorted(RECORDS)):
        prefix = f"{table}:"
        wanted = {thing: held for thing, held in told.items() if thing.startswith(prefix)}
        if wanted:
            yield from _find_changed_in(connection, table, wanted)


def _read_told(connection: sqlite3.Connection) -> dict[str, str]:
    """The newest state of each object that the trail tells of; "" for one that was removed."""
    steps = list_rows(connection, AuditFilter(action="migrate"), limit=1)
    rows = connection.execute(
        "SELECT object, after_hash, max(seq) FROM audit"
        " WHERE seq > ? AND before_hash <> after_hash GROUP BY object",
        (steps[0].seq if steps else 0,),
    )
    return {thing: held for thing, held, _ in rows if not MASKED & {*thing}}


def _find_changed_in(
    connection: sqlite3.Connection, table: str, wanted: dict[str, str]
) -> list[str]:
    found = dict(_read_states(connection, table, set(wanted)))
    suspects = {thing for thing, held in wanted.items() if held != found.get(thing, ABSENT)}
    if not suspects:
        return []
    connection.execute("BEGIN")  # what was read before may be of two commits
    try:
        wanted = _read_told(connection)
        found = dict(_read_states(connection, table, suspects))
    finally:
        connection.rollback()
    return sorted(
        thing for thing in suspects if wanted.get(thing, ABSENT) != found.get(thing, ABSENT)
    )


def _read_states(
    connection: sqlite3.Connection, table: str, wanted: AbstractSet[str]
) -> Iterator[tuple[str, str]]:
    """The hash of each row that is wanted, under its name in the trail."""
    secret = read_key(connection)
    columns = f"{key_of(connection, table)}, {content_of(connection, table)}"
    for page in _pages(connection, table, columns):
        for row in page:
            thing = hide_key(f"{table}:{row[0]}", secret)
            if thing in wanted:
                yield thing, hash_content(row[1])


def _pages(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[list[sqlite3.Row]]:
    """The rows of a table, some at a time."""
    if not _has_rowid(connection, table):
        yield connection.execute(f'SELECT {columns} FROM "{table}"').fetchall()
        return
    last = -(1 << 63)
    while True:
        page = connection.execute(
            f'SELECT {columns}, rowid AS "at" FROM "{table}" WHERE rowid > ?'
            f" ORDER BY rowid LIMIT {PAGE}",
            (last,),
        ).fetchall()
        if not page:
            return
        last = page[-1]["at"]
        yield page


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    row = connection.execute("SELECT wr FROM pragma_table_list(?)", (table,)).fetchone()
    return not row[0]
