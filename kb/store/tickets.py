"""Tickets, their history, and what their outcomes say of the knowledge they used."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from kb.errors import TicketConflict, TicketNotFound
from kb.store.queue import enqueue
from kb.store.rows import insert, parse_row, placeholders, row_values
from kb.ticket import Outcome, Ticket
from kb.times import format_instant

LOADED_AT_ONCE = 2_000


@dataclass(frozen=True)
class TicketEvent:
    """One thing that happened to a ticket."""

    seq: int
    ticket_no: str
    at: str
    action: str
    agent: str
    closing: int
    detail: str


@dataclass(frozen=True)
class ResolvedTicket:
    """What past fixes are grouped from: a closed ticket with the outcome of its last closing."""

    ticket_no: str
    accepted_at: str
    closed_at: str
    region: str
    category: str
    title: str
    description: str
    root_cause: str
    fix: str
    resolution: str
    state: str
    reason: str
    is_sample: bool


def add_ticket(connection: sqlite3.Connection, ticket: Ticket, *, now: datetime) -> None:
    """Insert a new ticket and ask for it to be indexed."""
    insert(connection, "ticket", row_values(ticket))
    enqueue(connection, "ticket", ticket.ticket_no, now=now)


def load_tickets(connection: sqlite3.Connection, cases: Iterable[tuple[Ticket, Outcome]]) -> int:
    """Insert new closed tickets with the outcome of each, many at a time; say how many.

    Nothing is queued: this is for a folder whose whole index is built next.
    """
    tickets, outcomes = _insertion("ticket", Ticket), _insertion("ticket_outcome", Outcome)
    count = 0
    waiting = iter(cases)
    while batch := list(islice(waiting, LOADED_AT_ONCE)):
        connection.executemany(tickets.sql, (tickets.values(ticket) for ticket, _ in batch))
        connection.executemany(outcomes.sql, (outcomes.values(outcome) for _, outcome in batch))
        count += len(batch)
    return count


@dataclass(frozen=True)
class _Insertion:
    """How rows of one dataclass without lists are inserted, columns in the order of its fields."""

    sql: str
    values: Callable[[Any], tuple[Any, ...]]


def _insertion(table: str, kind: type[Ticket | Outcome]) -> _Insertion:
    names = [field.name for field in fields(kind)]
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({placeholders(names)})"
    return _Insertion(sql, attrgetter(*names))


def update_ticket(
    connection: sqlite3.Connection, ticket_no: str, values: dict[str, Any], *, now: datetime
) -> None:
    """Change the named columns, raise the version by one, and ask for indexing."""
    known = {field.name for field in fields(Ticket)}
    if not values.keys() <= known:
        raise ValueError(f"not columns of a ticket: {values.keys() - known}")
    changes = ", ".join(f"{name} = :{name}" for name in values)
    connection.execute(
        f"UPDATE ticket SET {changes}, version = version + 1 WHERE ticket_no = :ticket_no",
        {**values, "ticket_no": ticket_no},
    )
    enqueue(connection, "ticket", ticket_no, now=now)


def read_ticket(connection: sqlite3.Connection, ticket_no: str) -> Ticket:
    """One ticket; raise TicketNotFound."""
    row = connection.execute("SELECT * FROM ticket WHERE ticket_no = ?", (ticket_no,)).fetchone()
    if row is None:
        raise TicketNotFound(ticket_no, field="ticket_no")
    return parse_row(row, Ticket)


def is_taken(connection: sqlite3.Connection, ticket_no: str) -> bool:
    """Whether a ticket has this number, be it hidden from who asks."""
    row = connection.execute("SELECT 1 FROM main.ticket WHERE ticket_no = ?", (ticket_no,))
    return row.fetchone() is not None


def has_ticket(connection: sqlite3.Connection, ticket_no: str) -> bool:
    """Whether there is a ticket of this number."""
    row = connection.execute("SELECT 1 FROM ticket WHERE ticket_no = ?", (ticket_no,)).fetchone()
    return row is not None


def find_external(connection: sqlite3.Connection, source: str, external_id: str) -> Ticket | None:
    """The ticket imported from ``source`` under ``external_id``."""
    row = connection.execute(
        "SELECT * FROM ticket WHERE external_source = ? AND external_id = ? AND external_id <> ''",
        (source, external_id),
    ).fetchone()
    return parse_row(row, Ticket) if row else None


def is_imported(
    connection: sqlite3.Connection, source: str, external_id: str, *, digest: str
) -> bool:
    """Whether this row was imported before and said the same."""
    row = connection.execute(
        "SELECT 1 FROM imported_row WHERE source = ? AND external_id = ? AND digest = ?",
        (source, external_id, digest),
    ).fetchone()
    return row is not None


def save_imported(
    connection: sqlite3.Connection, source: str, external_id: str, *, digest: str, now: datetime
) -> None:
    """Keep what an imported row said."""
    values = {
        "source": source,
        "external_id": external_id,
        "digest": digest,
        "imported_at": format_instant(now),
    }
    insert(connection, "imported_row", values, replace=True)


def set_repeat(connection: sqlite3.Connection, ticket_no: str, *, repeat_of: str) -> None:
    """Tie an imported ticket to the earlier one it repeats."""
    connection.execute(
        "UPDATE ticket SET is_repeat = 1, repeat_of = ? WHERE ticket_no = ?",
        (repeat_of, ticket_no),
    )


def read_tickets(
    connection: sqlite3.Connection, *, status: str = "", limit: int = 50, before: str = ""
) -> list[Ticket]:
    """Tickets, newest accepted first; ``before`` is the ticket number the last page ended with."""
    clauses, values = ["1 = 1"], []
    if status:
        clauses.append("status = ?")
        values.append(status)
    if before:
        clauses.append(
            "(accepted_at, ticket_no) <"
            " (SELECT accepted_at, ticket_no FROM ticket WHERE ticket_no = ?)"
        )
        values.append(before)
    rows = connection.execute(
        f"SELECT * FROM ticket WHERE {' AND '.join(clauses)}"
        " ORDER BY accepted_at DESC, ticket_no DESC LIMIT ?",
        (*values, limit),
    )
    return [parse_row(row, Ticket) for row in rows]


def read_ticket_nos(connection: sqlite3.Connection) -> list[str]:
    """Numbers of all tickets, in order."""
    rows = connection.execute("SELECT ticket_no FROM ticket ORDER BY ticket_no")
    return [number for (number,) in rows]


_OF_OUTCOME = {
    "state": "coalesce(ticket_outcome.state, 'pending')",
    "reason": "coalesce(ticket_outcome.reason, '')",
}
_RESOLVED_COLUMNS = ", ".join(
    _OF_OUTCOME.get(field.name, f"ticket.{field.name}") for field in fields(ResolvedTicket)
)
_RESOLVED = (
    f"SELECT {_RESOLVED_COLUMNS} FROM ticket"
    " LEFT JOIN ticket_outcome ON ticket_outcome.ticket_no = ticket.ticket_no"
    " AND ticket_outcome.closing = ticket.closings - 1"
    " WHERE ticket.status = 'closed' AND ticket.resolution <> ''"
)


def read_resolved(
    connection: sqlite3.Connection, ticket_nos: Collection[str]
) -> list[ResolvedTicket]:
    """The closed ones among ``ticket_nos`` with the outcome of their last closing."""
    rows = connection.execute(
        f"{_RESOLVED} AND ticket.ticket_no IN ({placeholders(ticket_nos)})", tuple(ticket_nos)
    )
    return [ResolvedTicket(*(*values, bool(is_sample))) for *values, is_sample in rows]


def recent_of_number(
    connection: sqlite3.Connection,
    number_hash: str,
    *,
    since: str,
    until: str,
    but: str = "",
    limit: int,
) -> tuple[list[Ticket], int]:
    """Tickets of one number taken in by ``until``, still open or closed since an instant.

    The newest ``limit``, and how many there are in all.
    """
    rows = connection.execute(
        "SELECT *, count(*) OVER () AS in_window FROM ticket"
        " WHERE number_hash = ? AND number_hash <> '' AND ticket_no <> ?"
        " AND accepted_at <= ? AND (closed_at IS NULL OR closed_at >= ?)"
        " ORDER BY accepted_at DESC, ticket_no DESC LIMIT ?",
        (number_hash, but, until, since, limit),
    ).fetchall()
    count = int(rows[0]["in_window"]) if rows else 0
    return [parse_row(row, Ticket) for row in rows], count


def next_ticket_no(connection: sqlite3.Connection, *, day: str) -> str:
    """The next free number: TS, the day (YYYYMMDD), six digits.

    The letters keep it from being masked. The range lets the primary key answer at once.
    """
    row = connection.execute(
        "SELECT ticket_no FROM main.ticket WHERE ticket_no BETWEEN ? AND ? AND ticket_no GLOB ?"
        " ORDER BY ticket_no DESC LIMIT 1",
        (f"TS{day}000000", f"TS{day}999999", f"TS{day}" + "[0-9]" * 6),
    ).fetchone()
    serial = int(row["ticket_no"][-6:]) + 1 if row else 1
    if serial > 999_999:
        raise TicketConflict("当日工单号已用完", field="ticket_no")
    return f"TS{day}{serial:06d}"


def add_event(
    connection: sqlite3.Connection,
    ticket: Ticket,
    action: str,
    *,
    agent: str,
    now: datetime,
    detail: str = "",
) -> None:
    """Write down one thing that happened to a ticket."""
    connection.execute(
        "INSERT INTO ticket_event (ticket_no, at, action, agent, closing, detail)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (ticket.ticket_no, format_instant(now), action, agent, ticket.closings, detail),
    )


def read_events(connection: sqlite3.Connection, ticket_no: str) -> list[TicketEvent]:
    """The ticket's history, oldest first."""
    rows = connection.execute(
        "SELECT * FROM ticket_event WHERE ticket_no = ? ORDER BY seq", (ticket_no,)
    )
    return [parse_row(row, TicketEvent) for row in rows]


