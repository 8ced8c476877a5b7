"""What is asked, before anything is looked for: a request checked and completed by its ticket; the
class the agent has chosen."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from indexer.classification import ClassEvidence
from kb.errors import InvalidInput
from kb.store import handbook, tickets
from kb.suggestion import MAX_TEXT, SuggestionRequest
from kb.times import format_instant, parse_instant

MOST_ITEMS = 20

PREWARM = (
    "家里宽带断网了，光猫亮红灯，师傅说来修一直没来，要求赔偿",
    "這個月話費多扣了30元，沒有訂過增值業務，要求退費並退訂",
    "携号转网要不到授权码，说有合约，幺零零八六也打不通，信号还差",
)
"""Complaints answered once before the first caller's: one in traditional characters."""


def complete_request(
    connection: sqlite3.Connection, request: SuggestionRequest, *, now: datetime
) -> SuggestionRequest:
    """Check a request and fill in what its ticket says; raise InvalidInput naming the field."""
    if not request.text.strip():
        raise InvalidInput("请输入投诉内容", field="text")
    if len(request.text) > MAX_TEXT:
        raise InvalidInput(f"超过 {MAX_TEXT} 字", field="text")
    if request.is_training and request.ticket_no:
        raise InvalidInput("练习不能挂在真实工单上", field="is_training")
    if not 1 <= request.limit <= MOST_ITEMS:
        raise InvalidInput(f"应为 1 到 {MOST_ITEMS}", field="limit")
    if request.category:
        handbook.read_category(connection, request.category)
        request = replace(request, category=handbook.given_today(connection, request.category))
    accepted = request.accepted_at
    if accepted:
        accepted = format_instant(parse_instant(accepted, field="accepted_at"))
    if request.ticket_no:
        ticket = tickets.read_ticket(connection, request.ticket_no)
        request = replace(
            request,
            category=request.category or handbook.given_today(connection, ticket.category) or None,
            region=request.region or ticket.region,
            area=request.area or ticket.area,
        )
        accepted = accepted or ticket.accepted_at
    return replace(request, accepted_at=accepted or format_instant(now))


def fold_retired(classes: Sequence[ClassEvidence], moved: Mapping[str, str]) -> list[ClassEvidence]:
    """Only classes given today: what speaks for a retired one speaks for its successor.

    ``moved``: retired code → the one given instead, "" for none.
    """
    if not any(each.code in moved for each in classes):
        return list(classes)
    found: dict[str, ClassEvidence] = {}
    for each in classes:
        code = moved.get(each.code, each.code)
        if not code:
            continue
        held = found.get(code)
        probability = each.probability + (held.probability if held else 0.0)
        found[code] = replace(held or each, code=code, probability=probability)
    total = sum(each.probability for each in found.values()) or 1.0
    kept = [replace(each, probability=each.probability / total) for each in found.values()]
    return sorted(kept, key=lambda each: -each.probability)


def settle_class(classes: Sequence[ClassEvidence], category: str) -> list[ClassEvidence]:
    """The class the agent chose: classes below it share the whole probability, others keep none."""
    inside = [evidence for evidence in classes if evidence.code.startswith(category)]
    total = sum(evidence.probability for evidence in inside)
    if not inside:
        return [ClassEvidence(category, 1.0)]
    even = 1 / len(inside)
    return [
        replace(evidence, probability=evidence.probability / total if total > 0 else even)
        for evidence in inside
    ]
