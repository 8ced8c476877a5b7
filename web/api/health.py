"""For operators: alive, ready, measured; and the description of the API."""

from __future__ import annotations

import shutil
import threading

from flask import Blueprint, Response, current_app, jsonify

from kb.database import Database
from kb.store.queue import last_queued
from web.admission import waiting
from web.metrics import Metrics
from web.openapi import build_document
from web.services import current

blueprint = Blueprint("health", __name__)
PREFIX = "/api/v1"
DAMAGED = "damaged"
LEAST_FREE = 1 << 20
"""Bytes; a commit needs a few pages twice."""
MODES = ("hybrid", "lexical", "database")


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
    """Requests and the state of the index, as Prometheus text."""
    metrics: Metrics = current_app.extensions["metrics"]
    status = current().engine.status()
    lines = [
        *metrics.lines(),
        "# HELP kb_index_pending Changes that are not in the index yet.",
        "# TYPE kb_index_pending gauge",
        f"kb_index_pending {status.pending}",
        "# HELP kb_queue_depth Requests of this process that wait for a thread.",
        "# TYPE kb_queue_depth gauge",
        f"kb_queue_depth {waiting()}",
        "# HELP kb_ready Whether questions are answered.",
        "# TYPE kb_ready gauge",
        f"kb_ready {int(status.ready)}",
        "# HELP kb_index_losses_total Times the index could be searched no more.",
        "# TYPE kb_index_losses_total counter",
        f"kb_index_losses_total {current().engine.losses}",
        "# HELP kb_encoder_failures_total Questions answered by words as the encoder failed.",
        "# TYPE kb_encoder_failures_total counter",
        f"kb_encoder_failures_total {current().engine.encoder_failures}",
        "# HELP kb_mode How questions are answered: hybrid, lexical (no encoder), database.",
        "# TYPE kb_mode gauge",
        *(f'kb_mode{{mode="{mode}"}} {int(mode == status.mode)}' for mode in MODES),
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


@blueprint.get(f"{PREFIX}/openapi.json")
def get_openapi() -> Response:
    """This API as an OpenAPI 3.1 document."""
    return jsonify(build_document())
