"""The catalogue of log events: names and scalars only, never a customer's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from kb.counting import counts

EVENTS: Mapping[str, frozenset[str]] = {
    "service_started": frozenset({"host", "port", "workers", "threads"}),
    "server_trouble": frozenset({"error", "place"}),
    "service_stopped": frozenset(),
    "outcomes_settled": frozenset({"count"}),
    "experiment_stopped": frozenset({"experiment", "harm"}),
    "reviews_opened": frozenset({"count"}),
    "impact_not_measured": frozenset({"error"}),
    "audit_delayed": frozenset({"error", "waiting"}),
    "retained": frozenset({"tickets", "texts", "audit"}),
    "backup_made": frozenset({"bytes", "removed"}),
    "backup_failed": frozenset({"error"}),
    "request_finished": frozenset({"method", "route", "status", "ms", "request_id"}),
    "request_failed": frozenset({"error", "place", "request_id"}),
    "database_unavailable": frozenset({"error", "request_id"}),
    "disk_full": frozenset({"request_id"}),
    "not_recorded": frozenset({"kind", "request_id"}),
    "signed_in": frozenset({"account", "request_id"}),
    "signed_out": frozenset({"account", "request_id"}),
    "sign_in_refused": frozenset({"reason", "request_id"}),
    "access_refused": frozenset({"account", "route", "request_id"}),
    "account_changed": frozenset({"account", "by", "action", "request_id"}),
    "suggested": frozenset(
        {"session_id", "channel", "mode", "abstained", "repeat", "items", "took_ms", "request_id"}
    ),
}
"""Each event with the fields it may carry."""

Scalar = str | int | float | bool | None
_logger = logging.getLogger("web")


def log_event(name: str, **fields: Scalar) -> None:
    """Write one event as one line of JSON; a name or field not in the catalogue is a mistake."""
    unknown = fields.keys() - EVENTS[name]
    if unknown:
        raise ValueError(f"{name}: {sorted(unknown)}")
    counts().events.labels(name).inc()
    level = logging.ERROR if name == "request_failed" else logging.INFO
    _logger.log(level, json.dumps({"event": name, **fields}, ensure_ascii=False))
