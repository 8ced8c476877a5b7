"""Suggestion sessions, impressions, events; answered requests and secrets."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kb.errors import EventNotFound, IdempotencyConflict, ImpressionNotFound, SessionNotFound
from kb.store.rows import insert, insert_many, parse_row, row_values
from kb.times import format_instant

KEPT_ANSWERS = timedelta(hours=24)


@dataclass(frozen=True)
class Session:
    """One call for suggestions, as recorded; the query is masked.

    ``request``: how it was asked, as JSON, without the text and the number.
    """

    id: str
    ticket_no: str | None
    agent: str
    channel: str
    query_masked: str
    query_hash: str
    created_at: str
    index_generation: str
    ranker_version: str
    arm: str
    mode: str
    abstained: bool
    top_confidence: str
    took_ms: float
    request: str = "{}"
    is_training: bool = False


@dataclass(frozen=True)
class Impression:
    """One item shown, with its version, place and the chance it had to stand there.

    ``boost``: the learnt part of the score; ``team``: the ranker that picked it in an experiment.
    """

    id: str
    session_id: str
    target_type: str
    target_id: str
    target_version: str
    position: int
    score: float
    confidence: str
    propensity: float
    matched_terms: tuple[str, ...]
    title: str
    displayed_at: str | None
    boost: float = 0.0
    team: str = ""


@dataclass(frozen=True)
class Event:
    """One thing an agent did with an item shown; taken back (``undone_at``) it counts nowhere."""

    id: int
    impression_id: str
    action: str
    at: str
    agent: str
    dwell_ms: int | None
    reason_code: str
    comment: str
    event_key: str | None = None
    undone_at: str | None = None


def add_session(
    connection: sqlite3.Connection, session: Session, impressions: Sequence[Impression]
) -> None:
    """Record a session with all its impressions."""
    insert(connection, "suggestion_session", row_values(session))
    insert_many(connection, "impression", impressions)


def read_session(connection: sqlite3.Connection, session_id: str) -> Session:
    """One session; raise SessionNotFound."""
    row = connection.execute(
        "SELECT * FROM suggestion_session WHERE id = ?", (session_id,)
    ).fetchone()
    if row is None:
        raise SessionNotFound(session_id, field="session_id")
    return parse_row(row, Session)


def read_sessions_of(connection: sqlite3.Connection, ticket_no: str) -> list[Session]:
    """The sessions of a ticket, oldest first, also where the clock was put back."""
    rows = connection.execute(
        "SELECT * FROM suggestion_session WHERE ticket_no = ? ORDER BY rowid",
        (ticket_no,),
    )
    return [parse_row(row, Session) for row in rows]


def read_impressions(connection: sqlite3.Connection, session_id: str) -> list[Impression]:
    """The items a session showed, in the order they were recorded."""
    rows = connection.execute(
        "SELECT * FROM impression WHERE session_id = ? ORDER BY rowid", (session_id,)
    )
    return [parse_row(row, Impression) for row in rows]


def read_impression(connection: sqlite3.Connection, impression_id: str) -> Impression:
    """One impression; raise ImpressionNotFound."""
    row = connection.execute("SELECT * FROM impression WHERE id = ?", (impression_id,)).fetchone()
    if row is None:
        raise ImpressionNotFound(impression_id, field="impression_id")
    return parse_row(row, Impression)


def attach_session(connection: sqlite3.Connection, session_id: str, ticket_no: str) -> None:
    """Tie a session that was opened before its ticket to that ticket."""
    connection.execute(
        "UPDATE suggestion_session SET ticket_no = ? WHERE id = ? AND ticket_no IS NULL",
        (ticket_no, session_id),
    )


def add_event(
    connection: sqlite3.Connection,
    impression_id: str,
    action: str,
    *,
    agent: str,
    now: datetime,
    dwell_ms: int | None = None,
    reason_code: str = "",
    comment: str = "",
    event_key: str | None = None,
) -> int:
    """Record one event; ``displayed`` also stamps the impression. Return the event's number."""
    at = format_instant(now)
    if action == "displayed":
        connection.execute(
            "UPDATE impression SET displayed_at = ? WHERE id = ? AND displayed_at IS NULL",
            (at, impression_id),
        )
    cursor = connection.execute(
        "INSERT INTO suggestion_event"
        " (impression_id, action, at, agent, dwell_ms, reason_code, comment, event_key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (impression_id, action, at, agent, dwell_ms, reason_code, comment, event_key),
    )
    return int(cursor.lastrowid or 0)


def read_event(connection: sqlite3.Connection, event_id: int) -> Event:
    """One event, taken back or not; raise EventNotFound."""
    row = connection.execute("SELECT * FROM suggestion_event WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        raise EventNotFound(str(event_id), field="event_id")
    return parse_row(row, Event)


def find_event(connection: sqlite3.Connection, event_key: str) -> Event | None:
    """The event its sender called ``event_key``, be it hidden from who asks."""
    row = connection.execute(
        "SELECT * FROM main.suggestion_event WHERE event_key = ?", (event_key,)
    ).fetchone()
    return parse_row(row, Event) if row else None


def undo_event(connection: sqlite3.Connection, event_id: int, *, now: datetime) -> None:
    """Let an event count no more."""
    connection.execute(
        "UPDATE suggestion_event SET undone_at = ? WHERE id = ? AND undone_at IS NULL",
        (format_instant(now), event_id),
    )


def undo_linked(
    connection: sqlite3.Connection, impression_id: str, *, usage: str, now: datetime
) -> None:
    """Let the event of a link that was taken back count no more."""
    connection.execute(
        "UPDATE suggestion_event SET undone_at = ? WHERE impression_id = ? AND action = 'linked'"
        " AND reason_code = ? AND undone_at IS NULL",
        (format_instant(now), impression_id, usage),
    )


def read_events(connection: sqlite3.Connection, session_id: str) -> list[Event]:
    """The events on the items of a session that count, oldest first."""
    rows = connection.execute(
        "SELECT suggestion_event.* FROM suggestion_event"
        " JOIN impression ON impression.id = suggestion_event.impression_id"
        " WHERE impression.session_id = ? AND undone_at IS NULL ORDER BY suggestion_event.id",
        (session_id,),
    )
    return [parse_row(row, Event) for row in rows]


def request_hash(body: Any) -> str:
    """Hash of a request's method, path and body, to tell a repeat from another request."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_answered(
    connection: sqlite3.Connection, key: str, *, request: str
) -> tuple[int, str] | None:
    """Status and body sent for this Idempotency-Key before; raise if it was another request."""
    row = connection.execute("SELECT * FROM idempotency WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["request_hash"] != request:
        raise IdempotencyConflict(key, field="Idempotency-Key")
    return row["status"], row["response"]


def save_answered(
    connection: sqlite3.Connection,
    key: str,
    *,
    request: str,
    status: int,
    response: str,
    now: datetime,
) -> None:
    """Keep the answer given for an Idempotency-Key, and drop those older than KEPT_ANSWERS."""
    edge = format_instant(now - KEPT_ANSWERS)
    connection.execute("DELETE FROM idempotency WHERE created_at < ?", (edge,))
    insert(
        connection,
        "idempotency",
        {
            "key": key,
            "request_hash": request,
            "status": status,
            "response": response,
            "created_at": format_instant(now),
        },
    )


def read_secret(connection: sqlite3.Connection, name: str) -> bytes:
    """The secret of this data folder under ``name``, made at first use (32 random bytes)."""
    connection.execute(
        "INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
        (name, secrets.token_bytes(32)),
    )
    row = connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
    return bytes(row["value"])
