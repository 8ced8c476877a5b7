"""A proposed change of one row of a table on its way: approved, sent back or withdrawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from kb.editing import Standing, next_status
from kb.errors import EditRefused, InvalidInput, RevisionConflict
from kb.foresight import Foreseen, check_reason, foreseen_as_dict
from kb.store.changes import Change, Proposed
from kb.texts import clean_required, clean_text
from kb.times import format_instant

ACTIONS = ("withdraw", "approve", "reject")
MAX_TEXT = 500
_ENDS = {"withdraw": "withdrawn", "reject": "rejected"}


def check_base(held: int, base: int) -> None:
    """Raise RevisionConflict where a form started from another revision than the one in force."""
    if held != base:
        raise RevisionConflict(f"现为第 {held} 版，您改的是第 {base} 版", field="base")


def sign(typed: Mapping[str, str], *, author: str, now: datetime) -> dict[str, Any]:
    """Who proposes a change, when and why; raise InvalidInput without a reason."""
    reason = clean_required(typed.get("reason", ""), field="reason", longest=MAX_TEXT)
    return {
        "status": "in_review",
        "author": author,
        "reason": reason,
        "created_at": format_instant(now),
    }


def is_last(change: Proposed, needed: int, *, actor: str) -> bool:
    """Whether this person's approval is the last one that a change lacks."""
    is_other = actor not in (change.author, *change.approvers)
    return is_other and len(change.approvers) + 1 >= needed


def take_step(
    change: Change | None, action: str, *, actor: str, comment: str, needed: int, now: datetime
) -> Change:
    """The change as it stands after a step; the last approval makes it published.

    Raise EditRefused, SelfApproval, InvalidInput. Touches nothing.
    """
    comment = clean_text(comment, field="comment", longest=MAX_TEXT)
    if action == "reject" and not comment:
        raise InvalidInput("退回要写明原因", field="comment")
    if change is None:
        raise EditRefused("没有待审的改动", field="id")
    if action == "withdraw" and actor != change.author:
        raise EditRefused("只有提出的人能撤回", field="action")
    standing = Standing(change.status, change.author, change.approvers, needed)
    status = next_status(standing, action, actor=actor)
    if action == "approve":
        change = replace(change, approvers=(*change.approvers, actor))
    if status == "in_review":
        return change
    return replace(
        change,
        status=_ENDS.get(action, "published"),
        decided_at=format_instant(now),
        comment=comment or change.comment,
    )


def note_impact(change: Change, comment: str, foreseen: Foreseen | None) -> Change:
    """The change with what it was measured to do, and why it is published where that is worse.

    Raise LowersRanking without such a reason.
    """
    check_reason(foreseen, comment, field="comment")
    if foreseen is None:
        return change
    told = foreseen_as_dict(foreseen, despite=comment)
    return replace(change, impact=json.dumps(told, ensure_ascii=False))
