"""Tickets by queue: the list, page by page, and how many stand in each."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kb.queues import QUEUES
from kb.store.rows import parse_row
from kb.ticket import Ticket
from kb.times import format_instant

NEVER = "9999"
"""Sorts after every instant."""
QUEUE_SQL: Mapping[str, str] = {
    "waiting": "status = 'open' AND assignee = '' AND dispatched_at IS NULL",
    "working": "status = 'open' AND (assignee <> '' OR dispatched_at IS NOT NULL)",
    "callback": "status = 'closed' AND callback_due IS NOT NULL",
    "archived": "status = 'closed' AND callback_due IS NULL",
}
"""Over ``ticket``: does it stand in the queue (``kb.queues.queue_of`` is the same rule)."""
_ORDER: Mapping[str, tuple[str, str]] = {
    "waiting": (f"coalesce(due_at, '{NEVER}')", ""),
    "working": (f"coalesce(due_at, '{NEVER}')", ""),
    "callback": ("callback_due", ""),
    "archived": ("coalesce(closed_at, '')", " DESC"),
}
"""What a queue is sorted by: the earliest due first, what is filed away newest first."""


@dataclass(frozen=True)
class QueueFilter:
    """Which tickets of a queue; "" means any. ``category``: a class of any level."""

    queue: str
    assignee: str = ""
    category: str = ""
    department: str = ""

    def clauses(self) -> tuple[str, dict[str, object]]:
        """The condition over ``ticket`` and its values."""
        parts = [QUEUE_SQL[self.queue]]
        values: dict[str, object] = {}
        if self.assignee:
            parts.append("assignee = :assignee")
            values["assignee"] = self.assignee
        if self.category:
            parts.append("substr(category, 1, :digits) = :category")
            values |= {"category": self.category, "digits": len(self.category)}
        if self.department:
            parts.append("responsible_dept = :department")
            values["department"] = self.department
        return " AND ".join(parts), values


@dataclass(frozen=True)
class QueueCount:
    """How many tickets stand in a queue, and how many of them are overdue."""

    queue: str
    tickets: int
    late: int


def read_queue(
    connection: sqlite3.Connection, wanted: QueueFilter, *, after: str = "", limit: int = 50
) -> list[Ticket]:
    """Tickets of a queue in its order; ``after``: number of the ticket the last page ended with."""
    clauses, values = wanted.clauses()
    key, direction = _ORDER[wanted.queue]
    if after:
        sign = "<" if direction else ">"
        clauses += (
            f" AND ({key}, ticket_no) {sign}"
            f" (SELECT {key}, ticket_no FROM ticket WHERE ticket_no = :after)"
        )
    rows = connection.execute(
        f"SELECT * FROM ticket WHERE {clauses}"
        f" ORDER BY {key}{direction}, ticket_no{direction} LIMIT :limit",
        {**values, "after": after, "limit": limit},
    )
    return [parse_row(row, Ticket) for row in rows]


def count_queues(
    connection: sqlite3.Connection, *, assignee: str = "", now: datetime
) -> dict[str, QueueCount]:
    """How many tickets stand in each queue; of one agent when ``assignee`` is given."""
    counts = {}
    for queue in QUEUES:
        clauses, values = QueueFilter(queue, assignee=assignee).clauses()
        due = "due_at" if queue in ("waiting", "working") else "callback_due"
        row = connection.execute(
            f"SELECT count(*) AS tickets, coalesce(sum({due} < :now), 0) AS late"
            f" FROM ticket WHERE {clauses}",
            {**values, "now": format_instant(now)},
        ).fetchone()
        counts[queue] = parse_row({**dict(row), "queue": queue}, QueueCount)  # type: ignore[arg-type]
    return counts


def departments(connection: sqlite3.Connection) -> list[str]:
    """Departments that answer for a class, or for an open ticket."""
    rows = connection.execute(
        "SELECT responsible_dept AS name FROM category WHERE responsible_dept <> ''"
        " UNION SELECT responsible_dept FROM ticket"
        " WHERE status = 'open' AND responsible_dept <> '' ORDER BY name"
    )
    return [row["name"] for row in rows]
