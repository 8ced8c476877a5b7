"""Asking the engine, for the API and the pages alike: logs the call, keeps the last answers.

The database keeps what was shown (ids, versions, places), not the words around it. So that a
ticket's page can show its suggestions again after a link is made, the latest answers are kept in
memory; an older one is told again from the record, without snippets.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Sequence

from flask import current_app, g

from kb.bounds import Bounds
from kb.counting import counts
from kb.errors import ImpressionNotFound
from kb.intake import hash_caller
from kb.searching import SearchQuery, SearchResult
from kb.store import sessions
from kb.suggestion import Answer, SuggestionRequest
from web.events import log_event
from web.services import current


class RecentAnswers:
    """The last answers given, by session, each for those who see what its asker saw; safe to use
    from many threads."""

    def __init__(self, size: int = 512) -> None:
        """Keep ``size`` answers at most."""
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, Bounds | None], Answer] = OrderedDict()

    def keep(self, answer: Answer, bounds: Bounds | None) -> None:
        """Remember a recorded answer; the oldest is forgotten when there are too many."""
        if not answer.session_id:
            return
        with self._lock:
            self._answers[answer.session_id, bounds] = answer
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)

    def find(self, session_id: str, bounds: Bounds | None) -> Answer | None:
        """The answer of a session, if it is still remembered."""
        with self._lock:
            return self._answers.get((session_id, bounds))


def suggest(request: SuggestionRequest) -> Answer:
    """Ask the engine, which records the session and its items."""
    services = current()
    answer = services.engine.suggest(request, now=services.clock())
    log_event(
        "suggested",
        session_id=answer.session_id,
        channel=request.channel,
        mode=answer.mode,
        abstained=answer.abstained,
        repeat=answer.repeat is not None,
        items=len(answer.items),
        took_ms=answer.took_ms,
        request_id=g.request_id,
    )
    if not answer.session_id:
        _tell_unrecorded("suggestion")
    return answer


def search(query: SearchQuery) -> SearchResult:
    """Ask the engine for what an explicit search finds; it records the search."""
    services = current()
    result = services.engine.search(query, now=services.clock())
    if not result.search_id:
        _tell_unrecorded("search")
    return result


def _tell_unrecorded(kind: str) -> None:
    counts().unrecorded.labels(kind).inc()
    log_event("not_recorded", kind=kind, request_id=g.request_id)


def hash_number_of(number: str) -> str:
    """Keyed hash of the caller's number, which goes no further, "" for none; raise InvalidInput."""
    if not number:
        return ""
    with current().database.transaction() as connection:
        return hash_caller(connection, number)


def record_displayed(session_id: str, impression_ids: Sequence[str], *, agent: str) -> int:
    """Record items of a session as displayed, each once; return how many were new."""
    return current().database.together(
        lambda connection: _add_displayed(connection, session_id, impression_ids, agent=agent)
    )


def note_seen(answer: Answer, impression_ids: Sequence[str], *, agent: str) -> None:
    """Record what a page shows of an answer, where that can be recorded."""
    if answer.session_id:
        current().database.record(
            lambda connection: _add_displayed(
                connection, answer.session_id, impression_ids, agent=agent
            )
        )


def _add_displayed(
    connection: sqlite3.Connection, session_id: str, impression_ids: Sequence[str], *, agent: str
) -> int:
    sessions.read_session(connection, session_id)
    shown = {item.id: item for item in sessions.read_impressions(connection, session_id)}
    for impression_id in impression_ids:
        if impression_id not in shown:
            raise ImpressionNotFound(impression_id, field="impression_ids")
    fresh = [each for each in dict.fromkeys(impression_ids) if not shown[each].displayed_at]
    now = current().clock()
    for impression_id in fresh:
        sessions.add_event(connection, impression_id, "displayed", agent=agent, now=now)
    return len(fresh)


def keep_answer(answer: Answer) -> None:
    """Remember an answer so that its ticket's page can show it again."""
    _recent().keep(answer, current().database.bounds)


def find_answer(session_id: str) -> Answer | None:
    """An answer given lately."""
    return _recent().find(session_id, current().database.bounds)


def _recent() -> RecentAnswers:
    recent: RecentAnswers = current_app.extensions["recent-answers"]
    return recent
