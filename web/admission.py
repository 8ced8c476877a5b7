"""Whether a request is answered or told to come again: nobody waits behind hundreds of others.

The server knows how many requests wait for a thread (``count_waiting``). Beyond the limit of the
settings searches and suggestions are refused, which pages ask for again anyhow; what somebody wants
kept, and all else, only beyond four times as many.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from flask import Flask, current_app, request

from kb.counting import counts
from web.access import FREE
from web.errors import Overloaded
from web.rates import KINDS
from web.services import current

MORE_FOR_OTHERS = 4
LONGEST_RETRY = 5
"""Seconds: each is told another time, so that not all come again at once."""
_COUNT = "count-waiting"


def init_app(app: Flask) -> None:
    """Look at the queue before every request, and before anything else is done for it."""
    count_waiting(app, lambda: 0)
    app.before_request(_check)


def count_waiting(app: Flask, count: Callable[[], int]) -> None:
    """Let the server say how many requests wait for a thread now."""
    app.extensions[_COUNT] = count


def waiting() -> int:
    """How many requests wait for a thread."""
    count: Callable[[], int] = current_app.extensions[_COUNT]
    return count()


def note_waiting() -> None:
    """Let the metrics of all processes tell how many wait in this one."""
    counts().waiting.set(waiting())


def _check() -> None:
    most = current().settings.queue
    if request.endpoint not in KINDS:
        most *= MORE_FOR_OTHERS
    if request.endpoint not in FREE and waiting() > most:
        raise Overloaded(1 + secrets.randbelow(LONGEST_RETRY))
