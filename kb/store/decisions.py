"""What agents decided about a whole session: nothing fitted, or the handbook has a gap."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kb.errors import DecisionNotFound
from kb.store.rows import insert, parse_row, row_values


@dataclass(frozen=True)
class Decision:
    """A decision on a session; one taken back (``undone_at``) counts nowhere."""

    id: str
    session_id: str
    decision: str
    at: str
    agent: str
    comment: str
    undone_at: str | None = None


def add_decision(connection: sqlite3.Connection, decision: Decision) -> None:
    """Keep a decision."""
    insert(connection, "session_decision", row_values(decision))


def read_decision(connection: sqlite3.Connection, decision_id: str) -> Decision:
    """One decision, taken back or not; raise DecisionNotFound."""
    row = connection.execute(
        "SELECT * FROM session_decision WHERE id = ?", (decision_id,)
    ).fetchone()
    if row is None:
        raise DecisionNotFound(decision_id, field="decision_id")
    return parse_row(row, Decision)


def read_decisions(connection: sqlite3.Connection, session_id: str) -> list[Decision]:
    """The decisions on a session that count, oldest first."""
    rows = connection.execute(
        "SELECT * FROM session_decision WHERE session_id = ? AND undone_at IS NULL"
        " ORDER BY at, rowid",
        (session_id,),
    )
    return [parse_row(row, Decision) for row in rows]


def undo_decision(connection: sqlite3.Connection, decision_id: str, *, at: str) -> None:
    """Let a decision count no more."""
    connection.execute(
        "UPDATE session_decision SET undone_at = ? WHERE id = ? AND undone_at IS NULL",
        (at, decision_id),
    )
