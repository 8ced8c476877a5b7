"""The queues a ticket passes through, from taking in to filing away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kb.ticket import Ticket
from kb.times import format_instant

QUEUES: Mapping[str, str] = {
    "waiting": "待受理",
    "working": "处理中",
    "callback": "待回访",
    "archived": "已归档",
}
FIRST_CALL = timedelta(hours=24)
SECOND_CALL = timedelta(hours=48)
"""How long after the answer the customer is called, and how long after a call nobody took: the
operator's own standard (handbook S34)."""
MOST_CALLS = 2


def queue_of(ticket: Ticket) -> str:
    """Name of the queue a ticket stands in (``QUEUE_SQL`` is the same rule)."""
    if ticket.status == "open":
        return "working" if ticket.assignee or ticket.dispatched_at else "waiting"
    return "callback" if ticket.callback_due else "archived"


def due_of(ticket: Ticket) -> str | None:
    """By when the next step is due: the answer of an open ticket, the call after a closing."""
    return ticket.due_at if ticket.status == "open" else ticket.callback_due


def is_late(ticket: Ticket, *, now: datetime) -> bool:
    """Whether the next step is overdue."""
    due = due_of(ticket)
    return due is not None and due < format_instant(now)


def plan_next_call(*, reached: bool, tried: int, now: datetime) -> str | None:
    """When to call again: within two days after the first call nobody took, then not any more.

    ``tried``: calls for this closing that nobody took, this one counted.
    """
    if reached or tried >= MOST_CALLS:
        return None
    return format_instant(now + SECOND_CALL)
