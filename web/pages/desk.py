"""The agent's desk before a ticket exists, and the fragment its script asks for."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request

from kb.recording import decide
from kb.store import tickets
from kb.suggestion import Answer, SuggestionRequest
from kb.ticket import Ticket
from web.bodies import ReadingPlace
from web.errors import REFUSALS
from web.forms import DeskForm, read_desk_form
from web.guard import check_form
from web.pages.bound import (
    Answered,
    ask_on_page,
    close_with_choice,
    keeps_text,
    save_typed,
    take_in_desk,
    to_page,
)
from web.pages.view import (
    describe_desk,
    describe_results,
    read_number,
    render_refused_desk,
    seen_at_once,
)
from web.parsing import agent_name, read_query
from web.reading import read_reading
from web.seeing import choose_view, current_view, keep_view, view_code
from web.services import current
from web.suggesting import find_answer, keep_answer, note_seen, suggest

blueprint = Blueprint("desk", __name__)
SAID = {
    "gap": "已报缺口：手册里缺这一条，编辑会看到。",
    "none_fit": "已记：这些建议都不适用。",
}


@blueprint.get("/")
def show_desk() -> str:
    """An empty desk."""
    return render_template("desk.html", **describe_desk(DeskForm()))


@blueprint.post("/")
def show_suggestions() -> tuple[str, int]:
    """The desk with suggestions for what was typed; a refusal keeps the text."""
    check_form()
    try:
        form = read_desk_form()
        answer = ask(form)
    except REFUSALS as error:
        return render_refused_desk(error)
    note_seen(answer, seen_at_once(answer), agent=agent_name())
    return render_template("desk.html", **describe_desk(form, answer)), 200


@blueprint.post("/desk/fragment")
def show_fragment() -> str:
    """Only what an answer changes, for the script: it reports what it painted by itself."""
    check_form()
    form = read_desk_form()
    answer = ask(form)
    ticket = _ticket_of(form)
    return render_template("_fragment.html", **describe_results(answer, form=form, ticket=ticket))


@blueprint.get("/desk/reading/<article_id>")
def show_reading(article_id: str) -> str:
    """One article laid out for the reading pane, opened at a step."""
    query = read_query(ReadingPlace)
    reading = read_reading(
        article_id, revision=query.revision, step=query.step, explains=current_view().explains
    )
    return render_template("_pane.html", reading=reading, is_opened=True)


@blueprint.post("/desk/close")
def close_at_once() -> Answered:
    """Take in the complaint and close it in one go; a refusal keeps all that was typed."""
    check_form()
    try:
        with current().database.transaction():
            ticket = take_in_desk()
            close_with_choice(ticket)
        return to_page(ticket.ticket_no)
    except REFUSALS as error:
        return render_refused_desk(error)


@blueprint.post("/desk/gap")
def report_gap() -> Answered:
    """Record that the handbook lacks what the complaint asks for; the desk stays as it was."""
    return _decide("gap")


@blueprint.post("/desk/none-fit")
def say_none_fits() -> Answered:
    """Record that nothing shown is of use, long before anything is closed."""
    return _decide("none_fit")


@blueprint.post("/desk/view")
def switch_view() -> Answered:
    """Show more or less from now on; what was typed stays, and is asked for anew."""
    check_form()
    try:
        choose_view(request.form.get("view", ""))
        form = read_desk_form()
        page = _on_ticket(form.ticket_no) if form.ticket_no else _on_desk(form)
    except REFUSALS as error:
        return render_refused_desk(error)
    return keep_view(make_response(page))


@keeps_text
def _on_ticket(ticket_no: str) -> Answered:
    return ask_on_page(save_typed(ticket_no))


def _on_desk(form: DeskForm) -> str:
    answer = ask(form) if form.text.strip() else None
    if answer:
        note_seen(answer, seen_at_once(answer), agent=agent_name())
    return render_template("desk.html", **describe_desk(form, answer))


def _decide(decision: str) -> Answered:
    check_form()
    try:
        form = read_desk_form()
        services = current()
        with services.database.transaction() as connection:
            decide(connection, form.session_id, decision, agent=agent_name(), now=services.clock())
        if form.ticket_no:
            return to_page(form.ticket_no)
        answer = find_answer(form.session_id) or ask(form)
    except REFUSALS as error:
        return render_refused_desk(error)
    return render_template("desk.html", **describe_desk(form, answer), said=SAID[decision])


def _ticket_of(form: DeskForm) -> Ticket | None:
    if not form.ticket_no:
        return None
    return tickets.read_ticket(current().database.connection, form.ticket_no)


def ask(form: DeskForm) -> Answer:
    """Ask for suggestions; a ticket's limits run from its acceptance."""
    ticket = _ticket_of(form)
    answer = suggest(
        SuggestionRequest(
            text=form.text,
            ticket_no=form.ticket_no or None,
            category=form.category or None,
            accepted_at=ticket.accepted_at if ticket else None,
            region=form.region,
            area=form.area,
            agent=agent_name(),
            channel="desk",
            number_hash=read_number(form),
            without=form.without,
            limit=current_view().items,
            view=view_code(),
        )
    )
    keep_answer(answer)
    return answer
