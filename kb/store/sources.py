"""What articles were made of: tickets and evidence of gaps."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kb.article import Article
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


def link_sources(
    connection: sqlite3.Connection, article: Article, *, by: str, now: datetime
) -> None:
    """Tie the tickets an article was made of to its first published revision, as its source.

    The link belongs to the closing that was made last, or to the one that is to come.
    """
    connection.execute(
        "INSERT INTO ticket_knowledge_link (ticket_no, closing, target_type, target_id,"
        " target_version, knowledge_usage, found_by, linked_by, linked_at)"
        " SELECT ticket_no, closings - (status <> 'open' AND closings > 0), :type, :article,"
        " :version, 'source', 'created', :by, :at FROM article_source"
        " JOIN ticket ON ticket_no = source_id WHERE kind = 'ticket' AND article_id = :article"
        " AND NOT EXISTS (SELECT 1 FROM ticket_knowledge_link AS link"
        " WHERE link.ticket_no = source_id AND target_id = :article"
        " AND knowledge_usage = 'source')",
        {
            "type": "procedure" if article.revision.steps else "article",
            "article": article.id,
            "version": article.revision.version,
            "by": by,
            "at": format_instant(now),
        },
    )


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
