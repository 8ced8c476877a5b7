"""What articles were made of: tickets and evidence of gaps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kb.store.rows import parse_row
from kb.times import format_instant


@dataclass(frozen=True)
class Source:
    """One ticket or one piece of evidence that an article was started from."""

    article_id: str
    kind: str
    source_id: str
    started_by: str
    started_at: str


def add_sources(
    connection: sqlite3.Connection,
    article_id: str,
    origins: Iterable[tuple[str, str]],
    *,
    by: str,
    now: datetime,
) -> None:
    """Tie an article to what it was made of: (ticket or gap, its id)."""
    connection.executemany(
        "INSERT INTO article_source (article_id, kind, source_id, started_by, started_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(article_id, kind, name, by, format_instant(now)) for kind, name in origins],
    )


def read_sources(connection: sqlite3.Connection, article_id: str) -> list[Source]:
    """What an article was made of, tickets last."""
    rows = connection.execute(
        "SELECT * FROM article_source WHERE article_id = ? ORDER BY kind, source_id", (article_id,)
    )
    return [parse_row(row, Source) for row in rows]


def read_articles_from(connection: sqlite3.Connection, ticket_no: str) -> list[str]:
    """Ids of the articles that were started from a ticket."""
    rows = connection.execute(
        "SELECT article_id FROM article_source WHERE kind = 'ticket' AND source_id = ?"
        " ORDER BY started_at, article_id",
        (ticket_no,),
    )
    return [row["article_id"] for row in rows]


def read_tickets_of_fix(
    connection: sqlite3.Connection, category: str, fix: str, *, most: int
) -> list[str]:
    """The newest tickets of a class that were closed one way."""
    rows = connection.execute(
        "SELECT ticket_no FROM ticket WHERE category = ? AND fix = ? AND status = 'closed'"
        " ORDER BY closed_at DESC, ticket_no LIMIT ?",
        (category, fix, most),
    )
    return [row["ticket_no"] for row in rows]
