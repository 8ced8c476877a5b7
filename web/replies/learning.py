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
