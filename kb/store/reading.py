"""What each person read of the handbook, and in which version."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime

from kb.publication import IS_SHOWN_SQL
from kb.store.rows import parse_row
from kb.ticket import Ticket
from kb.times import format_instant


def read_versions(connection: sqlite3.Connection, agent: str) -> dict[str, int]:
    """The revision of each article that the person read last."""
    rows = connection.execute(
        "SELECT article_id, revision FROM article_read WHERE agent = ?", (agent,)
    )
    return {row["article_id"]: row["revision"] for row in rows}


def save_version(
    connection: sqlite3.Connection, agent: str, article_id: str, revision: int, *, now: datetime
) -> None:
    """Note that the person read this revision."""
    connection.execute(
        "INSERT OR REPLACE INTO article_read (agent, article_id, revision, at) VALUES (?, ?, ?, ?)",
        (agent, article_id, revision, format_instant(now)),
    )


def read_neighbours(
    connection: sqlite3.Connection, article_id: str, *, on: date
) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    """Id and title of the articles before and after one, in the handbook's order on the day."""
    rows = connection.execute(
        "SELECT article.id, revision.title FROM article"
        f" JOIN revision ON revision.article_id = article.id AND {IS_SHOWN_SQL}"
        " ORDER BY article.section, article.id",
        {"on": on.isoformat()},
    ).fetchall()
    pages = [(row["id"], row["title"]) for row in rows]
    place = next((place for place, page in enumerate(pages) if page[0] == article_id), None)
    if place is None:
        return None, None
    return (
        pages[place - 1] if place else None,
        pages[place + 1] if place + 1 < len(pages) else None,
    )


def read_closed_of_classes(
    connection: sqlite3.Connection, codes: tuple[str, ...], *, most: int
) -> list[Ticket]:
    """The newest tickets of these classes that stayed closed, masked as they are kept."""
    if not codes:
        return []
    rows = connection.execute(
        "SELECT ticket.* FROM ticket JOIN ticket_outcome AS outcome"
        " ON outcome.ticket_no = ticket.ticket_no AND outcome.closing = ticket.closings - 1"
        " WHERE ticket.status = 'closed' AND outcome.state = 'stayed_closed'"
        f" AND ticket.category IN ({', '.join('?' * len(codes))})"
        " ORDER BY ticket.closed_at DESC, ticket.ticket_no DESC LIMIT ?",
        (*codes, most),
    )
    return [parse_row(row, Ticket) for row in rows]
