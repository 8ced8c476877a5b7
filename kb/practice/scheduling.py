"""When a card comes back: FSRS by the ``fsrs`` package, counted in Beijing days.

FSRS-6 (Ye, Su & Cao, KDD 2022, and its later versions) keeps for each card how long it is
remembered (stability, the days after which nine in ten recall it) and how hard it is. Fuzz is off:
the same grades give the same days. Spans are counted from day to day, so that a card learnt late in
the evening is due any time the next day; only a card not yet known comes back within the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import fsrs

from kb.practice.cards import Card
from kb.times import BEIJING, format_instant, parse_instant, to_beijing

RATINGS: Mapping[int, str] = {1: "忘了", 2: "勉强", 3: "记得", 4: "很熟"}
AGAIN_IN = timedelta(minutes=10)
AHEAD = timedelta(minutes=20)
"""A card not yet known is shown this much early when nothing else is left."""
NEW_A_DAY = 20
REASONS: Mapping[str, str] = {
    "changed": "更新",
    "again": "再来一次",
    "due": "到期",
    "new": "新卡片",
}
PHASES = {
    "learning": fsrs.State.Learning,
    "review": fsrs.State.Review,
    "relearning": fsrs.State.Relearning,
}
_NAMES = {state: name for name, state in PHASES.items()}
_SCHEDULER = fsrs.Scheduler(
    learning_steps=(AGAIN_IN,), relearning_steps=(AGAIN_IN,), enable_fuzzing=False
)


@dataclass(frozen=True)
class Review:
    """One grade in force, with the card's memory after it. ``seq`` 0: not kept yet."""

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


@dataclass(frozen=True)
class DueCard:
    """A card to be asked now, and why; ``old_fact``: what the learner saw last, if it changed."""

    card: Card
    reason: str
    last: Review | None = None

    @property
    def old_fact(self) -> str:
        """The answer before the change; "" when it is the same as then."""
        return self.last.fact if self.last and self.reason == "changed" else ""

    @property
    def seq(self) -> int:
        """Number of the review this one follows, 0 for the first."""
        return self.last.seq if self.last else 0


def plan_review(before: Review | None, card: Card, rating: int, *, now: datetime) -> Review:
    """The card's memory after a grade from 1 to 4."""
    today = _day_start(now)
    state = _restore(before)
    after, _ = _SCHEDULER.review_card(state, fsrs.Rating(rating), today)
    return Review(
        seq=0,
        card_id=card.id,
        at=format_instant(now),
        rating=rating,
        fact=card.fact,
        phase=_NAMES[after.state],
        step=after.step,
        stability=after.stability or 0.0,
        difficulty=after.difficulty or 0.0,
        due_at=format_instant(now + (after.due - today)),
    )


def _restore(before: Review | None) -> fsrs.Card:
    if before is None:
        return fsrs.Card(card_id=0)
    return fsrs.Card(
        card_id=0,
        state=PHASES[before.phase],
        step=before.step,
        stability=before.stability,
        difficulty=before.difficulty,
        last_review=_day_start(parse_instant(before.at, field="at")),
    )


def _day_start(instant: datetime) -> datetime:
    """00:00 at Beijing of an instant's day, as FSRS takes it."""
    return datetime.combine(to_beijing(instant).date(), time(), BEIJING).astimezone(UTC)


def due_day(review: Review) -> date:
    """The Beijing day a card is due on."""
    return parse_instant(review.due_at, field="due_at").date()


def is_due(review: Review, *, now: datetime) -> bool:
    """Whether a card is to be asked: a known one from its day on, another from its minute on."""
    if review.phase == "review":
        return due_day(review) <= to_beijing(now).date()
    return parse_instant(review.due_at, field="due_at") <= now


def plan_due(
    cards: Iterable[Card],
    reviews: Mapping[str, Review],
    *,
    new_left: int,
    first: Sequence[str] = (),
    now: datetime,
) -> list[DueCard]:
    """The cards to ask now, in order: changed ones, those due, new ones, those just missed.

    Only cards that exist today are asked: those of an archived article are gone. New ones come
    from the articles named ``first`` before all others, ``new_left`` at most.
    """
    changed, due, missed, new = [], [], [], []
    for card in cards:
        last = reviews.get(card.id)
        if last is None:
            new.append(DueCard(card, "new"))
        elif last.fact != card.fact:
            changed.append(DueCard(card, "changed", last))
        elif is_due(last, now=now):
            due.append(DueCard(card, "due" if last.phase == "review" else "again", last))
        elif last.phase != "review" and is_due(last, now=now + AHEAD):
            missed.append(DueCard(card, "again", last))
    places = {name: place for place, name in enumerate(first)}
    new.sort(key=lambda each: places.get(each.card.article_id, len(places)))
    return [
        *changed,
        *sorted(due, key=lambda each: each.last.due_at if each.last else ""),
        *new[: max(0, new_left)],
        *sorted(missed, key=lambda each: each.last.due_at if each.last else ""),
    ]
