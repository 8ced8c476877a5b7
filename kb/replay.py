"""What differs between what a session showed and what would be shown now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kb.store.sessions import Impression
from kb.suggestion import Suggestion

GENERATIONS = ("recorded", "current")
CHANGES = {
    "same": "相同",
    "score": "分数变了",
    "version": "版本变了",
    "moved": "名次变了",
    "appeared": "新出现",
    "vanished": "不再出现",
}
SCORE_STEP = 1e-4
"""Scores closer than this are equal: they are kept to six digits."""


@dataclass(frozen=True)
class Shown:
    """One item at its place among those of its kind."""

    target_type: str
    target_id: str
    target_version: str
    position: int
    score: float
    title: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other item."""
        return self.target_type, self.target_id


@dataclass(frozen=True)
class Difference:
    """One item before and after; None where it was not shown. ``change``: a key of CHANGES."""

    change: str
    before: Shown | None
    after: Shown | None


def shown(item: Impression | Suggestion) -> Shown:
    """An item as recorded, or as answered now."""
    return Shown(
        item.target_type,
        item.target_id,
        item.target_version,
        item.position,
        item.score,
        item.title,
    )


def compare(before: Sequence[Shown], after: Sequence[Shown]) -> list[Difference]:
    """Item by item: first those shown after, in their order, then those that are gone."""
    known = {item.key: item for item in before}
    there = {item.key for item in after}
    return [
        Difference(_change(known.get(item.key), item), known.get(item.key), item) for item in after
    ] + [Difference("vanished", item, None) for item in before if item.key not in there]


def _change(before: Shown | None, after: Shown) -> str:
    """The weightiest change of an item that is shown after."""
    if before is None:
        return "appeared"
    if before.position != after.position:
        return "moved"
    if before.target_version != after.target_version:
        return "version"
    return "same" if abs(before.score - after.score) < SCORE_STEP else "score"


def is_different(differences: Iterable[Difference]) -> bool:
    """Whether anything changed at all."""
    return any(each.change != "same" for each in differences)


def difference_as_dict(difference: Difference) -> dict[str, Any]:
    """One item as JSON."""
    item = difference.after or difference.before
    return {
        "change": difference.change,
        "target_type": item.target_type if item else "",
        "target_id": item.target_id if item else "",
        "title": item.title if item else "",
        "before": _place(difference.before),
        "after": _place(difference.after),
    }


def _place(item: Shown | None) -> dict[str, Any] | None:
    if item is None:
        return None
    return {
        "position": item.position,
        "score": round(item.score, 6),
        "target_version": item.target_version,
    }
