"""Drills: which tickets may be one, what was shown, answered and graded; what classes cost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from kb.errors import DrillNotFound
from kb.practice.choosing import Tally
from kb.practice.drill import DrillAnswer, Grade, total_credit
from kb.practice.mastery import Attempt
from kb.store.rows import insert, parse_row
from kb.times import format_instant, parse_instant

_ELIGIBLE = (
    "FROM ticket JOIN ticket_outcome AS outcome ON outcome.ticket_no = ticket.ticket_no"
    " AND outcome.closing = ticket.closings - 1"
    " WHERE ticket.status = 'closed' AND ticket.none_fit = 0 AND outcome.state <> 'pending'"
    " AND ticket.resolution <> '' AND ticket.description <> '' AND length(ticket.category) = 6"
    " AND ticket.assignee <> :agent AND NOT EXISTS (SELECT 1 FROM ticket_event AS event"
    " WHERE event.ticket_no = ticket.ticket_no AND event.agent = :agent)"
)
"""Settled tickets that closed with something, none of which the learner ever touched."""


@dataclass(frozen=True)
class Drill:
    """One case shown to a learner. ``credit`` is None until it is answered."""

    id: str
    agent: str
    ticket_no: str
    closing: int
    category: str
    reason: str
    shown_at: str
    answered_at: str | None
    answer: str
    grades: str
    credit: float | None

    @property
    def given(self) -> DrillAnswer:
        """What the learner answered."""
        values = json.loads(self.answer)
        return DrillAnswer(**{**values, "said": tuple(values["said"])})

    @property
    def graded(self) -> tuple[Grade, ...]:
        """The credit of each step."""
        return tuple(Grade(**each) for each in json.loads(self.grades or "[]"))


@dataclass(frozen=True)
class PoolCase:
    """A ticket that may be drilled."""

    ticket_no: str
    closing: int


def read_pool_classes(connection: sqlite3.Connection, agent: str) -> list[str]:
    """The classes that have a case for the learner."""
    rows = connection.execute(
        f"SELECT DISTINCT ticket.category {_ELIGIBLE} ORDER BY 1", {"agent": agent}
    )
    return [row["category"] for row in rows]


def find_case(connection: sqlite3.Connection, agent: str, category: str) -> PoolCase | None:
    """The class's case the learner has done least, real tickets before samples."""
    row = connection.execute(
        f"SELECT ticket.ticket_no, outcome.closing {_ELIGIBLE} AND ticket.category = :category"
        " ORDER BY (SELECT count(*) FROM drill WHERE drill.agent = :agent"
        " AND drill.ticket_no = ticket.ticket_no), ticket.is_sample, ticket.closed_at DESC,"
        " ticket.ticket_no LIMIT 1",
        {"agent": agent, "category": category},
    ).fetchone()
    return parse_row(row, PoolCase) if row else None


def is_eligible(connection: sqlite3.Connection, agent: str, ticket_no: str) -> bool:
    """Whether a ticket may still be drilled by the learner."""
    row = connection.execute(
        f"SELECT 1 {_ELIGIBLE} AND ticket.ticket_no = :ticket_no",
        {"agent": agent, "ticket_no": ticket_no},
    ).fetchone()
    return row is not None


def add_drill(connection: sqlite3.Connection, drill: Drill) -> None:
    """Keep a case as shown."""
    insert(connection, "drill", asdict(drill))


def drop_open(connection: sqlite3.Connection, drill_id: str) -> None:
    """Forget a case that was shown and never answered."""
    connection.execute("DELETE FROM drill WHERE id = ? AND answered_at IS NULL", (drill_id,))


def find_open(connection: sqlite3.Connection, agent: str) -> Drill | None:
    """The case the learner has not answered yet, be its ticket hidden from them by now."""
    row = connection.execute(
        "SELECT * FROM main.drill WHERE agent = ? AND answered_at IS NULL", (agent,)
    ).fetchone()
    return parse_row(row, Drill) if row else None


def read_drill(connection: sqlite3.Connection, drill_id: str, *, agent: str) -> Drill:
    """One case of the learner's own; raise DrillNotFound."""
    row = connection.execute(
        "SELECT * FROM drill WHERE id = ? AND agent = ?", (drill_id, agent)
    ).fetchone()
    if row is None:
        raise DrillNotFound(drill_id, field="drill_id")
    return parse_row(row, Drill)


def save_answer(
    connection: sqlite3.Connection,
    drill_id: str,
    answer: DrillAnswer,
    grades: Iterable[Grade],
    *,
    now: datetime,
) -> None:
    """Keep what was answered, once, with its grades."""
    found = list(grades)
    connection.execute(
        "UPDATE drill SET answered_at = ?, answer = ?, grades = ?, credit = ?"
        " WHERE id = ? AND answered_at IS NULL",
        (
            format_instant(now),
            json.dumps(asdict(answer), ensure_ascii=False),
            json.dumps([asdict(each) for each in found]),
            total_credit(found),
            drill_id,
        ),
    )


def read_answered(
    connection: sqlite3.Connection, agent: str, *, most: int | None = None
) -> list[Drill]:
    """The cases the learner has answered, the newest first."""
    rows = connection.execute(
        "SELECT * FROM drill WHERE agent = ? AND answered_at IS NOT NULL"
        " ORDER BY answered_at DESC, rowid DESC LIMIT ?",
        (agent, -1 if most is None else most),
    )
    return [parse_row(row, Drill) for row in rows]


def read_attempts(connection: sqlite3.Connection, agent: str) -> list[Attempt]:
    """The credits of a learner's cases, oldest first."""
    rows = connection.execute(
        "SELECT category, credit, answered_at FROM drill"
        " WHERE agent = ? AND answered_at IS NOT NULL ORDER BY answered_at, rowid",
        (agent,),
    )
    return [
        Attempt(row["category"], row["credit"], parse_instant(row["answered_at"], field="at"))
        for row in rows
    ]


def read_tallies(connection: sqlite3.Connection) -> list[Tally]:
    """What happened to the desk's own tickets, by class."""
    rows = connection.execute(
        "SELECT category, count(*) AS tickets, coalesce(sum(EXISTS (SELECT 1 FROM ticket_outcome"
        " AS outcome WHERE outcome.ticket_no = ticket.ticket_no AND state = 'came_back')), 0)"
        " AS came_back, sum(escalated) AS escalated, sum(overdue) AS overdue"
        " FROM ticket WHERE is_sample = 0 AND category <> '' GROUP BY category"
    )
    return [parse_row(row, Tally) for row in rows]


def read_held_fixes(connection: sqlite3.Connection, category: str, *, most: int) -> list[str]:
    """The ways of fixing that held most often in a class."""
    rows = connection.execute(
        "SELECT fix FROM ticket JOIN ticket_outcome AS outcome"
        " ON outcome.ticket_no = ticket.ticket_no AND outcome.closing = ticket.closings - 1"
        " WHERE category = ? AND fix <> '' AND state = 'stayed_closed'"
        " GROUP BY fix ORDER BY count(*) DESC, fix LIMIT ?",
        (category, most),
    )
    return [row["fix"] for row in rows]


def read_learners(connection: sqlite3.Connection) -> list[str]:
    """Everybody who has practised or been given the path, by name."""
    rows = connection.execute(
        "SELECT agent FROM card_review UNION SELECT agent FROM drill"
        " UNION SELECT agent FROM path_learner UNION SELECT agent FROM path_read ORDER BY 1"
    )
    return [row["agent"] for row in rows]
