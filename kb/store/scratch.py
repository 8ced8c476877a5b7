"""Temporary copies of what editors change: on one connection they hide the tables of the file."""

from __future__ import annotations

import re
import sqlite3

SHADOWED = (
    "article", "revision", "revision_event", "approval", "category", "time_limit", "figure",
    "vocabulary", "vocabulary_version", "vocabulary_content", "stamp", "index_queue",
    "autosave", "file_base", "table_base", "handbook_import",
)  # fmt: skip
_TABLE = re.compile(r"^CREATE TABLE\s+", re.IGNORECASE)
_INDEX = re.compile(r"^CREATE( UNIQUE)? INDEX\s+", re.IGNORECASE)


def shadow_tables(connection: sqlite3.Connection) -> None:
    """Copy the SHADOWED tables with their keys and indexes: from now on only the copies change."""
    connection.execute("PRAGMA foreign_keys = OFF")  # a copy's key would look for copies only
    connection.execute("PRAGMA temp_store = MEMORY")
    for name in SHADOWED:
        made = connection.execute(
            "SELECT type, sql FROM main.sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL"
            " AND type IN ('table', 'index') ORDER BY type DESC",
            (name,),
        ).fetchall()
        for kind, sql in made:
            if kind == "table":
                connection.execute(_TABLE.sub("CREATE TEMP TABLE ", sql))
                connection.execute(f"INSERT INTO temp.{name} SELECT * FROM main.{name}")
            else:
                connection.execute(_INDEX.sub(r"CREATE\1 INDEX temp.", sql))
