"""For operators: alive, ready, measured; and the description of the API."""

from __future__ import annotations

import shutil
import threading

from flask import Blueprint, Response, current_app, jsonify

from kb.database import Database
from kb.store.queue import last_queued, oldest_queued
from web.admission import note_waiting
from web.metrics import State, write_metrics
from web.openapi import build_document
from web.services import current

blueprint = Blueprint("health", __name__)
PREFIX = "/api/v1"
DAMAGED = "damaged"
LEAST_FREE = 1 << 20
"""Bytes; a commit needs a few pages twice."""


@blueprint.get("/healthz")
@blueprint.get(f"{PREFIX}/healthz")
def get_health() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
@blueprint.get(f"{PREFIX}/readyz")
def get_readiness() -> Response:
    """Questions are answered: from the index, or slowly from the database (``mode``). ``writes``
    tells whether they can be recorded: ``ok``, ``disk-full`` or ``damaged``."""
    services = current()
    last_queued(services.database.connection)
    status = services.engine.status()
    writes = _tell_writes(services.database)
    stopping: threading.Event = current_app.extensions["stopping"]
    is_ready = status.ready and writes != DAMAGED and not stopping.is_set()
    response = jsonify(
        {
            "status": "ready" if is_ready else "stopping" if stopping.is_set() else "not-ready",
            "writes": writes,
            "index_generation": status.index_generation,
            "passages": status.passages,
            "tickets": status.tickets,
            "mode": status.mode,
            "mode_reason": status.mode_reason,
            "pending": status.pending,
            "ranker_version": status.ranker_version,
        }
    )
    response.status_code = 200 if is_ready else 503
    return response


def _tell_writes(database: Database) -> str:
    if database.damage:
        return DAMAGED
    is_full = shutil.disk_usage(database.path.parent).free < LEAST_FREE
    return "disk-full" if is_full else "ok"


@blueprint.get("/metrics")
@blueprint.get(f"{PREFIX}/metrics")
def get_metrics() -> Response:
    """Requests, steps, events, the index, the queue and the disks, as Prometheus text."""
    services = current()
    note_waiting()
    state = State(
        services.engine.status(),
        oldest_queued(services.database.connection),
        services.settings,
        services.clock(),
    )
    return Response(write_metrics(state), mimetype="text/plain; version=0.0.4")


@blueprint.get(f"{PREFIX}/openapi.json")
def get_openapi() -> Response:
    """This API as an OpenAPI 3.1 document."""
    return jsonify(build_document())
