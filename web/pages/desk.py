"""The agent's desk before a ticket exists, and the fragment its script asks for."""

from __future__ import annotations

from flask import Blueprint, render_template

from kb.errors import InvalidInput, KBError
from kb.store import tickets
from kb.store.calls import read_call
from kb.suggestion import Answer, SuggestionRequest
from web.forms import DeskForm, read_desk_form
from web.guard import check_form
from web.pages.view import describe_desk, describe_results, render_refused_desk, seen_at_once
from web.parsing import agent_name
from web.services import current
from web.suggesting import hash_number_of, keep_answer, record_displayed, suggest

blueprint = Blueprint("desk", __name__)


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
    except KBError as error:
        return render_refused_desk(error)
    record_displayed(answer.session_id, seen_at_once(answer), agent=agent_name())
    return render_template("desk.html", **describe_desk(form, answer)), 200


@blueprint.post("/desk/fragment")
def show_fragment() -> str:
    """Only the results, for the script: it reports what it painted by itself."""
    check_form()
    form = read_desk_form()
    answer = ask(form)
    return render_template("_fragment.html", **describe_results(answer, ticket_no=form.ticket_no))


def read_number(form: DeskForm) -> str:
    """Hash of the number in the box, else of the call's; none while it is still being typed."""
    if form.call_id and not form.number:
        return read_call(current().database.connection, form.call_id).number_hash
    try:
        return hash_number_of(form.number)
    except InvalidInput:
        return ""


def ask(form: DeskForm) -> Answer:
    """Ask for suggestions; a ticket's limits run from its acceptance."""
    accepted_at = None
    if form.ticket_no:
        connection = current().database.connection
        accepted_at = tickets.read_ticket(connection, form.ticket_no).accepted_at
    answer = suggest(
        SuggestionRequest(
            text=form.text,
            ticket_no=form.ticket_no or None,
            category=form.category or None,
            accepted_at=accepted_at,
            region=form.region,
            area=form.area,
            agent=agent_name(),
            channel="desk",
            number_hash=read_number(form),
        )
    )
    keep_answer(answer)
    return answer
