"""Closing a ticket, and what comes after it: reopening and calling back."""

from __future__ import annotations

from flask import Blueprint, request

from kb.desk import Closing
from kb.linking import Target
from kb.texts import clean_text
from web.forms import long_field, read_score, short_field
from web.pages.bound import Answered, keeps_text, save_typed, to_page, withdraw_solution
from web.parsing import agent_name
from web.services import current

blueprint = Blueprint("closing", __name__, url_prefix="/tickets")
NONE_FIT = "none"


@blueprint.post("/<ticket_no>/close", endpoint="close")
@keeps_text
def close_ticket(ticket_no: str) -> Answered:
    """Keep what was typed and close with the solution chosen, or with 都不适用."""
    chosen = short_field("solution")
    services = current()
    with services.database.transaction():
        ticket = save_typed(ticket_no)
        if chosen == NONE_FIT:
            withdraw_solution(ticket_no)
        closing = Closing(
            resolution=ticket.resolution,
            root_cause=ticket.root_cause,
            fix=ticket.fix,
            solution=_chosen_target(chosen),
            none_fit=chosen == NONE_FIT,
            satisfaction=read_score(),
        )
        services.desk.close(ticket_no, closing, agent=agent_name(), now=services.clock())
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


def _chosen_target(chosen: str) -> Target | None:
    if chosen in ("", NONE_FIT):
        return None
    return Target(impression_id=chosen)
