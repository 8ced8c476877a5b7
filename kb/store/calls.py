"""Calls that ring at a desk, and the one-time links that were followed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.errors import CallNotFound
from kb.store.rows import insert, parse_row, row_values
from kb.times import format_instant

KEPT_CALLS = timedelta(days=7)
KEPT_LINKS = timedelta(hours=1)
"""Longer than any link lives."""


@dataclass(frozen=True)
class Call:
    """One call: its number masked and hashed, the words that came with it masked."""

    call_id: str
    queue: str
    service_number: str
    number_hash: str
    text: str
    created_at: str


def save_call(connection: sqlite3.Connection, call: Call, *, now: datetime) -> None:
    """Keep a call, in place of what was known of it; forget old ones."""
    edge = format_instant(now - KEPT_CALLS)
    connection.execute("DELETE FROM call WHERE created_at < ?", (edge,))
    insert(connection, "call", row_values(call), replace=True)


def read_call(connection: sqlite3.Connection, call_id: str) -> Call:
    """One call; raise CallNotFound."""
    row = connection.execute("SELECT * FROM call WHERE call_id = ?", (call_id,)).fetchone()
    if row is None:
        raise CallNotFound(call_id, field="call_id")
    return parse_row(row, Call)


def use_link(connection: sqlite3.Connection, nonce: str, *, now: datetime) -> bool:
    """Note that a link was followed; False when it was before."""
    edge = format_instant(now - KEPT_LINKS)
    connection.execute("DELETE FROM used_link WHERE used_at < ?", (edge,))
    added = connection.execute(
        "INSERT INTO used_link (nonce, used_at) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING",
        (nonce, format_instant(now)),
    )
    return added.rowcount == 1
