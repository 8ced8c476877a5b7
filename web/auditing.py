"""Who stands behind a request, for the audit trail; and reads that belong into it."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from dataclasses import dataclass

from flask import Flask, current_app, has_request_context, request

from kb.auditing import Actor, note
from kb.database import Database
from kb.errors import KBError
from web.events import log_event
from web.parsing import NOBODY, agent_name
from web.services import Services, current

SERVICE = "service"
"""Who does what recurs while serving; the action is the thread's name."""
MOST_DELAYED = 10_000


@dataclass(frozen=True)
class Read:
    """Somebody looked at something."""

    who: str
    action: str
    object: str


def init_app(app: Flask, services: Services) -> None:
    """Let the database ask this app who is at work."""
    app.extensions["delayed-reads"] = deque[Read](maxlen=MOST_DELAYED)
    services.database.actor = Actor(_who, _action, services.clock)


def _who() -> str:
    if not has_request_context():
        return SERVICE
    try:
        return agent_name()
    except KBError:
        return NOBODY


def _action() -> str:
    if not has_request_context():
        return threading.current_thread().name
    return request.endpoint or ""


def note_read(thing: str) -> None:
    """Write down that this request shows ``thing`` (``kind:key``).

    Reading goes on when nothing can be written (disk full, database locked): what was read is
    told in the log, kept, and written with the next read that can be.
    """
    delayed: deque[Read] = current_app.extensions["delayed-reads"]
    delayed.append(Read(_who(), _action(), thing))
    try:
        _write(current().database, delayed)
    except sqlite3.OperationalError as error:
        current().database.hurry(error)
        log_event("audit_delayed", error=type(error).__name__, waiting=len(delayed))


def _write(database: Database, delayed: deque[Read]) -> None:
    taken: list[Read] = []

    def write(connection: sqlite3.Connection) -> None:
        while delayed:
            taken.append(delayed.popleft())
            note(connection, taken[-1].object, action=taken[-1].action, who=taken[-1].who)

    try:
        database.together(write)
    except BaseException:
        delayed.extendleft(reversed(taken))
        raise
