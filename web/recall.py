"""A recorded session told again as an answer: what was shown, without the words around it."""

from __future__ import annotations

from kb.chain import SessionRecord
from kb.due import bound_details
from kb.limit import bind_limit
from kb.store import handbook
from kb.store.sessions import Impression
from kb.suggestion import Answer, Suggestion, Why
from kb.times import parse_instant
from kb.workdays import parse_calendar
from web.services import current

PROCEDURES = frozenset({"article", "procedure"})
PAST = frozenset({"past_fix", "ticket"})


def recall_answer(record: SessionRecord, *, accepted_at: str) -> Answer:
    """The answer of ``record``; due times are computed anew from the ticket's acceptance."""
    session = record.session
    details = _limit_details(record, accepted_at)
    shown = [_item(impression, details) for impression in record.impressions]
    return Answer(
        session_id=session.id,
        mode=session.mode,
        mode_reason="",
        abstained=session.abstained,
        took_ms=session.took_ms,
        index_generation=session.index_generation,
        ranker_version=session.ranker_version,
        query_masked=session.query_masked,
        categories=(),
        procedures=tuple(item for item in shown if item.target_type in PROCEDURES),
        time_limits=tuple(item for item in shown if item.target_type == "time_limit"),
        past_fixes=tuple(item for item in shown if item.target_type in PAST),
    )


def _item(impression: Impression, details: dict[str, dict[str, object]]) -> Suggestion:
    return Suggestion(
        target_type=impression.target_type,
        target_id=impression.target_id,
        target_version=impression.target_version,
        position=impression.position,
        score=impression.score,
        confidence=impression.confidence,
        title=impression.title,
        snippet="",
        highlights=(),
        why=Why(terms=impression.matched_terms),
        details=details.get(impression.target_id, {}),
        impression_id=impression.id,
    )


def _limit_details(record: SessionRecord, accepted_at: str) -> dict[str, dict[str, object]]:
    connection = current().database.connection
    limits = handbook.read_limits(connection)
    calendar = parse_calendar(handbook.read_vocabulary(connection, "workdays") or {})
    start = parse_instant(accepted_at, field="accepted_at")
    shown = [limits[item.target_id] for item in record.impressions if item.target_id in limits]
    return {
        limit.id: bound_details(bind_limit(limit, accepted_at=start, calendar=calendar))
        for limit in shown
    }
