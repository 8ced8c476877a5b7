"""The queue of objects whose index entry is out of date.

Written in the transaction of the change, read by the indexer.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from kb.times import format_instant, parse_instant


@dataclass(frozen=True)
class QueuedChange:
    """One object to be indexed anew (or dropped when it is gone)."""

    seq: int
    kind: str
    object_id: str


def enqueue(connection: sqlite3.Connection, kind: str, object_id: str, *, now: datetime) -> None:
    """Ask for ``object_id`` (an article, time_limit or ticket) to be indexed anew."""
    connection.execute(
        "INSERT INTO index_queue (kind, object_id, queued_at) VALUES (?, ?, ?)",
        (kind, object_id, format_instant(now)),
    )


def read_queue(connection: sqlite3.Connection, *, limit: int = 10_000) -> list[QueuedChange]:
    """The oldest changes not yet indexed."""
    rows = connection.execute(
        "SELECT seq, kind, object_id FROM index_queue ORDER BY seq LIMIT ?", (limit,)
    )
    return [QueuedChange(row["seq"], row["kind"], row["object_id"]) for row in rows]


def last_queued(connection: sqlite3.Connection) -> int:
    """Number of the newest change ever queued."""
    row = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = 'index_queue'"
    ).fetchone()
    return int(row["seq"]) if row else 0


def clear_queue(connection: sqlite3.Connection, *, up_to: int) -> None:
    """Forget the changes up to and including number ``up_to``: they are indexed."""
    connection.execute("DELETE FROM index_queue WHERE seq <= ?", (up_to,))


def oldest_queued(connection: sqlite3.Connection) -> datetime | None:
    """Since when the oldest change waits; None when none does."""
    row = connection.execute("SELECT min(queued_at) AS oldest FROM index_queue").fetchone()
    return parse_instant(row["oldest"], field="queued_at") if row["oldest"] else None


def count_queued(connection: sqlite3.Connection) -> int:
    """How many changes wait to be indexed."""
    row = connection.execute("SELECT count(*) AS waiting FROM index_queue").fetchone()
    return int(row["waiting"])
