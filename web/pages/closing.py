"""Closing a ticket, and what comes after it: reopening and calling back."""

from __future__ import annotations

from flask import Blueprint, request

from kb.texts import clean_text
from web.forms import long_field, read_score, short_field
from web.pages.bound import (
    Answered,
    close_with_choice,
    keeps_text,
    link_references,
    save_typed,
    to_page,
)
from web.parsing import agent_name
from web.services import current

blueprint = Blueprint("closing", __name__, url_prefix="/tickets")


@blueprint.post("/<ticket_no>/close", endpoint="close")
@keeps_text
def close_ticket(ticket_no: str) -> Answered:
    """Keep what was typed and close with the solution chosen, or with 都不适用."""
    with current().database.transaction():
        ticket = save_typed(ticket_no)
        link_references(ticket_no)
        close_with_choice(ticket)
    return to_page(ticket_no)


@blueprint.post("/<ticket_no>/escalate", endpoint="escalate")
@keeps_text
def escalate_ticket(ticket_no: str) -> Answered:
    """Keep what was typed and hand the complaint further up."""
    services = current()
    with services.database.transaction():
        save_typed(ticket_no)
        services.desk.escalate(
            ticket_no,
            reason=long_field("escalate_reason", label="升级原因"),
            happened=services.clock(),
            agent=agent_name(),
            now=services.clock(),
        )
    return to_page(ticket_no)


@blueprint.post("/<ticket_no>/reopen", endpoint="reopen")
@keeps_text
def reopen_ticket(ticket_no: str) -> Answered:
    """Open a closed ticket again."""
    services = current()
    services.desk.reopen(
        ticket_no,
        reason=long_field("reason", label="重开原因"),
        agent=agent_name(),
        now=services.clock(),
    )
    return to_page(ticket_no)


@blueprint.post("/<ticket_no>/callback", endpoint="callback")
@keeps_text
def call_back(ticket_no: str) -> Answered:
    """Record a callback."""
    services = current()
    services.desk.call_back(
        ticket_no,
        satisfied={"yes": True, "no": False}.get(short_field("satisfied")),
        satisfaction=read_score(),
        comment=clean_text(request.form.get("comment", ""), field="客户的话"),
        agent=agent_name(),
        now=services.clock(),
    )
    return to_page(ticket_no)
