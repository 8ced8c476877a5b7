"""What happens around every request: its id, its time, its log line, the headers of its answer."""

from __future__ import annotations

import re
import uuid
from time import perf_counter

from flask import Flask, Response, g, request

from web.admission import note_waiting
from web.events import log_event
from web.metrics import begin_counting, count_request
from web.services import current

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}
ONLY_HTTPS = "max-age=31536000"
STATIC_SECONDS = 365 * 24 * 3600
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def init_app(app: Flask) -> None:
    """Number and time each request; log it, count it and set the headers at its end."""
    begin_counting()
    app.before_request(_begin)

    def finish(response: Response) -> Response:
        seconds = perf_counter() - g.started
        route = request.url_rule.rule if request.url_rule else "(none)"
        count_request(request.method, route, response.status_code, seconds)
        note_waiting()
        log_event(
            "request_finished",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            request_id=g.request_id,
        )
        return _set_headers(response)

    app.after_request(finish)


def _begin() -> None:
    g.started = perf_counter()
    current().database.take_time()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _set_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    if request.is_secure or current().settings.url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = ONLY_HTTPS
    response.headers["X-Request-ID"] = g.request_id
    if request.endpoint == "static" and response.status_code == 200:
        immutable = f"public, max-age={STATIC_SECONDS}, immutable"
        response.headers["Cache-Control"] = immutable if request.args.get("v") else "no-cache"
        return response
    response.headers.setdefault("Cache-Control", "no-store")
    return response
