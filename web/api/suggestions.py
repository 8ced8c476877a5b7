"""Calls for suggestions, and what was done with what was shown."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kb.chain import read_record, record_as_dict
from kb.intake import never_mask
from kb.masking import mask_text
from kb.store import sessions
from kb.suggestion import SuggestionRequest, answer_as_dict
from web.bodies import DisplayedBody, EventBody, SuggestionBody
from web.idempotency import idempotent
from web.parsing import agent_name, read_body
from web.services import current
from web.suggesting import hash_number_of, record_displayed, suggest

blueprint = Blueprint("api-suggestions", __name__, url_prefix="/api/v1")


@blueprint.post("/suggestions")
@idempotent
def create_suggestions() -> Response:
    """Procedures, time limits and past fixes for a complaint."""
    body = read_body(SuggestionBody)
    answer = suggest(
        SuggestionRequest(
            text=body.text,
            ticket_no=body.ticket_no,
            category=body.category,
            accepted_at=body.accepted_at,
            region=body.region or "",
            area=body.area or "",
            limit=body.limit,
            agent=agent_name(),
            channel="api",
            number_hash=hash_number_of(body.service_number),
            without=tuple(body.without),
        )
    )
    return jsonify(answer_as_dict(answer))


@blueprint.get("/suggestions/<session_id>")
def get_suggestions(session_id: str) -> Response:
    """One call for suggestions as recorded: what was shown, and what was done with it."""
    return jsonify(record_as_dict(read_record(current().database.connection, session_id)))


@blueprint.post("/suggestions/<session_id>/displayed")
@idempotent
def create_displayed(session_id: str) -> Response:
    """Record that items of one session were painted on the screen."""
    body = read_body(DisplayedBody)
    recorded = record_displayed(session_id, body.impression_ids, agent=agent_name())
    return jsonify({"recorded": recorded})


@blueprint.post("/impressions/<impression_id>/events")
@idempotent
def create_event(impression_id: str) -> Response:
    """Record what an agent did with one item."""
    body = read_body(EventBody)
    services = current()
    with services.database.transaction() as connection:
        sessions.read_impression(connection, impression_id)
        event_id = sessions.add_event(
            connection,
            impression_id,
            body.action,
            agent=agent_name(),
            now=services.clock(),
            dwell_ms=body.dwell_ms,
            reason_code=body.reason_code,
            comment=mask_text(body.comment, never=never_mask(connection)),
        )
    response = jsonify({"event_id": event_id})
    response.status_code = 201
    return response
