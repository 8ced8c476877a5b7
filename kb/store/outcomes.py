"""What became of closings, and the trace of every change of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from kb.store.rows import insert, parse_row, row_values
from kb.ticket import Outcome
from kb.times import format_instant


@dataclass(frozen=True)
class OutcomeChange:
    """One change of an outcome's state. ``at``: when it was learnt; ``happened_at``: when it came
    about. ``from_state`` is empty when the closing had just been made."""

    seq: int
    ticket_no: str
    closing: int
    from_state: str
    to_state: str
    reason: str
    at: str
    happened_at: str


def save_outcome(
    connection: sqlite3.Connection,
    outcome: Outcome,
    *,
    now: datetime,
    happened: datetime | None = None,
) -> None:
    """Write what became of one closing; a change of its state is traced.

    ``happened``: when the fact behind it came about, if that was not ``now``.
    """
    before = read_outcome(connection, outcome.ticket_no, outcome.closing)
    insert(connection, "ticket_outcome", row_values(outcome), replace=True)
    known = before.state if before else ""
    if known == outcome.state:
        return
    values = {
        "ticket_no": outcome.ticket_no,
        "closing": outcome.closing,
        "from_state": known,
        "to_state": outcome.state,
        "reason": outcome.reason,
        "at": format_instant(now),
        "happened_at": format_instant(happened or now),
    }
    insert(connection, "outcome_trace", values)


def read_outcome(connection: sqlite3.Connection, ticket_no: str, closing: int) -> Outcome | None:
    """The outcome of one closing, None when there was no such closing."""
    row = connection.execute(
        "SELECT * FROM ticket_outcome WHERE ticket_no = ? AND closing = ?", (ticket_no, closing)
    ).fetchone()
    return parse_row(row, Outcome) if row else None


def read_outcomes(connection: sqlite3.Connection, ticket_no: str) -> list[Outcome]:
    """The outcome of each closing, in order."""
    rows = connection.execute(
        "SELECT * FROM ticket_outcome WHERE ticket_no = ? ORDER BY closing", (ticket_no,)
    )
    return [parse_row(row, Outcome) for row in rows]


def read_pending(connection: sqlite3.Connection, *, closed_before: str, most: int) -> list[Outcome]:
    """Up to ``most`` outcomes still open of closings made before an instant, oldest first."""
    rows = connection.execute(
        "SELECT * FROM ticket_outcome WHERE state = 'pending' AND closed_at < ?"
        " ORDER BY closed_at, ticket_no LIMIT ?",
        (closed_before, most),
    )
    return [parse_row(row, Outcome) for row in rows]


def read_trace(connection: sqlite3.Connection, ticket_no: str) -> list[OutcomeChange]:
    """Every change of the outcomes of a ticket, in the order they were learnt."""
    rows = connection.execute(
        "SELECT * FROM outcome_trace WHERE ticket_no = ? ORDER BY seq", (ticket_no,)
    )
    return [parse_row(row, OutcomeChange) for row in rows]
