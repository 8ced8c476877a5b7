"""For operators: alive, ready, measured; and the description of the API."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

from kb.store.queue import last_queued
from web.admission import waiting
from web.metrics import Metrics
from web.openapi import build_document
from web.services import current

blueprint = Blueprint("health", __name__)
PREFIX = "/api/v1"
MODES = ("hybrid", "lexical", "database")


@blueprint.get("/healthz")
@blueprint.get(f"{PREFIX}/healthz")
def get_health() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
@blueprint.get(f"{PREFIX}/readyz")
def get_readiness() -> Response:
    """Questions are answered: from the index, or slowly from the database (``mode``)."""
    services = current()
    last_queued(services.database.connection)
    status = services.engine.status()
    response = jsonify(
        {
            "status": "ready" if status.ready else "not-ready",
            "index_generation": status.index_generation,
            "passages": status.passages,
            "tickets": status.tickets,
            "mode": status.mode,
            "mode_reason": status.mode_reason,
            "pending": status.pending,
            "ranker_version": status.ranker_version,
        }
    )
    response.status_code = 200 if status.ready else 503
    return response


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
        "# HELP kb_mode How questions are answered: hybrid, lexical (no encoder), database.",
        "# TYPE kb_mode gauge",
        *(f'kb_mode{{mode="{mode}"}} {int(mode == status.mode)}' for mode in MODES),
    ]
    return Response("\n".join(lines) + "\n", mimetype="text/plain; version=0.0.4")


@blueprint.get(f"{PREFIX}/openapi.json")
def get_openapi() -> Response:
    """This API as an OpenAPI 3.1 document."""
    return jsonify(build_document())
