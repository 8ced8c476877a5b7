"""What is written down while agents work: acts on items, decisions on sessions, searches.

Everything can be sent again without counting twice, and taken back within UNDO.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.errors import EventKeyConflict, InvalidInput, UndoRefused
from kb.intake import never_mask
from kb.masking import mask_text, plain_key
from kb.searching import SearchQuery, SearchResult
from kb.steps import timed
from kb.store import decisions, links, searches, sessions, tickets
from kb.store.decisions import Decision
from kb.store.sessions import Event
from kb.suggestion import DECISIONS, Answer, Suggestion, SuggestionRequest
from kb.times import format_instant, parse_instant

UNDO = timedelta(seconds=10)
"""How long an act or a decision can be taken back."""
ANEW = timedelta(minutes=2)
"""How long after a search the next one by the same agent is taken to word it anew."""
QUERY_KEY = "query-hash"
NOT_UNDONE = {"displayed": "显示记录不能撤销", "linked": "关联请到工单上撤销"}
"""Acts that are no choice of the agent alone, and what to say of them."""


@dataclass(frozen=True)
class Act:
    """What an agent did with an item. ``event_key``: the sender's own name for this act."""

    action: str
    dwell_ms: int | None = None
    reason_code: str = ""
    comment: str = ""
    event_key: str | None = None


def record_act(
    connection: sqlite3.Connection, impression_id: str, act: Act, *, agent: str, now: datetime
) -> int:
    """Record an act and return its event's number; one sent again is the event that is there.

    Raise EventKeyConflict when the key named another act before.
    """
    sessions.read_impression(connection, impression_id)
    event_key = plain_key(act.event_key) if act.event_key else None
    known = sessions.find_event(connection, event_key) if event_key else None
    if known is not None:
        if (known.impression_id, known.action) != (impression_id, act.action):
            raise EventKeyConflict(act.event_key or "", field="event_key")
        return known.id
    return sessions.add_event(
        connection,
        impression_id,
        act.action,
        agent=agent,
        now=now,
        dwell_ms=act.dwell_ms,
        reason_code=mask_text(act.reason_code),
        comment=mask_text(act.comment, never=never_mask(connection)),
        event_key=event_key,
    )


def undo_act(connection: sqlite3.Connection, event_id: int, *, now: datetime) -> Event:
    """Take an act back within UNDO; one taken back already stays so."""
    event = sessions.read_event(connection, event_id)
    if event.action in NOT_UNDONE:
        raise UndoRefused(NOT_UNDONE[event.action], field="event_id")
    if event.undone_at is None:
        check_undo(event.at, now=now)
        sessions.undo_event(connection, event_id, now=now)
    return sessions.read_event(connection, event_id)


def check_undo(at: str, *, now: datetime) -> None:
    """Raise UndoRefused once UNDO has passed since ``at`` (both to the second)."""
    done = parse_instant(at, field="at")
    if parse_instant(format_instant(now), field="now") - done > UNDO:
        raise UndoRefused(f"已超过 {UNDO.seconds} 秒，不能再撤销")


def decide(
    connection: sqlite3.Connection,
    session_id: str,
    decision: str,
    *,
    comment: str = "",
    agent: str,
    now: datetime,
) -> Decision:
    """Record a decision on a session; the same one again is the one that is there."""
    if decision not in DECISIONS:
        raise InvalidInput(f"应为 {'、'.join(DECISIONS)}", field="decision")
    sessions.read_session(connection, session_id)
    for known in decisions.read_decisions(connection, session_id):
        if known.decision == decision:
            return known
    made = Decision(
        id=secrets.token_hex(12),
        session_id=session_id,
        decision=decision,
        at=format_instant(now),
        agent=agent,
        comment=mask_text(comment.strip(), never=never_mask(connection)),
    )
    decisions.add_decision(connection, made)
    return made


def undo_decision(connection: sqlite3.Connection, decision_id: str, *, now: datetime) -> Decision:
    """Take a decision back within UNDO; one taken back already stays so."""
    known = decisions.read_decision(connection, decision_id)
    if known.undone_at is not None:
        return known
    check_undo(known.at, now=now)
    at = format_instant(now)
    decisions.undo_decision(connection, decision_id, at=at)
    return replace(known, undone_at=at)


