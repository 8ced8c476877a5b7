"""How often one client may make calls that cost: a limit a minute, over all workers and restarts.

A worker takes calls from the database in blocks, a twentieth of the limit each, and serves them
from memory: a client costs a write a minute, and together the workers never allow more than the
limit. What a restart forgets had been taken, so it allows nothing anew.
"""

from __future__ import annotations

import ipaddress
import sqlite3
import threading
from collections.abc import Mapping

from flask import Flask, g, request

from kb.database import Database
from kb.settings import Settings
from kb.store.rates import Slot, take
from web.access import seen_viewer
from web.errors import TooManyRequests
from web.events import log_event
from web.parsing import named_agent
from web.services import Services

ASK, IMPORT, TRIAL = "ask", "import", "trial"
KINDS: Mapping[str, str] = {
    "api-suggestions.create_suggestions": ASK,
    "api-search.get_search": ASK,
    "api-search.create_search": ASK,
    "desk.show_suggestions": ASK,
    "desk.show_fragment": ASK,
    "tickets.suggest": ASK,
    "search.show_search": ASK,
    "search.find_quickly": ASK,
    "api-documents.preview": IMPORT,
    "documents.preview": IMPORT,
    "documents.confirm": IMPORT,
    "api-editing.get_impact": TRIAL,
    "api-vocabulary.preview": TRIAL,
    "editing.show_impact": TRIAL,
}
"""The kind of each endpoint that costs or could be abused; all others are free."""
BLOCKS = 20
SPENT = -1
STRIPES = 64
"""Clients wait for one another only where they share a stripe: taking a block is a write."""


class Rates:
    """What this worker has taken for its clients and not yet served; safe for many threads."""

    def __init__(self, database: Database, limits: Mapping[str, int]) -> None:
        """``limits``: calls a minute by kind; 0 is no limit."""
        self._database = database
        self._limits = limits
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._spare: dict[Slot, int] = {}
        self._failure: sqlite3.OperationalError | None = None

    def admits(self, slot: Slot) -> bool:
        """Whether the client may make one more call of this kind in this minute.

        Raise sqlite3.OperationalError when it cannot be counted; those who waited for the one that
        found out do not try again.
        """
        limit = self._limits[slot.kind]
        if not limit:
            return True
        before = self._failure
        with self._locks[hash(slot.client) % STRIPES]:
            if self._failure is not None and self._failure is not before:
                raise self._failure
            left = self._spare.get(slot, 0) or self._take(slot, limit) or SPENT
            self._spare[slot] = left if left == SPENT else left - 1
            return left != SPENT

    def _take(self, slot: Slot, limit: int) -> int:
        block = -(-limit // BLOCKS)
        self._spare = {each: left for each, left in self._spare.items()
                       if each.minute == slot.minute}  # fmt: skip
        try:
            before = self._database.together(lambda connection: take(connection, slot, block))
        except sqlite3.OperationalError as error:
            self._failure = error
            raise
        return max(min(block, limit - before), 0)


def limits_of(settings: Settings) -> dict[str, int]:
    """Calls a minute by kind, as set."""
    return {
        ASK: settings.rate_ask,
        IMPORT: settings.rate_import,
        TRIAL: settings.rate_trial,
    }


def init_app(app: Flask, services: Services) -> None:
    """Count every call that costs before it is answered."""
    rates = Rates(services.database, limits_of(services.settings))

    def check_rate() -> None:
        kind = KINDS.get(request.endpoint or "")
        client = client_name() if kind else ""
        if kind is None or not client:
            return
        seconds = int(services.clock().timestamp())
        try:
            admitted = rates.admits(Slot(client, kind, seconds // 60))
        except sqlite3.OperationalError as error:  # a desk that cannot count still answers
            services.database.hurry(error)
            log_event("database_unavailable", error=type(error).__name__, request_id=g.request_id)
            return
        if not admitted:
            raise TooManyRequests(60 - seconds % 60)

    app.before_request(check_rate)


def client_name() -> str:
    """Whom a call counts for: its account, else its address; on this machine the name it was given,
    and nobody without one."""
    account = seen_viewer().name
    if account:
        return account
    address = request.remote_addr or ""
    return named_agent() if _is_here(address) else address


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
