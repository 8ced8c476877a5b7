"""Knowledge tied to tickets."""

from __future__ import annotations

import sqlite3

from kb.store.rows import insert, parse_row, row_values
from kb.ticket import Link


def add_link(connection: sqlite3.Connection, link: Link) -> None:
    """Tie knowledge to a ticket."""
    insert(connection, "ticket_knowledge_link", row_values(link))


def read_links(connection: sqlite3.Connection, ticket_no: str) -> list[Link]:
    """All knowledge tied to a ticket, oldest first."""
    rows = connection.execute(
        "SELECT * FROM ticket_knowledge_link WHERE ticket_no = ? ORDER BY linked_at, rowid",
        (ticket_no,),
    )
    return [parse_row(row, Link) for row in rows]


def has_link_after(connection: sqlite3.Connection, agent: str, *, at: str) -> bool:
    """Whether an agent has tied knowledge to any ticket after an instant."""
    row = connection.execute(
        "SELECT 1 FROM ticket_knowledge_link WHERE linked_by = ? AND linked_at > ? LIMIT 1",
        (agent, at),
    ).fetchone()
    return row is not None


def drop_link(connection: sqlite3.Connection, link: Link) -> None:
    """Take back one link."""
    connection.execute(
        "DELETE FROM ticket_knowledge_link WHERE ticket_no = :ticket_no AND closing = :closing"
        " AND target_type = :target_type AND target_id = :target_id"
        " AND knowledge_usage = :knowledge_usage",
        row_values(link),
    )
