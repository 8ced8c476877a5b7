"""Calls that ring: the telephone system tells of them, and gets a link that opens the desk."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, url_for

from kb.calls import LINK_LIFE, sign_link, take_call
from web.bodies import CallBody
from web.idempotency import idempotent
from web.parsing import read_body
from web.services import current

blueprint = Blueprint("api-calls", __name__, url_prefix="/api/v1/calls")


@blueprint.post("")
@idempotent
def create_call() -> Response:
    """Keep a call; the number comes in the body, never in an address."""
    body = read_body(CallBody)
    services = current()
    call = take_call(
        services.database,
        body.call_id,
        number=body.service_number,
        queue=body.queue,
        text=body.text,
        now=services.clock(),
    )
    token = sign_link(services.database, call.call_id, now=services.clock())
    response = jsonify(
        {
            "call_id": call.call_id,
            "service_number": call.service_number,
            "url": url_for("pop.show_call", call_id=call.call_id),
            "link": url_for("pop.show_call", t=token),
            "link_seconds": int(LINK_LIFE.total_seconds()),
        }
    )
    response.status_code = 201
    return response