@timed("record")
def record_answer(
    connection: sqlite3.Connection, answer: Answer, request: SuggestionRequest, *, now: datetime
) -> None:
    """Write down an answer as it is shown: its session, and an impression an item."""
    session = sessions.Session(
        id=answer.session_id,
        ticket_no=request.ticket_no,
        agent=request.agent,
        channel=request.channel,
        query_masked=answer.query_masked,
        query_hash=hash_query(connection, answer.query_masked),
        created_at=format_instant(now),
        index_generation=answer.index_generation,
        ranker_version=answer.ranker_version,
        arm=answer.arm,
        mode=answer.mode,
        abstained=answer.abstained,
        top_confidence=answer.items[0].confidence if answer.items else "",
        took_ms=answer.took_ms,
        request=request_as_json(request),
        is_training=request.is_training,
    )
    impressions = [_impression(item, session.id) for item in answer.items]
    sessions.add_session(connection, session, impressions)


def _impression(item: Suggestion, session_id: str) -> sessions.Impression:
    return sessions.Impression(
        id=item.impression_id,
        session_id=session_id,
        target_type=item.target_type,
        target_id=item.target_id,
        target_version=item.target_version,
        position=item.position,
        score=round(item.score, 6),
        confidence=item.confidence,
        propensity=item.propensity,
        matched_terms=item.why.terms,
        title=item.title,
        displayed_at=None,
        boost=item.boost,
        team=item.team,
    )


def record_search(
    connection: sqlite3.Connection,
    query: SearchQuery,
    result: SearchResult,
    *,
    masked: str,
    now: datetime,
) -> str:
    """Record a search and return its id; raise TicketNotFound for an unknown ticket."""
    if query.ticket_no:
        tickets.read_ticket(connection, query.ticket_no)
    record = searches.SearchRecord(
        id=secrets.token_hex(12),
        agent=query.agent,
        ticket_no=query.ticket_no,
        channel=query.channel,
        query_masked=masked,
        query_hash=hash_query(connection, masked),
        query_used=result.query_used,
        filters=filters_as_json(query),
        hits=len(result.hits),
        mode=result.mode,
        index_generation=result.index_generation,
        previous=None,
        is_training=query.is_training,
        created_at=format_instant(now),
    )
    searches.add_search(connection, replace(record, previous=_previous(connection, record, now)))
    return record.id


def _previous(
    connection: sqlite3.Connection, record: searches.SearchRecord, now: datetime
) -> str | None:
    """The search that this one words anew: the agent's last, if no link was made since.

    The same words again (another page, another filter) word anew what they did before.
    """
    since = format_instant(now - ANEW)
    last = searches.newest_search(
        connection, record.agent, since=since, is_training=record.is_training
    )
    if not record.agent or last is None:
        return None
    if last.query_hash == record.query_hash:
        return last.previous
    if links.has_link_after(connection, record.agent, at=last.created_at):
        return None
    return last.id


def filters_as_json(query: SearchQuery) -> str:
    """The filters of a search, as they are kept."""
    filters = {
        "type": query.kind,
        "chapter": query.chapter,
        "category": mask_text(query.category),
        "region": mask_text(query.region),
        "syntax": query.syntax,
        "as_of": query.on.isoformat(),
        "limit": query.limit,
    }
    return json.dumps(filters, ensure_ascii=False)


def request_as_json(request: SuggestionRequest) -> str:
    """How a session was asked, as it is kept: neither the text nor the number."""
    asked: dict[str, object] = {
        "ticket_no": request.ticket_no,
        "category": request.category and mask_text(request.category),
        "accepted_at": request.accepted_at,
        "region": mask_text(request.region),
        "area": mask_text(request.area),
        "limit": request.limit,
    }
    if request.without:
        asked["without"] = [mask_text(each) for each in request.without]
    if request.view:
        asked["view"] = request.view
    if request.bounds:
        asked["bounds"] = request.bounds.as_dict()
    return json.dumps(asked, ensure_ascii=False)


def hash_query(connection: sqlite3.Connection, masked: str) -> str:
    """Keyed hash of a masked query: equal queries are known as equal, and say nothing."""
    key = sessions.read_secret(connection, QUERY_KEY)
    return hmac.new(key, masked.encode(), hashlib.sha256).hexdigest()
