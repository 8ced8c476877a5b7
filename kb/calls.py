"""Calls that ring at a desk: the telephone system names the caller, the desk opens on them.

Only the number's mask and keyed hash are kept, and only for a few days. A link that opens a call
holds no number: it names the call, is signed, works once and for a minute.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.database import Database
from kb.errors import LinkSpent
from kb.intake import hash_caller, never_mask
from kb.masking import mask_number, mask_text, plain_key
from kb.store import calls, sessions, tickets
from kb.store.calls import Call
from kb.ticket import Ticket
from kb.times import format_instant

LINK_LIFE = timedelta(seconds=60)
LINK_KEY = "call-link"
HISTORY = timedelta(days=90)
"""How far back a caller's tickets are shown."""
SHOWN = 10
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Caller:
    """What is known of a caller: the newest tickets first. ``count``: all of them;
    ``recent``: those taken in within the repeat window."""

    service_number: str
    tickets: tuple[Ticket, ...]
    count: int
    recent: int


def take_call(
    database: Database, call_id: str, *, number: str, queue: str, text: str, now: datetime
) -> Call:
    """Keep a call that rings; the same call told again takes the place of what was told before."""
    with database.transaction() as connection:
        call = Call(
            call_id=plain_key(call_id),
            queue=mask_text(queue, never=never_mask(connection)),
            service_number=mask_number(number),
            number_hash=hash_caller(connection, number),
            text=mask_text(text, never=never_mask(connection)),
            created_at=format_instant(now),
        )
        calls.save_call(connection, call, now=now)
    return call


def sign_link(database: Database, call_id: str, *, now: datetime) -> str:
    """A token that opens the call once within a minute."""
    with database.transaction() as connection:
        key = sessions.read_secret(connection, LINK_KEY)
    claim = [call_id, int((now + LINK_LIFE).timestamp()), secrets.token_urlsafe(_NONCE_BYTES)]
    payload = base64.urlsafe_b64encode(json.dumps(claim).encode()).decode().rstrip("=")
    return f"{payload}.{_signature(payload, key)}"


def follow_link(database: Database, token: str, *, now: datetime) -> str:
    """The call a token opens; raise LinkSpent when it is forged, too old, or was used before."""
    payload, _, signature = token.partition(".")
    with database.transaction() as connection:
        key = sessions.read_secret(connection, LINK_KEY)
        if not hmac.compare_digest(signature.encode(), _signature(payload, key).encode()):
            raise LinkSpent(field="t")
        call_id, until, nonce = json.loads(base64.urlsafe_b64decode(payload + "=" * 3))
        if now.timestamp() > until or not calls.use_link(connection, nonce, now=now):
            raise LinkSpent(field="t")
    return str(call_id)


def read_caller(
    connection: sqlite3.Connection, call: Call, *, repeat_days: int, now: datetime
) -> Caller:
    """The caller's tickets of the last 90 days."""
    since = format_instant(now - HISTORY)
    edge = format_instant(now - timedelta(days=repeat_days))
    found, count = tickets.recent_of_number(
        connection, call.number_hash, since=since, until=format_instant(now), limit=SHOWN
    )
    recent = sum(ticket.accepted_at >= edge for ticket in found)
    return Caller(call.service_number, tuple(found), count, recent)


def _signature(payload: str, key: bytes) -> str:
    return hmac.new(key, payload.encode(), hashlib.sha256).hexdigest()