def count_unanswered(connection: sqlite3.Connection, ticket: Ticket) -> int:
    """Calls after the ticket's last closing that nobody took."""
    row = connection.execute(
        "SELECT count(*) AS size FROM ticket_event"
        " WHERE ticket_no = ? AND closing = ? AND action = 'callback_no_answer'",
        (ticket.ticket_no, ticket.closings),
    ).fetchone()
    return int(row["size"])


def solution_outcomes(
    connection: sqlite3.Connection, target_ids: Collection[str]
) -> dict[str, tuple[int, int]]:
    """For each target that was a solution: closings that stayed closed, closings settled."""
    rows = connection.execute(
        "SELECT target_id, sum(state = 'stayed_closed') AS stayed, count(*) AS total"
        " FROM ticket_knowledge_link JOIN ticket_outcome USING (ticket_no, closing)"
        " WHERE knowledge_usage = 'solution' AND state <> 'pending'"
        f" AND target_id IN ({placeholders(target_ids)}) GROUP BY target_id",
        tuple(target_ids),
    )
    return {row["target_id"]: (row["stayed"], row["total"]) for row in rows}


def read_proven_articles(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """(what was said, article) of each closing that stayed closed with the article as solution.

    What was done in training sessions proves nothing.
    """
    rows = connection.execute(
        "SELECT ticket.title, ticket.description, ticket_knowledge_link.target_id"
        " FROM ticket_knowledge_link JOIN ticket_outcome USING (ticket_no, closing)"
        " JOIN ticket USING (ticket_no)"
        " LEFT JOIN impression ON impression.id = ticket_knowledge_link.impression_id"
        " LEFT JOIN suggestion_session AS session ON session.id = impression.session_id"
        " WHERE knowledge_usage = 'solution' AND state = 'stayed_closed'"
        " AND NOT coalesce(session.is_training, 0)"
        " AND ticket_knowledge_link.target_type IN ('article', 'procedure')"
        " ORDER BY ticket.ticket_no, closing"
    )
    return [
        ("\n".join(filter(None, (row["title"], row["description"]))), row["target_id"])
        for row in rows
    ]
