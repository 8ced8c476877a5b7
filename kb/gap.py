"""What the handbook lacks: callers' matters that were not answered, grouped, and what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

KINDS: Mapping[str, str] = {
    "abstained": "未给建议",
    "none_fit": "都不适用",
    "gap": "报缺口",
    "self_found": "坐席自己找到",
    "no_result": "检索无结果",
}
STATES: Mapping[str, str] = {
    "open": "待处理",
    "again": "处理后又出现",
    "working": "正在写",
    "done": "已处理",
    "dismissed": "不处理",
}
MARKS = ("working", "done", "dismissed")
RETURN_COST = 2.0
HOURS_EACH = 24.0
FORMULA = "每件 1 分；其中又反复的每件再加 2 分；超时每满一天再加 1 分（不满一天按比例）"
SAMPLES = 3
TYPING = timedelta(minutes=10)
"""A text that goes on with one this young was still being typed."""


@dataclass(frozen=True)
class Evidence:
    """One time the handbook did not help. ``found``: what the agent found instead.

    ``id`` is its kind and the record it is of: ``no_result:…``. ``overdue_hours`` and
    ``came_back`` are those of its ticket.
    """

    id: str
    kind: str
    text: str
    at: str
    agent: str
    ticket_no: str
    category: str
    came_back: bool
    overdue_hours: float
    found: str

    @property
    def case(self) -> str:
        """What is counted once: the ticket, or the session or search without one."""
        return self.ticket_no or self.id


@dataclass(frozen=True)
class Mark:
    """Somebody's word on a gap, with the evidence it was given for."""

    id: int
    state: str
    label: str
    reason: str
    agent: str
    at: str
    evidence: frozenset[str]


@dataclass(frozen=True)
class Cluster:
    """Evidence worded alike, oldest first, and the words it shares."""

    evidence: tuple[Evidence, ...]
    label: str


@dataclass(frozen=True)
class Cost:
    """What a gap costs: cases, tickets among them that came back, hours overdue."""

    cases: int
    returns: int
    overdue_hours: float

    @property
    def points(self) -> float:
        """One a case, RETURN_COST more for each that came back, one more a day overdue."""
        return self.cases + RETURN_COST * self.returns + self.overdue_hours / HOURS_EACH


@dataclass(frozen=True)
class Gap:
    """A cluster with its cost and what was decided about it. ``id``: its oldest evidence.

    ``found``: what agents found instead, with how often.
    """

    id: str
    label: str
    state: str
    cost: Cost
    kinds: tuple[tuple[str, int], ...]
    samples: tuple[str, ...]
    first_at: str
    last_at: str
    found: tuple[tuple[str, int], ...]
    mark: Mark | None


def narrow_clusters(clusters: Iterable[Cluster], wanted: Collection[str]) -> list[Cluster]:
    """The groups with only the evidence that is asked for: a filter cuts no other groups."""
    kept = (
        Cluster(tuple(each for each in cluster.evidence if each.id in wanted), cluster.label)
        for cluster in clusters
    )
    return [cluster for cluster in kept if cluster.evidence]


def plan_gaps(clusters: Iterable[Cluster], marks: Sequence[Mark]) -> list[Gap]:
    """The gaps, dearest first; one marked as done counts from then on only."""
    gaps = [_gap(cluster, _mark_of(cluster, marks)) for cluster in clusters]
    return sorted(gaps, key=lambda gap: (-gap.cost.points, gap.id))


def _mark_of(cluster: Cluster, marks: Sequence[Mark]) -> Mark | None:
    """The newest word on any of this evidence."""
    members = {each.id for each in cluster.evidence}
    touching = [mark for mark in marks if mark.evidence & members]
    return max(touching, key=lambda mark: (mark.at, mark.id), default=None)


def _gap(cluster: Cluster, mark: Mark | None) -> Gap:
    evidence, state = cluster.evidence, mark.state if mark else "open"
    if mark and mark.state == "done":
        fresh = tuple(each for each in evidence if each.at > mark.at)
        evidence, state = (fresh, "again") if fresh else (evidence, "done")
    return Gap(
        id=cluster.evidence[0].id,
        label=cluster.label,
        state=state,
        cost=count_cost(evidence),
        kinds=tuple(Counter(each.kind for each in evidence).most_common()),
        samples=_samples(evidence),
        first_at=evidence[0].at,
        last_at=evidence[-1].at,
        found=tuple(Counter(each.found for each in evidence if each.found).most_common(SAMPLES)),
        mark=mark,
    )


def count_cost(evidence: Iterable[Evidence]) -> Cost:
    """Each case counts once, however often it was noted."""
    cases = {each.case: each for each in evidence}
    return Cost(
        cases=len(cases),
        returns=sum(each.came_back for each in cases.values()),
        overdue_hours=sum(each.overdue_hours for each in cases.values()),
    )


def _samples(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """The newest wordings, each once."""
    texts = dict.fromkeys(" ".join(each.text.split()) for each in reversed(evidence))
    return tuple(texts)[:SAMPLES]


def drop_unfinished(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Without what was still being typed: a text that the same agent's next one begins with."""
    kept: list[Evidence] = []
    last: dict[tuple[str, str], int] = {}
    for each in sorted(evidence, key=lambda item: (item.at, item.id)):
        writer = (each.agent, each.kind)
        place = last.get(writer)
        if place is not None and not kept[place].ticket_no and _goes_on(kept[place], each):
            kept[place] = each
            continue
        last[writer] = len(kept)
        kept.append(each)
    return sorted(kept, key=lambda item: (item.at, item.id))


def _goes_on(before: Evidence, after: Evidence) -> bool:
    pause = datetime.fromisoformat(after.at) - datetime.fromisoformat(before.at)
    return pause <= TYPING and after.text.startswith(before.text)
