"""What the forms on a ticket's page share: every one keeps what was typed before it acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb.chain import Chain, read_chain
from kb.desk import Closing
from kb.linking import Target
from kb.masking import plain_key
from kb.repeat import Repeat
from kb.store import sources, tickets
from kb.store.calls import read_call
from kb.suggestion import Answer, SuggestionRequest
from kb.ticket import Ticket
from web.errors import REFUSALS, describe
from web.forms import (
    DeskForm,
    given,
    read_desk_form,
    read_form_version,
    read_mark,
    read_record,
    read_score,
    short_field,
)
from web.guard import check_form
from web.intake import take_in
from web.pages.view import class_path, describe_results, group_classes, seen_at_once
from web.parsing import agent_name, named_agent
from web.recall import recall_answer
from web.seeing import current_view, view_code
from web.services import current
from web.suggesting import find_answer, keep_answer, note_seen, suggest

Answered = Response | Redirect | str | tuple[str, int]
NONE_FIT = "none"
WRITTEN = ("customer_demand", "root_cause", "resolution", "fix")
"""The fields of the record that an agent writes beside the complaint."""


def keeps_text(view: Callable[[str], Answered]) -> Callable[[str], Answered]:
    """A refused form shows the ticket's page again, with the reason and all that was typed."""

    @wraps(view)
    def answer(ticket_no: str) -> Answered:
        check_form()
        try:
            return view(ticket_no)
        except REFUSALS as error:
            problem = describe(error)
            page = render_template(
                "ticket.html", **open_ticket(ticket_no), typed=request.form, problem=problem
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


def take_in_desk() -> Ticket:
    """Take in what is on the desk: complaint, record, suggestions and the marks made."""
    form = read_desk_form()
    services = current()
    call = (
        read_call(services.database.connection, plain_key(form.call_id)) if form.call_id else None
    )
    record = {name: value for name, value in read_record(request.form).items() if name in WRITTEN}
    ticket = Ticket(
        ticket_no="",
        accepted_at=services.clock().isoformat(),
        service_number=call.service_number if call else "",
        number_hash=call.number_hash if call else "",
        channel=form.channel,
        region=form.region,
        area=form.area,
        category=form.category or form.guessed,
        description=form.text,
        assignee=named_agent(),
    )
    with services.database.transaction():
        ticket = take_in(
            replace(ticket, **record),  # type: ignore[arg-type]
            number=form.number,
            session_id=form.session_id or None,
            agent=agent_name(),
        )
        press_mark(ticket.ticket_no)
        link_references(ticket.ticket_no)
    return ticket


def link_references(ticket_no: str) -> None:
    """Tie what was noted as reference on the page."""
    services = current()
    for impression_id in given("reference"):
        target = Target(impression_id=impression_id)
        services.desk.link(ticket_no, target, "reference", agent=agent_name(), now=services.clock())


def close_with_choice(ticket: Ticket) -> None:
    """Close with the solution chosen on the page, or with 都不适用."""
    chosen = short_field("solution")
    services = current()
    if chosen == NONE_FIT:
        withdraw_solution(ticket.ticket_no)
    closing = Closing(
        resolution=ticket.resolution,
        root_cause=ticket.root_cause,
        fix=ticket.fix,
        solution=Target(impression_id=chosen) if chosen not in ("", NONE_FIT) else None,
        none_fit=chosen == NONE_FIT,
        satisfaction=read_score(),
    )
    services.desk.close(ticket.ticket_no, closing, agent=agent_name(), now=services.clock())


def link_choice(ticket_no: str) -> None:
    """Tie the solution chosen in the list, not closing yet; 都不适用 takes back what was tied."""
    chosen = short_field("solution")
    services = current()
    held = read_chain(services.database.connection, ticket_no).solution
    if not chosen or (held and held.impression_id == chosen):
        return
    withdraw_solution(ticket_no)
    if chosen != NONE_FIT:
        target = Target(impression_id=chosen)
        services.desk.link(ticket_no, target, "solution", agent=agent_name(), now=services.clock())


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


def to_page(ticket_no: str) -> Redirect:
    """Back to the ticket's page, so that a reload sends nothing again."""
    return redirect(url_for("tickets.show_ticket", ticket_no=ticket_no), 303)


def ask_for(ticket: Ticket, *, without: tuple[str, ...] = ()) -> Answer:
    """Ask what fits a ticket."""
    answer = suggest(
        SuggestionRequest(
            text=ticket.description,
            ticket_no=ticket.ticket_no,
            category=ticket.category or None,
            accepted_at=ticket.accepted_at,
            region=ticket.region,
            area=ticket.area,
            agent=agent_name(),
            channel="desk",
            without=without,
            limit=current_view().items,
            view=view_code(),
        )
    )
    keep_answer(answer)
    note_seen(answer, seen_at_once(answer), agent=agent_name())
    return answer


def ask_on_page(ticket: Ticket, *, without: tuple[str, ...] = ()) -> Answered:
    """Ask what fits a ticket and go to its page, which shows what was recorded last; what could
    not be recorded is shown at once."""
    answer = ask_for(ticket, without=without)
    if answer.session_id:
        return to_page(ticket.ticket_no)
    chain = read_chain(current().database.connection, ticket.ticket_no)
    return render_template("ticket.html", **_describe(chain, answer), typed={}, problem=None)


def open_ticket(ticket_no: str) -> dict[str, Any]:
    """What the ticket's template is given. An open ticket shows its latest suggestions; one for
    which nothing was asked yet is asked for at once."""
    connection = current().database.connection
    chain = read_chain(connection, ticket_no)
    if chain.ticket.status != "open":
        return _describe(chain, None)
    if not chain.sessions:
        answer = ask_for(chain.ticket)
        return _describe(read_chain(connection, ticket_no), answer)
    record = chain.sessions[-1]
    answer = find_answer(record.session.id) or recall_answer(
        record, accepted_at=chain.ticket.accepted_at
    )
    return _describe(chain, answer)


def _describe(chain: Chain, answer: Answer | None) -> dict[str, Any]:
    ticket = chain.ticket
    return {
        "chain": chain,
        "written": sources.read_articles_from(current().database.connection, ticket.ticket_no),
        "ticket": ticket,
        "class_groups": group_classes(),
        "class_path": class_path(ticket.category),
        "titles": {item.id: item.title for record in chain.sessions for item in record.impressions},
        **describe_results(answer, form=DeskForm(), ticket=ticket),
        "repeat": _repeat_of(ticket),
    }


def _repeat_of(ticket: Ticket) -> Repeat | None:
    """What an open ticket repeats, as told today."""
    services = current()
    if ticket.status != "open":
        return None
    return services.engine.ticket_repeat(ticket, now=services.clock())
