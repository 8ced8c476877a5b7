"""Calls for suggestions, and what was done with what was shown."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify

from kb import recording
from kb.chain import decision_as_dict, read_record, record_as_dict
from kb.errors import EventNotFound
from kb.recording import Act, decide, record_act, undo_act
from kb.suggestion import SuggestionRequest, answer_as_dict
from web.bodies import DecisionBody, DisplayedBody, EventBody, SuggestionBody
from web.idempotency import idempotent
from web.parsing import agent_name, read_body
from web.services import current
from web.suggesting import hash_number_of, record_displayed, suggest

_NUMBER = re.compile(r"[0-9]{1,18}")
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
            is_training=body.is_training,
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


@blueprint.post("/suggestions/<session_id>/decisions")
@idempotent
def create_decision(session_id: str) -> Response:
    """Record that nothing fitted, or that the handbook has a gap."""
    body = read_body(DecisionBody)
    services = current()
    with services.database.transaction() as connection:
        decision = decide(
            connection,
            session_id,
            body.decision,
            comment=body.comment,
            agent=agent_name(),
            now=services.clock(),
        )
    response = jsonify(decision_as_dict(decision))
    response.status_code = 201
    return response


@blueprint.post("/decisions/<decision_id>/undo")
def undo_decision(decision_id: str) -> Response:
    """Take a decision back, a few seconds after it was made."""
    services = current()
    with services.database.transaction() as connection:
        decision = recording.undo_decision(connection, decision_id, now=services.clock())
    return jsonify(decision_as_dict(decision))


@blueprint.post("/impressions/<impression_id>/events")
@idempotent
def create_event(impression_id: str) -> Response:
    """Record what an agent did with one item."""
    act = Act(**read_body(EventBody).model_dump())
    agent, now = agent_name(), current().clock()
    event_id = current().database.together(
        lambda connection: record_act(connection, impression_id, act, agent=agent, now=now)
    )
    response = jsonify({"event_id": event_id})
    response.status_code = 201
    return response


@blueprint.post("/events/<event_id>/undo")
def undo_event(event_id: str) -> Response:
    """Take an event back, a few seconds after it was recorded."""
    if not _NUMBER.fullmatch(event_id):
        raise EventNotFound(event_id, field="event_id")
    services = current()
    with services.database.transaction() as connection:
        event = undo_act(connection, int(event_id), now=services.clock())
    return jsonify({"event_id": event.id, "undone_at": event.undone_at})
