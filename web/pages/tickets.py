"""Tickets as pages: the list, and the desk bound to one ticket."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.auditing import note_read
from web.errors import REFUSALS
from web.forms import read_without
from web.guard import check_form
from web.pages.bound import (
    Answered,
    ask_on_page,
    keeps_text,
    link_choice,
    link_references,
    open_ticket,
    press_mark,
    save_typed,
    take_in_desk,
    to_page,
)
from web.pages.queues import describe_queue
from web.pages.view import render_refused_desk
from web.services import current

blueprint = Blueprint("tickets", __name__, url_prefix="/tickets")


@blueprint.get("")
def show_tickets() -> str:
    """A queue of tickets: what is due first comes first."""
    queue = describe_queue()
    note_read("ticket:list")
    return render_template("tickets.html", **queue)


@blueprint.post("")
def create_ticket() -> Answered:
    """Take in the complaint on the desk; a refusal keeps what was typed."""
    check_form()
    try:
        with current().database.transaction():
            ticket = take_in_desk()
            link_choice(ticket.ticket_no)
        return to_page(ticket.ticket_no)
    except REFUSALS as error:
        return render_refused_desk(error)


@blueprint.get("/<ticket_no>")
def show_ticket(ticket_no: str) -> str:
    """The desk bound to one ticket."""
    opened = open_ticket(ticket_no)
    note_read(f"ticket:{ticket_no}")
    return render_template("ticket.html", **opened, typed={}, problem=None)


@blueprint.post("/<ticket_no>", endpoint="save")
@keeps_text
def save_ticket(ticket_no: str) -> Answered:
    """Keep what was typed, and the mark that was pressed."""
    with current().database.transaction():
        save_typed(ticket_no)
        link_choice(ticket_no)
        press_mark(ticket_no)
        link_references(ticket_no)
    return to_page(ticket_no)


@blueprint.post("/<ticket_no>/suggest", endpoint="suggest")
@keeps_text
def suggest_again(ticket_no: str) -> Answered:
    """Keep what was typed and ask for suggestions anew."""
    ticket = save_typed(ticket_no)
    return ask_on_page(ticket, without=read_without())
