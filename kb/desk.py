"""What an agent does with a ticket, each as one transaction: from taking in to calling back.

A closing has a number: 0 is the first. Links made before a closing belong to it, and at most one of
them is its solution. Its outcome stays pending until the repeat window has passed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from kb.database import Database
from kb.errors import InvalidInput, StaleVersion, TicketConflict
from kb.intake import (
    MASKED_FIELDS,
    check_ticket,
    classify_ticket,
    give_class,
    mask_ticket,
    never_mask,
    prepare_ticket,
)
from kb.linking import Target, add_link, drop_link, drop_solution, find_link, solution_of
from kb.masking import mask_text
from kb.queues import FIRST_CALL, plan_next_call
from kb.recording import decide
from kb.returning import note_return, settle_quiet
from kb.store import outcomes, sessions, tickets
from kb.ticket import Link, Outcome, Ticket
from kb.times import format_instant, parse_instant

FindRepeat = Callable[[Ticket], str | None]
"""Given a ticket about to be kept, the number of the earlier one it repeats."""
SETTLED_AT_ONCE = 500
"""Outcomes settled in one transaction: agents who write wait no longer than that."""
CHANGEABLE = frozenset(
    {*MASKED_FIELDS, "channel", "area", "category", "urgency", "responsible_dept", "escalated"}
)


@dataclass(frozen=True)
class Closing:
    """How a ticket was closed. ``none_fit``: nothing suggested was of use."""

    resolution: str
    root_cause: str = ""
    fix: str = ""
    solution: Target | None = None
    none_fit: bool = False
    satisfaction: int | None = None


class Desk:
    """The ticket operations over one database. Each takes the agent's name and the instant."""

    def __init__(self, database: Database, *, repeat_days: int) -> None:
        """``repeat_days``: the window after a closing in which a return counts."""
        self.database = database
        self.repeat_days = repeat_days

    def create(
        self,
        ticket: Ticket,
        *,
        number: str = "",
        find_repeat: FindRepeat | None = None,
        agent: str,
        now: datetime,
    ) -> Ticket:
        """Take in a complaint: masks it, numbers it, sets its class's department and due time.

        ``number``: the caller's full phone number; only its mask and keyed hash are kept.
        ``find_repeat`` names the ticket that a new one repeats; an agent's own word goes before it.
        """
        with self.database.transaction() as connection:
            ticket = prepare_ticket(connection, ticket, number=number)
            ticket = _with_repeat(ticket, find_repeat)
            self._check_new(connection, ticket)
            self._check_bounds(ticket)
            tickets.add_ticket(connection, ticket, now=now)
            tickets.add_event(connection, ticket, "created", agent=agent, now=now)
            if ticket.repeat_of:
                self._mark_repeated(connection, ticket, agent=agent, now=now)
        return ticket

    @staticmethod
    def _check_new(connection: sqlite3.Connection, ticket: Ticket) -> None:
        if tickets.is_taken(connection, ticket.ticket_no):
            raise TicketConflict("已有这个工单号", field="ticket_no")
        if ticket.repeat_of and not tickets.has_ticket(connection, ticket.repeat_of):
            raise InvalidInput(f"没有工单 {ticket.repeat_of}", field="repeat_of")

    def _check_bounds(self, ticket: Ticket) -> None:
        """Nobody puts a ticket where they could not see it any more."""
        bounds = self.database.bounds
        if bounds is not None:
            bounds.check_region(ticket.region)

    def _mark_repeated(
        self, connection: sqlite3.Connection, ticket: Ticket, *, agent: str, now: datetime
    ) -> None:
        earlier = tickets.read_ticket(connection, ticket.repeat_of or "")
        if earlier.status != "closed":
            return
        happened = parse_instant(ticket.accepted_at, field="accepted_at")
        self._came_back(connection, earlier, "repeat", agent=agent, happened=happened, now=now)

    def update(
        self,
        ticket_no: str,
        changes: dict[str, object],
        *,
        version: int | None,
        agent: str,
        now: datetime,
    ) -> Ticket:
        """Change fields of an open ticket; raise StaleVersion if it is past ``version``."""
        for name in changes:
            if name not in CHANGEABLE:
                raise InvalidInput("不能修改这一项", field=name)
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if version is not None and version != ticket.version:
                raise StaleVersion(f"现为第 {ticket.version} 版", field="version")
            if ticket.status != "open":
                raise TicketConflict("已办结的工单要先重开才能修改", field="status")
            if changes.get("resolution") == ticket.resolution:
                # it may stand in the file with words that are hidden from who sends it back
                changes = {name: each for name, each in changes.items() if name != "resolution"}
            merged = replace(ticket, **changes)  # type: ignore[arg-type]
            if "category" in changes and changes["category"] != ticket.category:
                merged = replace(
                    give_class(connection, merged),
                    urgency=str(changes.get("urgency") or ""),
                    responsible_dept=str(changes.get("responsible_dept") or ""),
                )
            merged = mask_ticket(merged, never=never_mask(connection))
            check_ticket(merged)
            self._check_bounds(merged)
            merged = classify_ticket(connection, merged)
            values = {
                name: getattr(merged, name)
                for name in (*changes, "urgency", "responsible_dept", "due_at")
            }
            tickets.update_ticket(connection, ticket_no, values, now=now)
            tickets.add_event(
                connection, ticket, "updated", agent=agent, now=now, detail=",".join(changes)
            )
            return tickets.read_ticket(connection, ticket_no)

    def link(
        self, ticket_no: str, target: Target, usage: str, *, agent: str, now: datetime
    ) -> Link:
        """Tie knowledge to a ticket; a second solution for the same closing is refused."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status != "open":
                raise TicketConflict("工单已办结，不能再关联", field="ticket_no")
            return add_link(connection, ticket, target, usage, agent=agent, now=now)

    def unlink(
        self, ticket_no: str, target: tuple[str, str], usage: str, *, agent: str, now: datetime
    ) -> Link:
        """Take back a link of the closing to come, by (type, id) of what it points at."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status != "open":
                raise TicketConflict("工单已办结，不能再撤销关联", field="ticket_no")
            link = find_link(connection, ticket, target, usage)
            drop_link(connection, ticket, link, agent=agent, now=now)
            return link

    def withdraw_solution(self, ticket_no: str, *, agent: str, now: datetime) -> None:
        """Take back the solution marked for the closing to come; nothing if there is none."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status == "open":
                drop_solution(connection, ticket, agent=agent, now=now)

    def close(self, ticket_no: str, closing: Closing, *, agent: str, now: datetime) -> Ticket:
        """Close with a knowledge decision: one solution (given now or before), or none fits."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            self._check_closing(connection, ticket, closing)
            if closing.solution:
                drop_solution(connection, ticket, agent=agent, now=now)
                link = add_link(
                    connection, ticket, closing.solution, "solution", agent=agent, now=now
                )
                closing = _named_fix(connection, closing, link)
            never = never_mask(connection)
            number = ticket.closings + 1
            at = format_instant(now)
            values = {
                "status": "closed",
                "resolution": mask_text(closing.resolution.strip(), never=never),
                "root_cause": mask_text(closing.root_cause.strip(), never=never)
                or ticket.root_cause,
                "fix": mask_text(closing.fix.strip(), never=never) or ticket.fix,
                "closed_at": at,
                "satisfaction": closing.satisfaction,
                "none_fit": closing.none_fit,
                "overdue": bool(ticket.due_at and at > ticket.due_at),
                "closings": number,
                "callback_result": "",
                "callback_due": format_instant(now + FIRST_CALL),
            }
            tickets.update_ticket(connection, ticket_no, values, now=now)
            pending = Outcome(ticket_no, ticket.closings, "pending", "", None, at)
            outcomes.save_outcome(connection, pending, now=now)
            if closing.none_fit:
                self._decide_none_fit(connection, ticket_no, agent=agent, now=now)
            detail = "none_fit" if closing.none_fit else "solution"
            tickets.add_event(connection, ticket, "closed", agent=agent, now=now, detail=detail)
            return tickets.read_ticket(connection, ticket_no)

    @staticmethod
    def _decide_none_fit(
        connection: sqlite3.Connection, ticket_no: str, *, agent: str, now: datetime
    ) -> None:
        """Closed with nothing that fitted: that is a decision on what was shown last."""
        shown = sessions.read_sessions_of(connection, ticket_no)
        if shown:
            decide(connection, shown[-1].id, "none_fit", agent=agent, now=now)

    def _check_closing(
        self, connection: sqlite3.Connection, ticket: Ticket, closing: Closing
    ) -> None:
        if ticket.status != "open":
            raise TicketConflict("工单已经办结", field="ticket_no")
        if not closing.resolution.strip():
            raise InvalidInput("办结要写处理结果", field="resolution")
        if closing.satisfaction is not None and not 1 <= closing.satisfaction <= 10:
            raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
        linked = solution_of(connection, ticket) is not None
        if closing.none_fit and (closing.solution or linked):
            raise InvalidInput("选了解决方案就不能同时选「都不适用」", field="none_fit")
        if not (closing.none_fit or closing.solution or linked):
            raise InvalidInput("办结前请选出解决问题的一条，或选「都不适用」", field="solution")

    def reopen(self, ticket_no: str, *, reason: str, agent: str, now: datetime) -> Ticket:
        """Open a closed ticket again: its last closing came back."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status != "closed":
                raise TicketConflict("只有已办结的工单能重开", field="ticket_no")
            self._came_back(connection, ticket, "reopened", agent=agent, happened=now, now=now)
            values = {
                "status": "open",
                "reopened": ticket.reopened + 1,
                "closed_at": None,
                "dispatched_at": None,
                "callback_due": None,
            }
            tickets.update_ticket(connection, ticket_no, values, now=now)
            detail = mask_text(reason.strip(), never=never_mask(connection))
            tickets.add_event(connection, ticket, "reopened", agent=agent, now=now, detail=detail)
            return tickets.read_ticket(connection, ticket_no)

    def escalate(
        self, ticket_no: str, *, reason: str, happened: datetime | None, agent: str, now: datetime
    ) -> Ticket:
        """Note that a complaint went over the desk's head; a closing it came after came back.

        ``happened``: when it did, if that is learnt later.
        """
        happened = _happened(happened, now=now, field="escalated_at")
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if happened < parse_instant(ticket.accepted_at, field="accepted_at"):
                raise InvalidInput("早于受理时间", field="escalated_at")
            self._came_back(
                connection, ticket, "escalated", agent=agent, happened=happened, now=now
            )
            tickets.update_ticket(connection, ticket_no, {"escalated": True}, now=now)
            detail = mask_text(reason.strip(), never=never_mask(connection))
            tickets.add_event(connection, ticket, "escalated", agent=agent, now=now, detail=detail)
            return tickets.read_ticket(connection, ticket_no)

    def call_back(
        self,
        ticket_no: str,
        *,
        satisfied: bool | None,
        satisfaction: int | None,
        comment: str,
        happened: datetime | None = None,
        agent: str,
        now: datetime,
    ) -> Ticket:
        """Record a callback: satisfied, not (the closing came back), None if nobody answered.

        A call that nobody took is to be made once more. ``happened``: when it was, if it is
        recorded later.
        """
        happened = _happened(happened, now=now, field="called_at")
        if satisfaction is not None and not 1 <= satisfaction <= 10:
            raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status != "closed":
                raise TicketConflict("只有已办结的工单能回访", field="ticket_no")
            if format_instant(happened) < (ticket.closed_at or ""):
                raise InvalidInput("早于办结时间", field="called_at")
            if satisfied is False:
                self._came_back(
                    connection, ticket, "callback", agent=agent, happened=happened, now=now
                )
            result = {True: "satisfied", False: "dissatisfied", None: "no_answer"}[satisfied]
            tried = 1 + tickets.count_unanswered(connection, ticket)
            values: dict[str, object] = {
                "callback_result": result,
                "callback_due": plan_next_call(
                    reached=satisfied is not None, tried=tried, now=happened
                ),
            }
            if satisfaction is not None:
                values["satisfaction"] = satisfaction
            tickets.update_ticket(connection, ticket_no, values, now=now)
            detail = mask_text(comment.strip(), never=never_mask(connection))
            tickets.add_event(
                connection, ticket, f"callback_{result}", agent=agent, now=now, detail=detail
            )
            return tickets.read_ticket(connection, ticket_no)

    def _came_back(
        self,
        connection: sqlite3.Connection,
        ticket: Ticket,
        reason: str,
        *,
        agent: str,
        happened: datetime,
        now: datetime,
    ) -> None:
        note_return(
            connection,
            ticket,
            reason,
            repeat_days=self.repeat_days,
            agent=agent,
            happened=happened,
            now=now,
        )

    def settle(self, *, now: datetime) -> int:
        """Settle the closings whose repeat window has passed quietly; return how many."""
        settled = 0
        while True:
            with self.database.transaction() as connection:
                count = settle_quiet(
                    connection, repeat_days=self.repeat_days, most=SETTLED_AT_ONCE, now=now
                )
            settled += count
            if count < SETTLED_AT_ONCE:
                return settled


def _happened(given: datetime | None, *, now: datetime, field: str) -> datetime:
    """When a fact came about; raise InvalidInput for one that is yet to come."""
    if given is not None and given > now:
        raise InvalidInput("不能晚于现在", field=field)
    return given or now


def _with_repeat(ticket: Ticket, find_repeat: FindRepeat | None) -> Ticket:
    if ticket.repeat_of:
        return replace(ticket, is_repeat=True)
    earlier = find_repeat(ticket) if find_repeat and ticket.number_hash else None
    return replace(ticket, is_repeat=True, repeat_of=earlier) if earlier else ticket


def _named_fix(connection: sqlite3.Connection, closing: Closing, link: Link) -> Closing:
    """Closed by a past fix: the ticket joins that way of fixing, unless the agent named another."""
    if closing.fix or link.target_type != "past_fix" or link.impression_id is None:
        return closing
    return replace(closing, fix=sessions.read_impression(connection, link.impression_id).title)
