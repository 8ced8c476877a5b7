"""Explicit searches as recorded: what was looked for, what was found, what was worded anew."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kb.errors import InvalidInput
from kb.store.rows import insert, parse_row, row_values


@dataclass(frozen=True)
class SearchRecord:
    """One explicit search; the query is masked. ``previous``: the search that it words anew."""

    id: str
    agent: str
    ticket_no: str | None
    channel: str
    query_masked: str
    query_hash: str
    query_used: str
    filters: str
    hits: int
    mode: str
    index_generation: str
    previous: str | None
    is_training: bool
    created_at: str


def add_search(connection: sqlite3.Connection, record: SearchRecord) -> None:
    """Keep one search."""
    insert(connection, "search_record", row_values(record))


def read_search(connection: sqlite3.Connection, search_id: str) -> SearchRecord:
    """One search; raise InvalidInput when there is none."""
    row = connection.execute("SELECT * FROM search_record WHERE id = ?", (search_id,)).fetchone()
    if row is None:
        raise InvalidInput(f"没有检索记录 {search_id}", field="search_id")
    return parse_row(row, SearchRecord)


def read_searches_of(connection: sqlite3.Connection, ticket_no: str) -> list[SearchRecord]:
    """The searches made for a ticket, oldest first."""
    rows = connection.execute(
        "SELECT * FROM search_record WHERE ticket_no = ? ORDER BY created_at, rowid", (ticket_no,)
    )
    return [parse_row(row, SearchRecord) for row in rows]


def newest_search(
    connection: sqlite3.Connection, agent: str, *, since: str, is_training: bool
) -> SearchRecord | None:
    """What an agent searched last since an instant."""
    row = connection.execute(
        "SELECT * FROM search_record WHERE agent = ? AND created_at >= ? AND is_training = ?"
        " ORDER BY created_at DESC, rowid DESC LIMIT 1",
        (agent, since, int(is_training)),
    ).fetchone()
    return parse_row(row, SearchRecord) if row else None


def read_history(connection: sqlite3.Connection, agent: str, *, most: int) -> list[str]:
    """What an agent searched for at work, masked, the newest first, each once."""
    rows = connection.execute(
        "SELECT query_masked FROM search_record WHERE agent = ? AND channel = 'page' AND hits > 0"
        " AND is_training = 0 AND query_masked <> ''"
        " GROUP BY query_masked ORDER BY max(created_at) DESC LIMIT ?",
        (agent, most),
    )
    return [row["query_masked"] for row in rows]


def attach_search(connection: sqlite3.Connection, search_id: str, ticket_no: str) -> None:
    """Tie a search that was made outside any ticket to the ticket its hit was linked to."""
    connection.execute(
        "UPDATE search_record SET ticket_no = ? WHERE id = ? AND ticket_no IS NULL",
        (ticket_no, search_id),
    )
