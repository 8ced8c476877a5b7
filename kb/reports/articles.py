"""How often what an article's version, or a way of fixing, solved came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kb.category import Category
from kb.reports.facts import FixFact, SolutionFact
from kb.reports.measures import Definition, Group, Measure, measure_share

MOST = 50
RETURNS = Definition(
    "article_came_back",
    "反复率",
    "share",
    "次结果已定的解决",
    "又反复的 ÷ 由它解决且结果已定的办结",
)
FIX_RETURNS = Definition(
    "fix_came_back",
    "反复率",
    "share",
    "张结果已定的工单",
    "又反复的 ÷ 按这个办法办结且结果已定的工单",
)


def measure_versions(
    facts: Iterable[SolutionFact], titles: Mapping[tuple[str, str], str]
) -> list[Measure]:
    """Each version of an item that solved something: those that surely come back most first."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for fact in facts:
        key = (fact.target_id, fact.target_version)
        came_back, settled = counts.get(key, (0, 0))
        counts[key] = (came_back + fact.came_back, settled + fact.settled)
    return _worst_first(
        measure_share(
            RETURNS,
            Group(f"{identity}@{version}", f"{titles.get((identity, version), identity)}"),
            count=came_back,
            total=settled,
        )
        for (identity, version), (came_back, settled) in counts.items()
    )


def measure_fixes(facts: Iterable[FixFact], categories: Mapping[str, Category]) -> list[Measure]:
    """Ways of fixing of which some came back: those that surely come back most first."""
    return _worst_first(
        measure_share(
            FIX_RETURNS,
            Group(
                f"{fact.category}:{fact.fix}",
                f"{fact.fix}（{categories[fact.category].name}）"
                if fact.category in categories
                else fact.fix,
            ),
            count=fact.came_back,
            total=fact.settled,
        )
        for fact in facts
        if fact.came_back
    )


def _worst_first(measures: Iterable[Measure]) -> list[Measure]:
    """By the lower bound of the share, so that one return out of one does not stand first."""
    found = sorted(
        measures,
        key=lambda each: (-(each.interval.low if each.interval else 0.0), -each.total, each.group),
    )
    return found[:MOST]
