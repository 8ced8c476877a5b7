"""Explicit searches: without result, worded anew, given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.reports.facts import SearchFact
from kb.reports.grouping import named_group
from kb.reports.measures import Definition, Group, Measure, measure_share, measure_values

MOST = 20
NO_RESULT = Definition("no_result_rate", "无结果", "share", "次检索", "一条也没找到的 ÷ 全部检索")
REWORDED = Definition(
    "reworded_rate",
    "换过说法",
    "share",
    "回查找",
    "换过说法再查的 ÷ 全部查找（一回查找可换几次说法）",
)
GIVEN_UP = Definition(
    "given_up_rate", "最后仍无结果", "share", "回查找", "最后一次仍无结果的 ÷ 全部查找"
)
LENGTH = Definition("searches_each", "每回查找的检索次数", "mean", "回查找", "平均每回查找检索几次")
DEFINITIONS = (NO_RESULT, REWORDED, GIVEN_UP, LENGTH)


@dataclass(frozen=True)
class Chain:
    """One search worded anew until something was found or the agent gave up."""

    queries: tuple[str, ...]
    found: bool
    agent: str
    at: str


def chain_searches(facts: Sequence[SearchFact]) -> list[list[SearchFact]]:
    """Searches that word each other anew, in order; one whose forerunner is not among them begins.

    Two searches that word the same one anew make two chains with a common beginning.
    """
    by_id = {fact.id: fact for fact in facts}
    followed = {fact.previous for fact in facts}
    return [_back_from(fact, by_id) for fact in facts if fact.id not in followed]


def _back_from(last: SearchFact, by_id: dict[str, SearchFact]) -> list[SearchFact]:
    chain, seen = [last], {last.id}
    while (before := by_id.get(chain[-1].previous or "")) and before.id not in seen:
        chain.append(before)
        seen.add(before.id)
    return chain[::-1]


def measure_searches(facts: Sequence[SearchFact]) -> list[Measure]:
    """The figures of DEFINITIONS."""
    chains = chain_searches(facts)
    whole = Group()
    lost = sum(fact.hits == 0 for fact in facts)
    reworded = sum(len(chain) > 1 for chain in chains)
    given_up = sum(chain[-1].hits == 0 for chain in chains)
    return [
        measure_share(NO_RESULT, whole, count=lost, total=len(facts)),
        measure_share(REWORDED, whole, count=reworded, total=len(chains)),
        measure_share(GIVEN_UP, whole, count=given_up, total=len(chains)),
        measure_values(LENGTH, whole, [float(len(chain)) for chain in chains]),
    ]


def measure_lost(facts: Iterable[SearchFact]) -> list[Measure]:
    """Queries that found nothing at least once, those that did so most often first."""
    groups: dict[str, list[SearchFact]] = {}
    for fact in facts:
        groups.setdefault(" ".join(fact.query.lower().split()), []).append(fact)
    lost = {key: sum(fact.hits == 0 for fact in group) for key, group in groups.items()}
    found = [
        measure_share(NO_RESULT, named_group(group[-1].query), count=lost[key], total=len(group))
        for key, group in groups.items()
        if lost[key]
    ]
    return sorted(found, key=lambda each: (-(each.count or 0), each.total, each.group))[:MOST]


def list_chains(facts: Sequence[SearchFact]) -> list[Chain]:
    """Searches worded anew: given up ones first, then long ones, then new ones."""
    chains = [chain for chain in chain_searches(facts) if len(chain) > 1]
    newest = sorted(chains, key=lambda chain: (chain[-1].at, chain[-1].id), reverse=True)
    newest.sort(key=lambda chain: (chain[-1].hits > 0, -len(chain)))
    return [
        Chain(
            queries=tuple(fact.query for fact in chain),
            found=chain[-1].hits > 0,
            agent=chain[-1].agent,
            at=chain[-1].at,
        )
        for chain in newest[:MOST]
    ]
