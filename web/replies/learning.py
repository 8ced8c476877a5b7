"""Answers about learning."""

from __future__ import annotations

from web.replies.base import Reply


class DueCardReply(Reply):
    """A card to be asked. ``follows``: send it with the grade, so that none is kept twice."""

    id: str
    kind: str
    article_id: str
    title: str
    revision: int
    chapter: int
    question: str
    fact: str
    detail: str
    anchor: str
    reason: str
    reason_label: str
    old_fact: str
    follows: int


class DeckReply(Reply):
    """The cards of a learner's day."""

    due: list[DueCardReply]
    total: int
    begun: int
    graded_today: int
    missed_today: int


class GradeReply(Reply):
    """A grade and when the card comes back; ``interval_days`` 0: the same day."""

    seq: int
    card_id: str
    at: str
    rating: int
    fact: str
    phase: str
    step: int | None
    stability: float
    difficulty: float
    due_at: str
    interval_days: int


class OfferedLimitReply(Reply):
    """A limit to choose from."""

    id: str
    subject: str
    amount: str


class DrillReply(Reply):
    """A case as the caller told it; ``lines``: sentences to say or not to say, by number."""

    id: str
    reason: str
    is_sample: bool
    accepted_at: str
    channel: str
    region: str
    area: str
    description: str
    customer_demand: str
    limits: list[OfferedLimitReply]
    lines: list[str]


class StepReply(Reply):
    """The credit of one step, from 0 to 1."""

    step: str
    name: str
    credit: float


class TruthReply(Reply):
    """What closed the case; ``is_linked``: the first article was its recorded solution."""

    category: str
    articles: list[str]
    is_linked: bool
    limit: str
    due_at: str | None
    dept: str
    said: list[int]


class DrillResultReply(Reply):
    """An answered case."""

    id: str
    credit: float
    grades: list[StepReply]
    truth: TruthReply
    state: str
    is_sample: bool
    resolution: str
    root_cause: str


class PathStepReply(Reply):
    """One thing of the path; ``kind``: article, cards or drill."""

    day: int
    kind: str
    target: str
    title: str
    done: int
    total: int


class ChapterReply(Reply):
    """The share of a chapter's classes that is known, with its 95 % interval."""

    chapter: int
    classes: int
    cases: int
    value: float
    low: float
    high: float
    certified: bool


class ProgressReply(Reply):
    """How far a learner is."""

    agent: str
    path: list[PathStepReply]
    path_done: int
    cards_known: int
    cards_total: int
    cases: int
    chapters: list[ChapterReply]
