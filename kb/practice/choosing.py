"""Which class to drill next: where a case is likely to teach most of what costs most."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from kb.category import Category
from kb.practice.mastery import PASSED_CREDIT, Attempt, Mastery

PRIORITY_COST: Mapping[str, float] = {"P1": 3.0, "P2": 2.0, "P3": 1.5, "P4": 1.0}
RETURN_COST = 2.0
"""What a complaint that came back costs beside itself, as in the list of gaps."""
SMOOTH = 10.0
"""A class with few tickets is given this many of the usual kind: rare is not cheap."""
GAP = 3
"""A class is not asked again before so many others."""
FORMULA = "优先级 P1 3 分、P2 2 分、P3 1.5 分、P4 1 分，乘以（1 + 2×反复率 + 升级率 + 超时率）"


@dataclass(frozen=True)
class Tally:
    """What happened to the tickets of a class at this desk, samples left out."""

    category: str
    tickets: int
    came_back: int
    escalated: int
    overdue: int


@dataclass(frozen=True)
class Choice:
    """The class to drill and why."""

    category: str
    reason: str


def class_costs(categories: Iterable[Category], tallies: Iterable[Tally]) -> dict[str, float]:
    """What one complaint of each third-level class costs, whether rare or not."""
    found = {tally.category: tally for tally in tallies}
    whole = sum(each.tickets for each in found.values())
    usual = sum(map(_troubles, found.values())) / whole if whole else 0.0
    costs = {}
    for category in categories:
        if category.level != 3:
            continue
        tally = found.get(category.id, Tally(category.id, 0, 0, 0, 0))
        rate = (_troubles(tally) + SMOOTH * usual) / (tally.tickets + SMOOTH)
        costs[category.id] = PRIORITY_COST.get(category.default_priority, 1.0) * (1 + rate)
    return costs


def _troubles(tally: Tally) -> float:
    return RETURN_COST * tally.came_back + tally.escalated + tally.overdue


def choose_next(
    available: Collection[str],
    mastery: Mastery,
    costs: Mapping[str, float],
    *,
    attempts: Sequence[Attempt],
    seed: str = "",
) -> Choice | None:
    """The class whose next case is worth most: not known, and dear; None when there is no case.

    The last GAP classes wait, unless nothing else is left. Ties are broken the same way for the
    same ``seed`` (the learner), so that a page shown twice chooses the same.
    """
    waiting = {each.category for each in attempts[-GAP:]}
    left = [each for each in available if each not in waiting] or list(available)
    if not left:
        return None

    def worth(category: str) -> tuple[float, str]:
        gain = (1 - mastery.chance(category)) * costs.get(category, 1.0)
        return round(gain, 9), sha256(f"{seed}\x1f{category}".encode()).hexdigest()

    best = max(left, key=worth)
    return Choice(best, _reason(best, attempts, costs))


def _reason(category: str, attempts: Sequence[Attempt], costs: Mapping[str, float]) -> str:
    own = [each for each in attempts if each.category == category]
    if own and own[-1].credit < PASSED_CREDIT:
        return "上次没做好"
    if own:
        return "隔得久了"
    middle = sorted(costs.values())[len(costs) // 2] if costs else 0.0
    return "代价大、还没练过" if costs.get(category, 0.0) > middle else "还没练过"
