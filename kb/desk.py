"""What an agent does with a ticket, each as one transaction: from taking in to calling back.

A closing has a number: 0 is the first. Links made before a closing belong to it, and at most one of
them is its solution. Its outcome stays pending until the repeat window has passed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.database import Database
from kb.errors import InvalidInput, StaleVersion, TicketConflict
from kb.intake import MASKED_FIELDS, NUMBER_KEY, check_ticket, mask_ticket, never_mask
from kb.limit import LimitRequest, bind_limits
from kb.masking import hash_number, mask_number, mask_text
from kb.queues import FIRST_CALL, plan_next_call
from kb.store import handbook, sessions, tickets
from kb.ticket import TARGET_TYPES, USAGES, Link, Outcome, Ticket
from kb.times import format_instant, parse_instant
from kb.workdays import parse_calendar

FindRepeat = Callable[[Ticket], str | None]
"""Given a ticket about to be kept, the number of the earlier one it repeats."""
CHANGEABLE = frozenset(
    {*MASKED_FIELDS, "channel", "area", "category", "urgency", "responsible_dept", "escalated"}
)


@dataclass(frozen=True)
class Target:
    """What a link points at: an impression, or something the agent found."""

    impression_id: str | None = None
    target_type: str = ""
    target_id: str = ""
    target_version: str = ""
    found_by: str = "searched"


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
            ticket = self._prepare(connection, ticket, number=number)
            ticket = _with_repeat(ticket, find_repeat)
            self._check_new(connection, ticket)
            tickets.add_ticket(connection, ticket, now=now)
            tickets.add_event(connection, ticket, "created", agent=agent, now=now)
            if ticket.repeat_of:
                self._mark_repeated(connection, ticket, agent=agent, now=now)
        return ticket

    @staticmethod
    def _check_new(connection: sqlite3.Connection, ticket: Ticket) -> None:
        if tickets.has_ticket(connection, ticket.ticket_no):
            raise TicketConflict("已有这个工单号", field="ticket_no")
        if ticket.repeat_of and not tickets.has_ticket(connection, ticket.repeat_of):
            raise InvalidInput(f"没有工单 {ticket.repeat_of}", field="repeat_of")

    def _prepare(self, connection: sqlite3.Connection, ticket: Ticket, *, number: str) -> Ticket:
        ticket = mask_ticket(ticket, never=never_mask(connection))
        check_ticket(ticket)
        accepted = parse_instant(ticket.accepted_at, field="accepted_at")
        if not ticket.ticket_no:
            day = accepted.strftime("%Y%m%d")
            ticket = replace(ticket, ticket_no=tickets.next_ticket_no(connection, day=day))
        ticket = replace(ticket, accepted_at=format_instant(accepted))
        if number:
            key = sessions.read_secret(connection, NUMBER_KEY)
            ticket = replace(
                ticket,
                service_number=mask_number(number),
                number_hash=hash_number(number, key=key),
            )
        return self._classified(connection, ticket)

    def _classified(self, connection: sqlite3.Connection, ticket: Ticket) -> Ticket:
        """Fill in what the class says and the agent left open; due when the desk's limit ends."""
        if not ticket.category:
            return ticket
        category = handbook.read_category(connection, ticket.category)
        urgency = ticket.urgency or category.default_priority
        request = LimitRequest(category.id, ticket.region, ticket.area, urgency)
        bound = bind_limits(
            handbook.read_limits(connection).values(),
            request,
            accepted_at=parse_instant(ticket.accepted_at, field="accepted_at"),
            calendar=parse_calendar(handbook.read_vocabulary(connection, "workdays") or {}),
        )
        closing = [
            item.due_at for item in bound if item.due_at and item.limit.subject in CLOSING_SUBJECTS
        ]
        return replace(
            ticket,
            urgency=urgency,
            responsible_dept=ticket.responsible_dept or category.responsible_dept,
            due_at=format_instant(min(closing)) if closing else None,
        )

    def _mark_repeated(
        self, connection: sqlite3.Connection, ticket: Ticket, *, agent: str, now: datetime
    ) -> None:
        earlier = tickets.read_ticket(connection, ticket.repeat_of or "")
        if earlier.status != "closed":
            return
        self._came_back(connection, earlier, "repeat", agent=agent, now=now)

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
            merged = replace(ticket, **changes)  # type: ignore[arg-type]
            if "category" in changes and changes["category"] != ticket.category:
                merged = replace(
                    merged,
                    urgency=str(changes.get("urgency") or ""),
                    responsible_dept=str(changes.get("responsible_dept") or ""),
                )
            merged = mask_ticket(merged, never=never_mask(connection))
            check_ticket(merged)
            merged = self._classified(connection, merged)
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
            return self._link(connection, ticket, target, usage, agent=agent, now=now)

    def _link(
        self,
        connection: sqlite3.Connection,
        ticket: Ticket,
        target: Target,
        usage: str,
        *,
        agent: str,
        now: datetime,
    ) -> Link:
        if usage not in USAGES:
            raise InvalidInput(f"应为 {'、'.join(USAGES)}", field="knowledge_usage")
        link = self._resolve(connection, ticket, target, usage, agent=agent, now=now)
        present = tickets.read_links(connection, ticket.ticket_no)
        for other in present:
            if other.closing != link.closing or other.knowledge_usage != usage:
                continue
            if (other.target_type, other.target_id) == (link.target_type, link.target_id):
                return other
            if usage == "solution":
                raise TicketConflict("这次办结已有一个解决方案", field="knowledge_usage")
        tickets.add_link(connection, link)
        if link.impression_id:
            sessions.add_event(
                connection, link.impression_id, "linked", agent=agent, now=now, reason_code=usage
            )
        tickets.add_event(
            connection,
            ticket,
            "linked",
            agent=agent,
            now=now,
            detail=f"{usage} {link.target_type} {link.target_id}",
        )
        return link

    def _resolve(
        self,
        connection: sqlite3.Connection,
        ticket: Ticket,
        target: Target,
        usage: str,
        *,
        agent: str,
        now: datetime,
    ) -> Link:
        """Find what the target names; an impression of another ticket's session is refused."""
        kind, identity, version = target.target_type, target.target_id, target.target_version
        if target.impression_id:
            impression = sessions.read_impression(connection, target.impression_id)
            session = sessions.read_session(connection, impression.session_id)
            if session.ticket_no is None:
                sessions.attach_session(connection, session.id, ticket.ticket_no)
            elif session.ticket_no != ticket.ticket_no:
                raise TicketConflict("这条建议属于另一张工单", field="impression_id")
            kind, identity = impression.target_type, impression.target_id
            version = impression.target_version
        if kind not in TARGET_TYPES:
            raise InvalidInput(f"应为 {'、'.join(TARGET_TYPES)}", field="target_type")
        if not target.impression_id:
            version = _check_target(connection, kind, identity, version)
        return Link(
            ticket_no=ticket.ticket_no,
            target_type=kind,
            target_id=identity,
            target_version=version,
            knowledge_usage=usage,
            impression_id=target.impression_id,
            found_by="suggested" if target.impression_id else target.found_by,
            linked_by=agent,
            linked_at=format_instant(now),
            closing=ticket.closings,
        )

    def withdraw_solution(self, ticket_no: str, *, agent: str, now: datetime) -> None:
        """Take back the solution marked for the closing to come; nothing if there is none."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status == "open":
                _withdraw(connection, ticket, agent=agent, now=now)

    def close(self, ticket_no: str, closing: Closing, *, agent: str, now: datetime) -> Ticket:
        """Close with a knowledge decision: one solution (given now or before), or none fits."""
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            self._check_closing(connection, ticket, closing)
            if closing.solution:
                _withdraw(connection, ticket, agent=agent, now=now)
                link = self._link(
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
            tickets.save_outcome(
                connection, Outcome(ticket_no, ticket.closings, "pending", "", None)
            )
            detail = "none_fit" if closing.none_fit else "solution"
            tickets.add_event(connection, ticket, "closed", agent=agent, now=now, detail=detail)
            return tickets.read_ticket(connection, ticket_no)

    def _check_closing(
        self, connection: sqlite3.Connection, ticket: Ticket, closing: Closing
    ) -> None:
        if ticket.status != "open":
            raise TicketConflict("工单已经办结", field="ticket_no")
        if not closing.resolution.strip():
            raise InvalidInput("办结要写处理结果", field="resolution")
        if closing.satisfaction is not None and not 1 <= closing.satisfaction <= 10:
            raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
        linked = _solution_of(connection, ticket) is not None
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
            self._came_back(connection, ticket, "reopened", agent=agent, now=now)
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

    def call_back(
        self,
        ticket_no: str,
        *,
        satisfied: bool | None,
        satisfaction: int | None,
        comment: str,
        agent: str,
        now: datetime,
    ) -> Ticket:
        """Record a callback: satisfied, not (the closing came back), None if nobody answered.

        A call that nobody took is to be made once more.
        """
        if satisfaction is not None and not 1 <= satisfaction <= 10:
            raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
        with self.database.transaction() as connection:
            ticket = tickets.read_ticket(connection, ticket_no)
            if ticket.status != "closed":
                raise TicketConflict("只有已办结的工单能回访", field="ticket_no")
            if satisfied is False:
                self._came_back(connection, ticket, "callback", agent=agent, now=now)
            result = {True: "satisfied", False: "dissatisfied", None: "no_answer"}[satisfied]
            tried = 1 + tickets.count_unanswered(connection, ticket)
            values: dict[str, object] = {
                "callback_result": result,
                "callback_due": plan_next_call(reached=satisfied is not None, tried=tried, now=now),
            }
            if satisfaction is not None:
                values["satisfaction"] = satisfaction
            tickets.update_ticket(connection, ticket_no, values, now=now)
            detail = mask_text(comment.strip(), never=never_mask(connection))
            tickets.add_event(
                connection, ticket, f"callback_{result}", agent=agent, now=now, detail=detail
            )
            return tickets.read_ticket(connection, ticket_no)

    def settle(self, *, now: datetime) -> int:
        """Settle the closings whose repeat window has passed quietly; return how many."""
        edge = format_instant(now - timedelta(days=self.repeat_days))
        with self.database.transaction() as connection:
            quiet = tickets.read_pending(connection, closed_before=edge)
            for outcome in quiet:
                settled = replace(outcome, state="stayed_closed", settled_at=format_instant(now))
                tickets.save_outcome(connection, settled)
        return len(quiet)

    def _came_back(
        self,
        connection: sqlite3.Connection,
        ticket: Ticket,
        reason: str,
        *,
        agent: str,
        now: datetime,
    ) -> None:
        last = ticket.closings - 1
        known = tickets.read_outcomes(connection, ticket.ticket_no)
        before = next((item for item in known if item.closing == last), None)
        outcome = plan_return(ticket, before, reason, repeat_days=self.repeat_days, now=now)
        tickets.save_outcome(connection, outcome)
        action = "came_back" if outcome.state == "came_back" else "returned_late"
        detail = f"{last} {reason}"
        tickets.add_event(connection, ticket, action, agent=agent, now=now, detail=detail)


def plan_return(
    ticket: Ticket, before: Outcome | None, reason: str, *, repeat_days: int, now: datetime
) -> Outcome:
    """The outcome of a ticket's last closing once the customer is back.

    Within the repeat window it came back. Later the closing is final: it held, or what was known.
    """
    last = ticket.closings - 1
    at = format_instant(now)
    if (ticket.closed_at or "") >= format_instant(now - timedelta(days=repeat_days)):
        return Outcome(ticket.ticket_no, last, "came_back", reason, at)
    if before is not None and before.state != "pending":
        return before
    return Outcome(ticket.ticket_no, last, "stayed_closed", "", at)


def _with_repeat(ticket: Ticket, find_repeat: FindRepeat | None) -> Ticket:
    if ticket.repeat_of:
        return replace(ticket, is_repeat=True)
    earlier = find_repeat(ticket) if find_repeat and ticket.number_hash else None
    return replace(ticket, is_repeat=True, repeat_of=earlier) if earlier else ticket


CLOSING_SUBJECTS = frozenset({"投诉办结", "投诉答复", "投诉处理并答复", "投诉处理结束并答复"})
"""Subjects of limits that end with the answer: the earliest of them is the ticket's due time."""


