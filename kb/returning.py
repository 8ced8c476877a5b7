"""What comes after a closing: whether it stayed closed within the repeat window, or came back.

An outcome is pending until the window has passed. A fact counts by the day it came about, not by
the day it was learnt: one from within the window turns even a settled closing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from kb.store import outcomes, tickets
from kb.ticket import Outcome, Ticket
from kb.times import format_instant, parse_instant


def plan_return(
    before: Outcome, reason: str, *, happened: datetime, now: datetime, repeat_days: int
) -> Outcome:
    """The outcome of a closing once it is known that the customer was back at ``happened``.

    Within the window it came back, whenever that is learnt; what had come back already keeps its
    first reason. After the window the closing is final: it held, or what was known of it.
    """
    if before.state == "came_back":
        return before
    at = format_instant(now)
    if happened <= _closed(before) + timedelta(days=repeat_days):
        return replace(before, state="came_back", reason=reason, settled_at=at)
    if before.state == "pending":
        return replace(before, state="stayed_closed", settled_at=at)
    return before


def closing_before(known: Iterable[Outcome], happened: datetime) -> Outcome | None:
    """The closing that something at ``happened`` came after; None when it came before them all."""
    earlier = [each for each in known if each.closed_at and _closed(each) <= happened]
    return max(earlier, key=lambda each: each.closing, default=None)


def note_return(
    connection: sqlite3.Connection,
    ticket: Ticket,
    reason: str,
    *,
    repeat_days: int,
    agent: str,
    happened: datetime,
    now: datetime,
) -> None:
    """Write down that the customer was back.

    Before the first closing that says nothing, and of one that came back already nothing new.
    """
    known = outcomes.read_outcomes(connection, ticket.ticket_no)
    before = closing_before(known, happened)
    if before is None or before.state == "came_back":
        return
    after = plan_return(before, reason, happened=happened, now=now, repeat_days=repeat_days)
    outcomes.save_outcome(connection, after, now=now, happened=happened)
    action = "came_back" if after.state == "came_back" else "returned_late"
    detail = f"{before.closing} {reason}"
    tickets.add_event(connection, ticket, action, agent=agent, now=now, detail=detail)


def settle_quiet(
    connection: sqlite3.Connection, *, repeat_days: int, most: int, now: datetime
) -> int:
    """Settle up to ``most`` closings whose window has passed quietly; return how many."""
    edge = format_instant(now - timedelta(days=repeat_days))
    quiet = outcomes.read_pending(connection, closed_before=edge, most=most)
    for outcome in quiet:
        settled = replace(outcome, state="stayed_closed", settled_at=format_instant(now))
        outcomes.save_outcome(connection, settled, now=now)
    return len(quiet)


def _closed(outcome: Outcome) -> datetime:
    return parse_instant(outcome.closed_at or "", field="closed_at")
