"""Changing a time limit: proposed whole, tried, approved by two people besides its author."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from kb.article import Article
from kb.database import Database
from kb.deadlines import UNITS
from kb.errors import EditRefused, HandbookInvalid, InvalidInput
from kb.foresight import Foreseen
from kb.limit import AUTHORITIES, CONFIDENCES, KINDS, TimeLimit, is_class_limit
from kb.proposing import MAX_TEXT, check_base, is_last, note_impact, sign, take_step
from kb.store import handbook
from kb.store.limit_changes import (
    LimitChange,
    put_in_force,
    read_changes,
    save_change,
    write_limit,
)
from kb.tables import parse_number
from kb.texts import clean_required, clean_text
from kb.ticket import AREAS, PRIORITIES
from kb.times import format_instant
from kb.verify import NO_CLASS

FIELDS: Mapping[str, str] = {
    "subject": "事项", "limit_value": "数值", "limit_unit": "单位", "kind": "性质",
    "categories": "投诉分类", "region": "省份", "area": "城乡", "priority": "优先级",
    "condition": "适用条件", "starts": "起算", "from_event": "起算事件",
    "responsible_dept": "责任部门", "escalation": "超时升级", "authority": "依据层级",
    "source": "来源", "confidence": "核实程度", "retired_on": "停用日",
}  # fmt: skip
"""What of a limit editors change, by name: what forms call it."""
CHOICES: Mapping[str, Collection[str]] = {
    "limit_unit": UNITS, "kind": KINDS, "authority": AUTHORITIES, "confidence": CONFIDENCES,
    "starts": ("accepted", "event"), "area": ("", *AREAS), "priority": ("", *PRIORITIES),
}  # fmt: skip
NEEDED = 2
"""People besides the author who must approve a change of a limit."""
_ID = re.compile(r"TL[0-9]{3,6}")
_NEEDED_TEXTS = ("subject", "from_event", "source")


def is_limit_id(text: str) -> bool:
    """Whether a new limit may be called so."""
    return _ID.fullmatch(text) is not None


def build_limit(limit_id: str, typed: Mapping[str, str], *, known: Collection[str]) -> TimeLimit:
    """A limit of what a form sent; ``known``: codes of classes. Raise InvalidInput."""
    texts: dict[str, Any] = {
        name: clean_text(typed.get(name, ""), field=name, longest=MAX_TEXT) for name in FIELDS
    }
    for name in _NEEDED_TEXTS:
        clean_required(texts[name], field=name, longest=MAX_TEXT)
    for name, choices in CHOICES.items():
        if texts[name] not in choices:
            raise InvalidInput(f"应为 {'、'.join(filter(None, choices))} 之一", field=name)
    codes = tuple(dict.fromkeys(re.split(r"[\s,，、]+", texts.pop("categories").strip())))
    codes = tuple(filter(None, codes))
    for code in codes:
        if code not in known and code != NO_CLASS:
            raise InvalidInput(f"没有 {code}", field="categories")
    try:
        value = parse_number(texts.pop("limit_value"), where="limit_value")
    except HandbookInvalid:
        raise InvalidInput("应为正数", field="limit_value") from None
    return TimeLimit(id=limit_id, categories=codes, limit_value=value, **texts)


def propose_limit(
    database: Database,
    limit_id: str,
    typed: Mapping[str, str],
    *,
    base: int,
    author: str,
    now: datetime,
) -> LimitChange:
    """Put a change in review; ``typed`` holds the fields and the ``reason``.

    ``base``: the revision it started from, 0 for a new limit. Raise InvalidInput naming the field,
    RevisionConflict when it was overtaken, EditRefused when another change is in review.
    """
    signed = sign(typed, author=author, now=now)
    with database.transaction() as connection:
        limit = build_limit(limit_id, typed, known=handbook.read_categories(connection))
        old = handbook.read_limits(connection, [limit_id]).get(limit_id)
        if old is None and not is_limit_id(limit_id):
            raise InvalidInput("应为 TL 加三到六位数字，例如 TL108", field="id")
        if old is not None and is_class_limit(old):
            raise EditRefused("这条时限由投诉分类表的办结时限得来，请改分类表", field="id")
        check_base(old.revision if old else 0, base)
        limit = replace(limit, revision=base + 1)
        if old is not None and replace(limit, revision=base) == old:
            raise InvalidInput("没有改动", field="subject")
        _check_end(old, limit, now=now)
        if find_waiting(connection, limit_id):
            raise EditRefused("已有一份改动在等审核", field="id")
        change = LimitChange(
            limit_id=limit_id,
            base=base,
            content=write_limit(limit),
            before=write_limit(old) if old else "",
            **signed,
        )
        return replace(change, id=save_change(connection, change))


def _check_end(old: TimeLimit | None, limit: TimeLimit, *, now: datetime) -> None:
    """A limit ends today or later: complaints of before today have their due times by it."""
    if not limit.retired_on or (old is not None and limit.retired_on == old.retired_on):
        return
    try:
        day = date.fromisoformat(limit.retired_on)
    except ValueError:
        raise InvalidInput("应为日期，例如 2026-03-11", field="retired_on") from None
    if day < now.date():
        raise InvalidInput("不能早于今天", field="retired_on")


def find_waiting(connection: sqlite3.Connection, limit_id: str) -> LimitChange | None:
    """The change of a limit that is in review."""
    found = (each for each in read_changes(connection, limit_id) if each.status == "in_review")
    return next(found, None)


def would_bind(change: LimitChange, *, actor: str) -> bool:
    """Whether this person's approval is the last one that a change lacks."""
    return is_last(change, NEEDED, actor=actor)


def decide(
    database: Database,
    limit_id: str,
    action: str,
    *,
    actor: str,
    comment: str,
    now: datetime,
    foreseen: Foreseen | None = None,
) -> LimitChange:
    """Withdraw, reject or approve the change in review; the last approval lets it bind.

    Raise EditRefused, SelfApproval, InvalidInput, LowersRanking without a reason.
    """
    with database.transaction() as connection:
        waiting = find_waiting(connection, limit_id)
        change = take_step(waiting, action, actor=actor, comment=comment, needed=NEEDED, now=now)
        if change.status == "published":
            change = _bind(connection, note_impact(change, comment, foreseen), now=now)
        save_change(connection, change)
        return change


def _bind(connection: sqlite3.Connection, change: LimitChange, *, now: datetime) -> LimitChange:
    held = handbook.read_limits(connection, [change.limit_id]).get(change.limit_id)
    if (held.revision if held else 0) != change.base:
        raise EditRefused("这条时限后来又改过，请撤回后重新提出", field="id")
    put_in_force(connection, change.limit, at=format_instant(now))
    return change


def articles_with(connection: sqlite3.Connection, limit_id: str, *, now: datetime) -> list[Article]:
    """The articles in force that state a limit."""
    shown = handbook.read_articles(connection, on=now.date())
    return [each for each in shown if limit_id in each.revision.time_limits]
