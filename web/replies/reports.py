"""Answers of the reports."""

from __future__ import annotations

from pydantic import Field

from web.replies.base import Reply


class ReportFiltersReply(Reply):
    """What a report is about; days are Beijing days, both included."""

    since: str | None = Field(serialization_alias="from")
    until: str | None
    category: str
    department: str
    region: str
    channel: str
    samples: bool


class MeasureReply(Reply):
    """One figure with its 95 % interval; ``value`` is null when there was nothing to count.

    ``kind``: share (Wilson interval, ``count`` of ``total``), mean or median (bootstrap, over
    ``total``). ``is_small``: fewer than 30; ``says`` tells it in words.
    """

    key: str
    name: str
    group: str
    group_name: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    count: int | None
    total: int
    is_small: bool
    says: str


class WeekReply(Reply):
    """Closings of the week that begins on this Monday, by what became of them."""

    week: str
    stayed_closed: int
    came_back: int
    pending: int


class OutcomeReportReply(Reply):
    """Tickets accepted in the period, and sessions of the period."""

    filters: ReportFiltersReply
    by: str
    measures: list[MeasureReply]
    weeks: list[WeekReply]
    overdue_by_category: list[MeasureReply]
    overdue_by_department: list[MeasureReply]
    notes: list[str]


class SearchChainReply(Reply):
    """A search worded anew; ``found``: the last wording found something."""

    queries: list[str]
    found: bool
    agent: str
    at: str


class SearchReportReply(Reply):
    """Explicit searches of the period; ``lost``: by what was searched."""

    filters: ReportFiltersReply
    measures: list[MeasureReply]
    lost: list[MeasureReply]
    chains: list[SearchChainReply]


class UsageReply(Reply):
    """How often an article was seen and linked."""

    target_type: str
    target_id: str
    title: str
    shown: int
    references: int
    solutions: int


class ArticleReportReply(Reply):
    """``versions``: group is ``article@revision``; ``fixes``: group is ``class:way of fixing``."""

    filters: ReportFiltersReply
    versions: list[MeasureReply]
    fixes: list[MeasureReply]
    usage: list[UsageReply]


class FoundReply(Reply):
    """What agents found by themselves, and how often: ``type:id``."""

    target: str
    times: int


class HomeReply(Reply):
    """The article nearest to a gap: where an answer would belong."""

    article_id: str
    title: str
    chapter: int
    section: str
    section_name: str
    confidence: str


class MarkReply(Reply):
    """What was decided about a gap."""

    state: str
    reason: str
    agent: str
    at: str


class GapReply(Reply):
    """A group of matters that were not answered, and what they cost."""

    id: str
    label: str
    state: str
    points: float
    cases: int
    returns: int
    overdue_hours: float
    kinds: dict[str, int]
    samples: list[str]
    first_at: str
    last_at: str
    found: list[FoundReply]
    home: HomeReply | None
    mark: MarkReply | None


class GapListReply(Reply):
    """Gaps, dearest first; ``formula`` tells how ``points`` are counted."""

    filters: ReportFiltersReply
    formula: str
    gaps: list[GapReply]


class GapMarkedReply(Reply):
    """The mark as it was kept, and how many records it covers."""

    id: str
    state: str
    evidence: int


class TaskReply(Reply):
    """One review task, the counts that opened it, and what was done."""

    id: int
    target_type: str
    target_id: str
    target_version: str
    category: str
    compared_with: str
    title: str
    owner: str
    came_back: int
    settled: int
    others_came_back: int
    others_settled: int
    chance: float
    adjusted: float
    evidence_until: str
    opened_at: str
    closed_at: str | None
    closed_by: str
    verdict: str
    done: str


class RuleReply(Reply):
    """When a task opens by itself."""

    test: str
    least_settled: int
    least_others: int
    false_alarms: float


class TaskListReply(Reply):
    """Tasks, open ones first, and the rule that opens them."""

    tasks: list[TaskReply]
    rule: RuleReply
