"""The glossary as the database keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from kb.glossary import GlossaryTerm
from kb.store.rows import insert, parse_row, row_values


def read_glossary(connection: sqlite3.Connection) -> tuple[GlossaryTerm, ...]:
    """The words in the table's order."""
    rows = connection.execute("SELECT term, definition, article FROM glossary ORDER BY rowid")
    return tuple(parse_row(row, GlossaryTerm) for row in rows)


def save_glossary(connection: sqlite3.Connection, glossary: Sequence[GlossaryTerm]) -> None:
    """Replace the words."""
    connection.execute("DELETE FROM glossary")
    for each in glossary:
        insert(connection, "glossary", row_values(each))
