"""From draft to published: who may take a revision further, and where it stands then.

Nobody approves what they wrote. A change of time limits or of amounts takes two people besides
the author. A revision's text never changes: what is edited becomes the next revision.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kb.article import Article, Revision
from kb.errors import EditRefused, SelfApproval
from kb.store.editing import RevisionEvent

ACTIONS: Mapping[str, str] = {
    "submit": "送审",
    "withdraw": "撤回",
    "approve": "批准",
    "reject": "退回",
}
REVISION_STATUSES: Mapping[str, str] = {
    "draft": "草稿",
    "in_review": "待审",
    "published": "已发布",
    "archived": "已归档",
}
SETTLE, REOPEN = "resolve", "reopen"
"""What is done with a comment."""
_ALLOWED: Mapping[str, str] = {
    "submit": "draft",
    "withdraw": "in_review",
    "approve": "in_review",
    "reject": "in_review",
}
_AMOUNT = re.compile(
    r"\d+(?:\.\d+)?\s*(?:元|角|%|％|折|倍|秒|分钟|小时|个?工作日|天|日|周|个月|年|万|G|M|dBm)"
)


@dataclass(frozen=True)
class Standing:
    """Where a revision stands. ``approvers``: who approved it so far; ``needed``: how many must."""

    status: str
    author: str
    approvers: tuple[str, ...] = ()
    needed: int = 1


def settled(events: Iterable[RevisionEvent]) -> dict[int, bool]:
    """Each comment, by its number, and whether it is settled; ``events``: oldest first."""
    found: dict[int, bool] = {}
    for event in events:
        if event.action == "comment":
            found[event.seq] = False
        elif event.about is not None:
            found[event.about] = event.action == SETTLE
    return found


def next_status(standing: Standing, action: str, *, actor: str) -> str:
    """The status after ``action``; raise EditRefused or SelfApproval. Touches nothing."""
    wanted = _ALLOWED[action]
    if standing.status != wanted:
        told = f"这一版现为「{REVISION_STATUSES[standing.status]}」，不能{ACTIONS[action]}"
        raise EditRefused(told, field="revision")
    if action == "submit":
        return "in_review"
    if action in ("withdraw", "reject"):
        return "draft"
    if actor == standing.author:
        raise SelfApproval("请另一位同事审核", field="revision")
    if actor in standing.approvers:
        raise EditRefused("您已经批准过这一版，还要另一位同事批准", field="revision")
    return "published" if len(standing.approvers) + 1 >= standing.needed else "in_review"


def approvals_needed(before: Article | None, after: Article) -> int:
    """Two when time limits or amounts change against what is in force, else one."""
    if before is None:
        return 2 if after.revision.time_limits or amounts(after.revision) else 1
    old, new = before.revision, after.revision
    same_limits = Counter(old.time_limits) == Counter(new.time_limits)
    same_figures = Counter(old.figures) == Counter(new.figures)
    return 1 if same_limits and same_figures and amounts(old) == amounts(new) else 2


def amounts(revision: Revision) -> Counter[str]:
    """Amounts of money, time, share and speed in the text, counted; blanks inside do not matter."""
    text = "\n".join((revision.title, revision.body, *revision.steps))
    return Counter(re.sub(r"\s", "", found) for found in _AMOUNT.findall(text))