def _withdraw(connection: sqlite3.Connection, ticket: Ticket, *, agent: str, now: datetime) -> None:
    solution = _solution_of(connection, ticket)
    if solution is None:
        return
    tickets.drop_solution(connection, ticket.ticket_no, closing=ticket.closings)
    detail = f"solution {solution.target_type} {solution.target_id}"
    tickets.add_event(connection, ticket, "unlinked", agent=agent, now=now, detail=detail)


def _named_fix(connection: sqlite3.Connection, closing: Closing, link: Link) -> Closing:
    """Closed by a past fix: the ticket joins that way of fixing, unless the agent named another."""
    if closing.fix or link.target_type != "past_fix" or link.impression_id is None:
        return closing
    return replace(closing, fix=sessions.read_impression(connection, link.impression_id).title)


def _solution_of(connection: sqlite3.Connection, ticket: Ticket) -> Link | None:
    links = tickets.read_links(connection, ticket.ticket_no)
    for link in links:
        if link.closing == ticket.closings and link.knowledge_usage == "solution":
            return link
    return None


def _check_target(connection: sqlite3.Connection, kind: str, identity: str, version: str) -> str:
    """Make sure a target named by hand exists; return the version it is pinned to."""
    if kind in ("article", "procedure"):
        number = int(version) if version.isdigit() else None
        return handbook.read_article(connection, identity, number=number).revision.version
    if kind == "time_limit":
        return str(handbook.read_limit(connection, identity).revision)
    ticket = tickets.read_ticket(connection, identity)
    return str(ticket.version)
