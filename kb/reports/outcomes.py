"""The figures of the outcome loop: what was suggested, used, closed, and stayed closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from kb.reports.facts import ClosingFact, DueFact, SessionFact
from kb.reports.grouping import Fact, Names, class_group, named_group, sorter
from kb.reports.measures import Definition, Group, Measure, measure_share, measure_values

F = TypeVar("F", bound=Fact)
CLOSED, ASKED = "次办结", "次建议"


@dataclass(frozen=True)
class ClosingShare:
    """A share of closings: those it is a share of, and those that count."""

    definition: Definition
    among: Callable[[ClosingFact], bool]
    counts: Callable[[ClosingFact], bool]


@dataclass(frozen=True)
class ClosingValues:
    """A mean or median of closings: those it is taken over, and the value of one."""

    definition: Definition
    among: Callable[[ClosingFact], bool]
    value: Callable[[ClosingFact], float]


def is_settled(fact: ClosingFact) -> bool:
    """Whether what became of the closing is known."""
    return fact.state != "pending"


def reciprocal_rank(fact: ClosingFact) -> float:
    """One over the place of the suggestion that became the solution; nothing when self-found."""
    return 1 / fact.position if fact.position else 0.0


def hours_to_close(fact: ClosingFact) -> float:
    """Hours from acceptance to this closing."""
    span = datetime.fromisoformat(fact.at) - datetime.fromisoformat(fact.accepted_at)
    return span.total_seconds() / 3600


def _share(key: str, name: str, means: str) -> Definition:
    return Definition(key, name, "share", CLOSED, means)


LINK_RATE = _share("link_rate", "关联率", "关联了知识（参考、解决或来源）的办结 ÷ 全部办结")
LINK_ACCURACY = _share("link_accuracy", "关联准确率", "没有再反复的 ÷ 选了解决办法且结果已定的办结")
ADOPTION = _share(
    "adoption_rate", "采纳率", "引用、选用或复制过某条建议的 ÷ 办结前屏幕上显示过建议的办结"
)
SELF_FOUND = _share("self_found_rate", "自寻率", "解决办法是坐席自己找到的 ÷ 选了解决办法的办结")
NONE_FIT = _share("none_fit_rate", "都不适用", "选了“都不适用”的办结 ÷ 全部办结")
CAME_BACK = _share("came_back_rate", "反复率", "又反复的 ÷ 结果已定的办结")
MRR = Definition(
    "solution_mrr",
    "解决办法 MRR",
    "mean",
    CLOSED,
    "解决办法在建议列表中名次的倒数的平均；自己找到的记 0；只算查过建议的办结",
)
HOURS_ADOPTED = Definition(
    "hours_adopted", "采纳了建议", "median", CLOSED, "受理到第一次办结的小时数，中位数"
)
HOURS_OTHER = Definition(
    "hours_other", "没有采纳建议", "median", CLOSED, "受理到第一次办结的小时数，中位数"
)
COVERAGE = Definition(
    "coverage", "覆盖率", "share", "张查过建议的工单", "至少得到一次建议的 ÷ 查过建议的工单"
)
ABSTENTION = Definition(
    "abstention_rate", "未给建议", "share", ASKED, "系统因没有把握而未给建议的 ÷ 全部建议会话"
)
OVERDUE = Definition(
    "overdue_rate",
    "超时率",
    "share",
    "张有时限的工单",
    "超过到期时间才办结或仍未办结的 ÷ 有到期时间的工单",
)

SHARES: tuple[ClosingShare, ...] = (
    ClosingShare(LINK_RATE, lambda _: True, lambda fact: fact.links > 0),
    ClosingShare(
        LINK_ACCURACY,
        lambda fact: bool(fact.solved_by) and is_settled(fact),
        lambda fact: fact.state == "stayed_closed",
    ),
    ClosingShare(
        ADOPTION, lambda fact: fact.shown or fact.adopted, lambda fact: bool(fact.adopted)
    ),
    ClosingShare(
        SELF_FOUND,
        lambda fact: bool(fact.solved_by),
        lambda fact: fact.solved_by != "suggested",
    ),
    ClosingShare(NONE_FIT, lambda _: True, lambda fact: bool(fact.none_fit)),
    ClosingShare(CAME_BACK, is_settled, lambda fact: fact.state == "came_back"),
)
VALUES: tuple[ClosingValues, ...] = (
    ClosingValues(
        MRR,
        lambda fact: bool(fact.asked and fact.solved_by),
        reciprocal_rank,
    ),
    ClosingValues(
        HOURS_ADOPTED,
        lambda fact: fact.closing == 0 and bool(fact.adopted),
        hours_to_close,
    ),
    ClosingValues(
        HOURS_OTHER,
        lambda fact: fact.closing == 0 and not fact.adopted,
        hours_to_close,
    ),
)
DEFINITIONS: tuple[Definition, ...] = (
    *(share.definition for share in SHARES),
    COVERAGE,
    ABSTENTION,
    *(each.definition for each in VALUES),
)
OBSERVED = "采纳与否不是随机分配的：容易办的投诉可能既更常采纳、也更快办结。这是观察，不是效果。"


def measure_outcomes(
    closings: Sequence[ClosingFact],
    sessions: Sequence[SessionFact],
    by: str = "",
    names: Names | None = None,
) -> list[Measure]:
    """Every figure of DEFINITIONS, for all or for each group; a group keeps its place in each."""
    sort = sorter(by, names or Names())
    closed, asked = _grouped(closings, sort), _grouped(sessions, sort)
    groups = sorted({*closed, *asked}, key=lambda group: group.code) if by else [Group()]
    found = [
        measure
        for group in groups
        for measure in (
            *_measure_closings(closed.get(group, []), group),
            *_measure_sessions(asked.get(group, []), group),
        )
    ]
    order = {definition.key: place for place, definition in enumerate(DEFINITIONS)}
    return sorted(found, key=lambda measure: order[measure.key])


def _grouped(facts: Iterable[F], sort: Callable[[F], Group]) -> dict[Group, list[F]]:
    groups: dict[Group, list[F]] = {}
    for fact in facts:
        groups.setdefault(sort(fact), []).append(fact)
    return groups


def _measure_closings(facts: Sequence[ClosingFact], group: Group) -> list[Measure]:
    found = []
    for share in SHARES:
        among = [fact for fact in facts if share.among(fact)]
        count = sum(map(share.counts, among))
        found.append(measure_share(share.definition, group, count=count, total=len(among)))
    for each in VALUES:
        values = [each.value(fact) for fact in facts if each.among(fact)]
        found.append(measure_values(each.definition, group, values))
    return found


def _measure_sessions(facts: Sequence[SessionFact], group: Group) -> list[Measure]:
    asked = {fact.ticket_no for fact in facts if fact.ticket_no}
    answered = {fact.ticket_no for fact in facts if fact.ticket_no and not fact.abstained}
    abstained = sum(fact.abstained for fact in facts)
    return [
        measure_share(COVERAGE, group, count=len(answered), total=len(asked)),
        measure_share(ABSTENTION, group, count=abstained, total=len(facts)),
    ]


def count_weeks(closings: Iterable[ClosingFact]) -> list[tuple[Group, Mapping[str, int]]]:
    """Closings of each week by what became of them, oldest week first, empty weeks left out."""
    weeks: dict[Group, dict[str, int]] = {}
    sort = sorter("week", Names())
    for fact in closings:
        states = weeks.setdefault(sort(fact), dict.fromkeys(STATES, 0))
        states[fact.state] += 1
    return sorted(weeks.items(), key=lambda item: item[0].code)


STATES = ("stayed_closed", "came_back", "pending")


def measure_overdue(facts: Iterable[DueFact], names: Names) -> tuple[list[Measure], list[Measure]]:
    """Overdue by class and by department, most overdue tickets first."""
    found = list(facts)
    return (
        _measure_due((class_group(fact.category, names), fact) for fact in found),
        _measure_due((named_group(fact.department), fact) for fact in found),
    )


def _measure_due(facts: Iterable[tuple[Group, DueFact]]) -> list[Measure]:
    counts: dict[Group, tuple[int, int]] = {}
    for group, fact in facts:
        overdue, total = counts.get(group, (0, 0))
        counts[group] = (overdue + fact.overdue, total + fact.total)
    return [
        measure_share(OVERDUE, group, count=overdue, total=total)
        for group, (overdue, total) in sorted(
            counts.items(), key=lambda item: (-item[1][0], item[0].code)
        )
    ]
