"""What the forms on a ticket's page share: every one keeps what was typed before it acts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb.chain import Chain, read_chain
from kb.errors import KBError
from kb.linking import Target
from kb.repeat import Repeat
from kb.store import tickets
from kb.ticket import Ticket
from web.errors import describe
from web.forms import read_form_version, read_mark, read_record
from web.guard import check_form
from web.pages.view import class_path, describe_results, group_classes
from web.parsing import agent_name
from web.recall import recall_answer
from web.services import current
from web.suggesting import find_answer

Answered = Response | Redirect | str | tuple[str, int]


def keeps_text(view: Callable[[str], Answered]) -> Callable[[str], Answered]:
    """A refused form shows the ticket's page again, with the reason and all that was typed."""

    @wraps(view)
    def answer(ticket_no: str) -> Answered:
        check_form()
        try:
            return view(ticket_no)
        except KBError as error:
            problem = describe(error)
            chain = read_chain(current().database.connection, ticket_no)
            page = render_template(
                "ticket.html", **describe_ticket(chain), typed=request.form, problem=problem
            )
            return page, problem.status

    return answer


def save_typed(ticket_no: str) -> Ticket:
    """Keep the fields that differ from the ticket's; nothing typed, nothing changed."""
    services = current()
    ticket = tickets.read_ticket(services.database.connection, ticket_no)
    typed = read_record(request.form)
    changes = {name: value for name, value in typed.items() if value != getattr(ticket, name)}
    if not changes:
        return ticket
    return services.desk.update(
        ticket_no,
        changes,
        version=read_form_version(),
        agent=agent_name(),
        now=services.clock(),
    )


def press_mark(ticket_no: str) -> None:
    """Link the item whose button was pressed, if one was."""
    pressed = request.form.get("mark", "")
    if not pressed:
        return
    services = current()
    usage, impression_id = read_mark(pressed)
    if usage == "solution":
        withdraw_solution(ticket_no)
    services.desk.link(
        ticket_no,
        Target(impression_id=impression_id),
        usage,
        agent=agent_name(),
        now=services.clock(),
    )


def withdraw_solution(ticket_no: str) -> None:
    """Take back the solution marked before: on the page the last choice counts."""
    services = current()
    services.desk.withdraw_solution(ticket_no, agent=agent_name(), now=services.clock())


def to_page(ticket_no: str, anchor: str = "") -> Redirect:
    """Back to the ticket's page, so that a reload sends nothing again."""
    return redirect(
        url_for("tickets.show_ticket", ticket_no=ticket_no, _anchor=anchor or None), 303
    )


def describe_ticket(chain: Chain) -> dict[str, Any]:
    """What the ticket's template is given; an open ticket shows its latest suggestions."""
    ticket = chain.ticket
    answer = None
    if ticket.status == "open" and chain.sessions:
        record = chain.sessions[-1]
        answer = find_answer(record.session.id) or recall_answer(
            record, accepted_at=ticket.accepted_at
        )
    return {
        "chain": chain,
        "ticket": ticket,
        "class_groups": group_classes(),
        "class_path": class_path(ticket.category),
        "titles": {item.id: item.title for record in chain.sessions for item in record.impressions},
        **describe_results(answer, ticket_no=ticket.ticket_no),
        "repeat": _repeat_of(ticket),
    }


def _repeat_of(ticket: Ticket) -> Repeat | None:
    """What an open ticket repeats, as told today."""
    services = current()
    if ticket.status != "open":
        return None
    return services.engine.ticket_repeat(ticket, now=services.clock())
