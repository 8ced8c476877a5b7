"""What a change was measured to do to answers before it was published, and when that needs a
stated reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kb.errors import LowersRanking
from kb.significance import sign_flip_lower

NOISE = 0.05
"""A fall of the judged figures that chance brings more often than this is noise."""
DEPTH = 10
"""Places of a list that count."""
WHOLE = 2520
"""Divisible by every place up to DEPTH: reciprocal ranks are whole numbers of it."""


@dataclass(frozen=True)
class Foreseen:
    """``judged`` queries of which the right article goes ``up`` or ``down``, their mean reciprocal
    rank before and after, and the ``chance`` of so low a sum of differences by chance alone.
    ``recent`` texts of callers and agents, of which ``changed`` get another list."""

    judged: int
    up: int
    down: int
    mrr_before: float
    mrr_after: float
    chance: float
    recent: int = 0
    changed: int = 0

    @property
    def lowers(self) -> bool:
        """Whether the judged figures fall by more than noise."""
        return self.mrr_after < self.mrr_before and self.chance < NOISE

    @property
    def fall(self) -> str:
        """How far the judged figures fall, in one sentence."""
        return f"{self.told}，平均倒数排名 {self.mrr_before:.3f} → {self.mrr_after:.3f}"

    @property
    def told(self) -> str:
        """It in one sentence."""
        moved = f"影响 {self.up + self.down} 条评测查询：{self.up} 升 {self.down} 降"
        asked = f"最近 {self.recent} 条真实提问中 {self.changed} 条结果有变" if self.recent else ""
        return "；".join(filter(None, (moved, asked)))


def foresee(
    before: Sequence[int], after: Sequence[int], *, recent: int = 0, changed: int = 0
) -> Foreseen:
    """Compare the places (from 1; 0 for none in the first DEPTH) of the right article, query by
    query."""
    old, new = ([WHOLE // place if place else 0 for place in places] for places in (before, after))
    differences = [late - early for early, late in zip(old, new, strict=True)]
    size = max(len(differences), 1) * WHOLE
    return Foreseen(
        judged=len(differences),
        up=sum(each > 0 for each in differences),
        down=sum(each < 0 for each in differences),
        mrr_before=round(sum(old) / size, 4),
        mrr_after=round(sum(new) / size, 4),
        chance=sign_flip_lower(differences),
        recent=recent,
        changed=changed,
    )


def check_reason(foreseen: Foreseen | None, reason: str, *, field: str) -> None:
    """Raise LowersRanking when a change lowers the judged figures and no reason is given."""
    if foreseen is None or not foreseen.lowers or reason.strip():
        return
    raise LowersRanking(foreseen.fall, field=field)


def foreseen_as_dict(foreseen: Foreseen, *, despite: str = "") -> Mapping[str, Any]:
    """It as JSON, as it is kept with what was published. ``despite``: the reason stated, which is
    kept where one was needed."""
    stated = {"despite": despite.strip()} if foreseen.lowers and despite.strip() else {}
    return {**asdict(foreseen), "lowers": foreseen.lowers, "told": foreseen.told, **stated}
