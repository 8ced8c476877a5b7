"""Answers about tickets."""

from __future__ import annotations

from web.replies.base import Reply
from web.replies.suggestions import SearchRecordReply, SessionReply


class TicketReply(Reply):
    """One complaint case; instants are ISO 8601 at Beijing time."""

    ticket_no: str
    accepted_at: str
    channel: str
    title: str
    service_number: str
    region: str
    area: str
    category: str
    urgency: str
    description: str
    customer_demand: str
    status: str
    due_at: str | None
    responsible_dept: str
    root_cause: str
    fix: str
    resolution: str
    closed_at: str | None
    satisfaction: int | None
    callback_result: str
    is_repeat: bool
    repeat_of: str | None
    reopened: int
    escalated: bool
    overdue: bool
    none_fit: bool
    closings: int
    is_sample: bool
    external_source: str
    external_id: str
    version: int
    assignee: str
    dispatched_at: str | None
    callback_due: str | None


class LinkReply(Reply):
    """Knowledge tied to a ticket; ``closing`` counts from 0."""

    ticket_no: str
    target_type: str
    target_id: str
    target_version: str
    knowledge_usage: str
    impression_id: str | None
    found_by: str
    linked_by: str
    linked_at: str
    closing: int
    search_id: str | None


class TicketEventReply(Reply):
    """One thing that happened to a ticket."""

    seq: int
    ticket_no: str
    at: str
    action: str
    agent: str
    closing: int
    detail: str


class OutcomeReply(Reply):
    """What became of one closing."""

    ticket_no: str
    closing: int
    state: str
    reason: str
    settled_at: str | None
    closed_at: str | None


class OutcomeChangeReply(Reply):
    """One change of an outcome: ``at`` when it was learnt, ``happened_at`` when it came about."""

    seq: int
    ticket_no: str
    closing: int
    from_state: str
    to_state: str
    reason: str
    at: str
    happened_at: str


class ChainReply(TicketReply):
    """A ticket with all that hangs on it."""

    links: list[LinkReply]
    events: list[TicketEventReply]
    outcomes: list[OutcomeReply]
    sessions: list[SessionReply]
    searches: list[SearchRecordReply]
    trace: list[OutcomeChangeReply]


class TicketListReply(Reply):
    """One page of tickets; ``next`` is the cursor of the page after, null on the last."""

    tickets: list[TicketReply]
    next: str | None


class CallReply(Reply):
    """A call that rings: ``link`` opens the desk on it once, within ``link_seconds``."""

    call_id: str
    service_number: str
    url: str
    link: str
    link_seconds: int
