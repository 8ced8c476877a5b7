"""Tickets: taking in, reading, changing, linking, closing and what comes after."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from flask import Blueprint, Response, jsonify, url_for

from kb import dispatching
from kb.chain import chain_as_dict, read_chain, ticket_as_dict
from kb.desk import Closing
from kb.dispatching import WorkOrder
from kb.errors import InvalidInput
from kb.linking import Target
from kb.store import queues, tickets
from kb.store.queues import QueueFilter
from kb.ticket import Ticket
from kb.times import parse_instant
from web.auditing import note_read
from web.bodies import (
    AssignBody,
    CallbackBody,
    CloseBody,
    DispatchBody,
    EscalateBody,
    LinkBody,
    ReopenBody,
    TargetBody,
    TicketBody,
    TicketChanges,
    TicketPage,
    UnlinkBody,
)
from web.idempotency import idempotent
from web.intake import take_in
from web.parsing import agent_name, read_body, read_query, read_version
from web.services import current

blueprint = Blueprint("api-tickets", __name__, url_prefix="/api/v1/tickets")


def _answer(ticket: Ticket, *, created: bool = False) -> Response:
    response = jsonify(ticket_as_dict(ticket))
    response.headers["ETag"] = f'"v{ticket.version}"'
    if created:
        response.status_code = 201
        place = url_for("api-tickets.get_ticket", ticket_no=ticket.ticket_no)
        response.headers["Location"] = place
    return response


def _target(body: TargetBody) -> Target:
    return Target(
        impression_id=body.impression_id,
        target_type=body.target_type or "",
        target_id=body.target_id or "",
        target_version=body.target_version,
        found_by=body.found_by,
        search_id=body.search_id,
    )


def _instant(text: str | None, *, field: str) -> datetime | None:
    return parse_instant(text, field=field) if text else None


@blueprint.post("")
@idempotent
def create_ticket() -> Response:
    """Take in a complaint."""
    body = read_body(TicketBody)
    services = current()
    given = body.model_dump(exclude={"service_number", "session_id", "accepted_at"})
    accepted = body.accepted_at or services.clock().isoformat()
    ticket = Ticket(ticket_no="", accepted_at=accepted, **given)
    ticket = take_in(
        ticket, number=body.service_number, session_id=body.session_id, agent=agent_name()
    )
    return _answer(ticket, created=True)


@blueprint.get("")
def get_tickets() -> Response:
    """Tickets, newest accepted first; ``next`` is the cursor of the page after."""
    query = read_query(TicketPage)
    if query.cursor:
        tickets.read_ticket(current().database.connection, query.cursor)
    found = _find(query)
    page = found[: query.limit]
    note_read("ticket:list")
    following = page[-1].ticket_no if len(found) > query.limit else None
    return jsonify({"tickets": [ticket_as_dict(ticket) for ticket in page], "next": following})


def _find(query: TicketPage) -> list[Ticket]:
    """One more than a page of them, so that it shows whether another page follows."""
    connection = current().database.connection
    cursor, most = query.cursor or "", query.limit + 1
    if query.queue:
        wanted = QueueFilter(
            query.queue,
            assignee=query.assignee,
            category=query.category,
            department=query.department,
        )
        return queues.read_queue(connection, wanted, after=cursor, limit=most)
    if query.assignee or query.category or query.department:
        raise InvalidInput("要同时给出 queue", field="queue")
    return tickets.read_tickets(connection, status=query.status or "", limit=most, before=cursor)


@blueprint.get("/<ticket_no>")
def get_ticket(ticket_no: str) -> Response:
    """One ticket with its links, history, outcomes, and what it was shown."""
    chain = read_chain(current().database.connection, ticket_no)
    note_read(f"ticket:{ticket_no}")
    response = jsonify(chain_as_dict(chain))
    response.headers["ETag"] = f'"v{chain.ticket.version}"'
    return response


@blueprint.patch("/<ticket_no>")
def update_ticket(ticket_no: str) -> Response:
    """Change fields of an open ticket; with ``version`` or If-Match only if nobody else did."""
    body = read_body(TicketChanges)
    services = current()
    ticket = services.desk.update(
        ticket_no,
        body.model_dump(exclude_unset=True, exclude={"version"}),
        version=body.version or read_version(),
        agent=agent_name(),
        now=services.clock(),
    )
    return _answer(ticket)


@blueprint.post("/<ticket_no>/links")
@idempotent
def create_link(ticket_no: str) -> Response:
    """Tie knowledge to a ticket."""
    body = read_body(LinkBody)
    services = current()
    link = services.desk.link(
        ticket_no,
        _target(body),
        body.knowledge_usage,
        agent=agent_name(),
        now=services.clock(),
    )
    response = jsonify(asdict(link))
    response.status_code = 201
    return response


@blueprint.post("/<ticket_no>/assign")
@idempotent
def assign_ticket(ticket_no: str) -> Response:
    """Hand a ticket to somebody, or back to the queue."""
    body = read_body(AssignBody)
    services = current()
    ticket = dispatching.assign(
        services.database,
        ticket_no,
        body.assignee,
        version=body.version or read_version(),
        agent=agent_name(),
        now=services.clock(),
    )
    return _answer(ticket)


@blueprint.post("/<ticket_no>/dispatch")
@idempotent
def dispatch_ticket(ticket_no: str) -> Response:
    """Send a ticket to a department."""
    body = read_body(DispatchBody)
    services = current()
    ticket = dispatching.dispatch(
        services.database,
        ticket_no,
        WorkOrder(body.department, body.text, person=body.person, due_at=body.due_at),
        version=body.version or read_version(),
        agent=agent_name(),
        now=services.clock(),
    )
    return _answer(ticket)


@blueprint.post("/<ticket_no>/unlink")
@idempotent
def drop_link(ticket_no: str) -> Response:
    """Take a link of the closing to come back."""
    body = read_body(UnlinkBody)
    services = current()
    link = services.desk.unlink(
        ticket_no,
        (body.target_type, body.target_id),
        body.knowledge_usage,
        agent=agent_name(),
        now=services.clock(),
    )
    return jsonify(asdict(link))


@blueprint.post("/<ticket_no>/close")
@idempotent
def close_ticket(ticket_no: str) -> Response:
    """Close a ticket with what solved it, or with "none fits"."""
    body = read_body(CloseBody)
    services = current()
    closing = Closing(
        resolution=body.resolution,
        root_cause=body.root_cause,
        fix=body.fix,
        solution=_target(body.solution) if body.solution else None,
        none_fit=body.none_fit,
        satisfaction=body.satisfaction,
    )
    return _answer(
        services.desk.close(ticket_no, closing, agent=agent_name(), now=services.clock())
    )


@blueprint.post("/<ticket_no>/reopen")
@idempotent
def reopen_ticket(ticket_no: str) -> Response:
    """Open a closed ticket again: its closing came back."""
    body = read_body(ReopenBody)
    services = current()
    return _answer(
        services.desk.reopen(
            ticket_no, reason=body.reason, agent=agent_name(), now=services.clock()
        )
    )


@blueprint.post("/<ticket_no>/escalate")
@idempotent
def escalate_ticket(ticket_no: str) -> Response:
    """Note that a complaint went over the desk's head, before or after its closing."""
    body = read_body(EscalateBody)
    services = current()
    return _answer(
        services.desk.escalate(
            ticket_no,
            reason=body.reason,
            happened=_instant(body.escalated_at, field="escalated_at"),
            agent=agent_name(),
            now=services.clock(),
        )
    )


@blueprint.post("/<ticket_no>/callback")
@idempotent
def call_back(ticket_no: str) -> Response:
    """Record a callback after closing."""
    body = read_body(CallbackBody)
    services = current()
    return _answer(
        services.desk.call_back(
            ticket_no,
            satisfied=body.satisfied,
            satisfaction=body.satisfaction,
            comment=body.comment,
            happened=_instant(body.called_at, field="called_at"),
            agent=agent_name(),
            now=services.clock(),
        )
    )
