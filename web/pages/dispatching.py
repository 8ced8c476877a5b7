"""Who works on a ticket, as pages: taking it, giving it back, sending it to a department."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from kb import dispatching
from kb.dispatching import WorkOrder, draft_order
from kb.errors import InvalidInput
from kb.queues import is_late
from kb.store import handbook, queues, tickets
from kb.ticket import Ticket
from web.errors import REFUSALS, describe
from web.forms import long_field, read_form_version, short_field
from web.guard import check_form
from web.pages.bound import Answered, keeps_text, to_page
from web.parsing import agent_name, named_agent
from web.services import current

blueprint = Blueprint("dispatching", __name__, url_prefix="/tickets")


@blueprint.post("/<ticket_no>/take", endpoint="take")
@keeps_text
def take_ticket(ticket_no: str) -> Answered:
    """Take a ticket for oneself, which needs a name."""
    if not named_agent():
        raise InvalidInput("先在页面上方填写您的姓名", field="我是")
    services = current()
    dispatching.take(services.database, ticket_no, agent=agent_name(), now=services.clock())
    return to_page(ticket_no)


@blueprint.post("/<ticket_no>/release", endpoint="release")
@keeps_text
def release_ticket(ticket_no: str) -> Answered:
    """Give a ticket back to the queue of those nobody has."""
    services = current()
    dispatching.assign(
        services.database,
        ticket_no,
        "",
        version=read_form_version(),
        agent=agent_name(),
        now=services.clock(),
    )
    return to_page(ticket_no)


@blueprint.get("/<ticket_no>/dispatch")
def show_order(ticket_no: str) -> str:
    """The order as far as the ticket tells, to be completed."""
    ticket = tickets.read_ticket(current().database.connection, ticket_no)
    return render_template("dispatch.html", **_describe(ticket))


@blueprint.post("/<ticket_no>/dispatch")
def send_order(ticket_no: str) -> Answered:
    """Send it; a refusal keeps what was typed."""
    check_form()
    services = current()
    try:
        order = WorkOrder(
            department=short_field("department"),
            text=long_field("text", label="派单内容"),
            person=short_field("person"),
            due_at=short_field("due_at") or None,
        )
        dispatching.dispatch(
            services.database,
            ticket_no,
            order,
            version=read_form_version(),
            agent=agent_name(),
            now=services.clock(),
        )
    except REFUSALS as error:
        problem = describe(error)
        ticket = tickets.read_ticket(services.database.connection, ticket_no)
        page = render_template("dispatch.html", **_describe(ticket, request.form), problem=problem)
        return page, problem.status
    return to_page(ticket_no)


def _describe(ticket: Ticket, typed: Any = None) -> dict[str, Any]:
    connection = current().database.connection
    category = handbook.find_category(connection, ticket.category)
    now = current().clock()
    due = "" if is_late(ticket, now=now) else ticket.due_at or ""
    drafted = {
        "department": ticket.responsible_dept,
        "person": "",
        "due_at": due[:16],
        "text": draft_order(ticket, category),
    }
    return {
        "ticket": ticket,
        "typed": {**drafted, **(dict(typed) if typed else {})},
        "category": category,
        "departments": queues.departments(connection),
        "now": now,
    }
