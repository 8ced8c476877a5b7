"""The database as a whole: how many rows each table has, and whether the file is sound."""

from __future__ import annotations

import sqlite3


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows of each table, by its name."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    ).fetchall()
    return {
        name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
        for (name,) in tables
    }


def find_damage(connection: sqlite3.Connection) -> str:
    """What SQLite's own check finds first, "" when the file is sound."""
    try:
        found: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found
