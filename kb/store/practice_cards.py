"""Grades given to cards: only ever added to, an undo is a row of its own."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from datetime import date, datetime, timedelta

from kb.practice.scheduling import Review
from kb.store.rows import insert, parse_row
from kb.times import format_instant

_IN_FORCE = (
    "rating IS NOT NULL AND NOT EXISTS (SELECT 1 FROM card_review AS undo"
    " WHERE undo.undoes = card_review.seq)"
)


def add_review(connection: sqlite3.Connection, agent: str, review: Review) -> int:
    """Add a grade; return its number."""
    values = asdict(review)
    del values["seq"]
    insert(connection, "card_review", {"agent": agent, **values})
    return _last_number(connection)


def add_undo(connection: sqlite3.Connection, agent: str, review: Review, *, now: datetime) -> int:
    """Add a row that takes a grade back; return its number."""
    values = {
        "agent": agent,
        "card_id": review.card_id,
        "at": format_instant(now),
        "undoes": review.seq,
        "fact": review.fact,
        "phase": review.phase,
        "due_at": review.due_at,
    }
    insert(connection, "card_review", values)
    return _last_number(connection)


def read_newest(connection: sqlite3.Connection, agent: str) -> dict[str, Review]:
    """The grade in force of each card the agent has graded."""
    rows = connection.execute(
        f"SELECT *, max(seq) FROM card_review WHERE agent = ? AND {_IN_FORCE} GROUP BY card_id",
        (agent,),
    )
    return {row["card_id"]: parse_row(row, Review) for row in rows}


def find_last(connection: sqlite3.Connection, agent: str) -> Review | None:
    """The agent's newest grade in force, of whatever card."""
    row = connection.execute(
        f"SELECT * FROM card_review WHERE agent = ? AND {_IN_FORCE} ORDER BY seq DESC LIMIT 1",
        (agent,),
    ).fetchone()
    return parse_row(row, Review) if row else None


def count_first(connection: sqlite3.Connection, agent: str, *, on: date) -> int:
    """Cards whose first grade in force was given on the day."""
    row = connection.execute(
        "SELECT count(*) AS cards FROM (SELECT min(at) AS first FROM card_review"
        f" WHERE agent = ? AND {_IN_FORCE} GROUP BY card_id) WHERE first >= ? AND first < ?",
        (agent, on.isoformat(), (on + timedelta(days=1)).isoformat()),
    ).fetchone()
    return int(row["cards"])


def count_by_day(connection: sqlite3.Connection, agent: str, *, on: date) -> tuple[int, int]:
    """Grades in force of the day, and those of them that were 忘了."""
    row = connection.execute(
        "SELECT count(*) AS given, coalesce(sum(rating = 1), 0) AS missed FROM card_review"
        f" WHERE agent = ? AND {_IN_FORCE} AND at >= ? AND at < ?",
        (agent, on.isoformat(), (on + timedelta(days=1)).isoformat()),
    ).fetchone()
    return int(row["given"]), int(row["missed"])


def _last_number(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT last_insert_rowid() AS seq").fetchone()["seq"])
