"""Taking out what has been kept long enough, some rows at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

_TEXTS = {"suggestion_session": ("query_masked",), "search_record": ("query_masked", "query_used")}


def drop_callers(connection: sqlite3.Connection, edges: Mapping[str, str], *, most: int) -> int:
    """Let up to ``most`` tickets be nobody's: closed before their channel's edge, no samples."""
    cases = " ".join("WHEN ? THEN ?" for _ in edges)
    values = [value for edge in edges.items() for value in edge]
    return connection.execute(
        "UPDATE ticket SET number_hash = '', service_number = '', version = version + 1"
        " WHERE ticket_no IN (SELECT ticket_no FROM ticket"
        " WHERE status = 'closed' AND is_sample = 0"
        f" AND closed_at < CASE channel {cases} END"
        " AND (number_hash <> '' OR service_number <> '') LIMIT ?)",
        (*values, most),
    ).rowcount


def drop_texts(connection: sqlite3.Connection, edge: str, *, most: int) -> int:
    """Empty the texts of up to ``most`` suggestion sessions and as many searches before an edge."""
    count = 0
    for table, columns in _TEXTS.items():
        changes = ", ".join(f"{column} = ''" for column in columns)
        count += connection.execute(
            f"UPDATE {table} SET {changes} WHERE id IN (SELECT id FROM {table}"
            " WHERE created_at < ? AND query_masked <> '' LIMIT ?)",
            (edge, most),
        ).rowcount
    return count
