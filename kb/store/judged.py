"""Texts that changes are tried on: complaints settled by an article, and what was asked lately."""

from __future__ import annotations

import sqlite3


def read_settled(connection: sqlite3.Connection, *, most: int) -> list[tuple[str, str]]:
    """Descriptions of complaints that stayed closed, each once, with the article that solved it;
    the newest first."""
    rows = connection.execute(
        "SELECT ticket.description AS text, link.target_id AS article"
        " FROM ticket_outcome AS outcome"
        " JOIN ticket_knowledge_link AS link ON link.ticket_no = outcome.ticket_no"
        " AND link.closing = outcome.closing AND link.knowledge_usage = 'solution'"
        " JOIN ticket ON ticket.ticket_no = outcome.ticket_no"
        " WHERE outcome.state = 'stayed_closed' AND link.target_type IN ('procedure', 'article')"
        " AND ticket.description <> ''"
        " GROUP BY ticket.description, link.target_id"
        " ORDER BY max(outcome.settled_at) DESC, max(ticket.ticket_no) DESC LIMIT ?",
        (most,),
    )
    return [(row["text"], row["article"]) for row in rows]


def read_recent_complaints(connection: sqlite3.Connection, *, most: int) -> list[str]:
    """Masked texts of the newest suggestion sessions, each once; no exercises."""
    rows = connection.execute(
        "SELECT query_masked FROM suggestion_session WHERE is_training = 0 AND query_masked <> ''"
        " GROUP BY query_masked ORDER BY max(created_at) DESC LIMIT ?",
        (most,),
    )
    return [row["query_masked"] for row in rows]


def read_recent_searches(connection: sqlite3.Connection, *, most: int) -> list[str]:
    """Masked texts of the newest explicit searches, each once; no exercises."""
    rows = connection.execute(
        "SELECT query_masked FROM search_record WHERE is_training = 0 AND query_masked <> ''"
        " GROUP BY query_masked ORDER BY max(created_at) DESC LIMIT ?",
        (most,),
    )
    return [row["query_masked"] for row in rows]
