"""How long what callers said is tied to them: applied by ``kb retain`` and while serving.

A ticket keeps its masked texts, its class and its outcomes for good; what leads to its caller goes.
A session keeps what was shown and done; what was asked goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

from kb.auditing import note
from kb.database import Database
from kb.settings import Settings
from kb.store import retention
from kb.ticket import CHANNELS
from kb.times import format_instant
from kb.trail import purge_trail

AT_ONCE = 500
"""Rows changed in one transaction: agents who write wait no longer than that."""


@dataclass(frozen=True)
class Retained:
    """What was past its time: tickets made nobody's, texts emptied, audit rows purged."""

    tickets: int
    texts: int
    audit: int


def apply_retention(database: Database, settings: Settings, *, now: datetime) -> Retained:
    """Take out what is past its time."""
    days = settings.ticket_days
    edges = {name: _edge(now, days.get(name, days[""])) for name in CHANNELS}
    texts = _edge(now, settings.text_days)
    return Retained(
        tickets=_repeat(
            database,
            "retention:ticket",
            lambda connection: retention.drop_callers(connection, edges, most=AT_ONCE),
        ),
        texts=_repeat(
            database,
            "retention:text",
            lambda connection: retention.drop_texts(connection, texts, most=AT_ONCE),
        ),
        audit=purge_trail(database, before=now - timedelta(days=settings.audit_days), now=now),
    )


def _edge(now: datetime, days: int) -> str:
    return format_instant(now - timedelta(days=days))


def _repeat(database: Database, thing: str, drop: Callable[[Connection], int]) -> int:
    """Drop batch after batch; each batch is in the audit trail."""
    total = 0
    while True:
        with database.transaction() as connection:
            count = drop(connection)
            if count:
                note(connection, thing)
        total += count
        if not count:
            return total
