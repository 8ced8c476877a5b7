"""What a learner does with cards: which are due, grading one, taking the last grade back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kb.database import Database
from kb.errors import CardNotFound, InvalidInput, UndoRefused
from kb.limit import in_use
from kb.practice.cards import Card, build_cards
from kb.practice.scheduling import NEW_A_DAY, RATINGS, DueCard, Review, plan_due, plan_review
from kb.store import handbook
from kb.store import practice_cards as store
from kb.times import parse_instant, to_beijing


@dataclass(frozen=True)
class Deck:
    """A learner's cards of today: those to ask now, and how far the day's work is."""

    due: list[DueCard]
    total: int
    begun: int
    graded_today: int
    missed_today: int


def read_cards(connection: sqlite3.Connection, *, now: datetime) -> list[Card]:
    """The cards of the handbook as it is shown today."""
    today = to_beijing(now).date()
    return build_cards(
        handbook.read_articles(connection, on=today),
        in_use(handbook.read_limits(connection), today),
        handbook.read_categories(connection),
    )


def read_deck(
    connection: sqlite3.Connection,
    agent: str,
    *,
    cards: Sequence[Card] | None = None,
    first: Sequence[str] = (),
    now: datetime,
) -> Deck:
    """What the learner has to do; new cards of the articles named ``first`` come first.

    ``cards``: those of today, when they were read already.
    """
    cards = read_cards(connection, now=now) if cards is None else cards
    reviews = store.read_newest(connection, agent)
    today = to_beijing(now).date()
    new_left = NEW_A_DAY - store.count_first(connection, agent, on=today)
    given, missed = store.count_by_day(connection, agent, on=today)
    return Deck(
        due=plan_due(cards, reviews, new_left=new_left, first=first, now=now),
        total=len(cards),
        begun=sum(card.id in reviews for card in cards),
        graded_today=given,
        missed_today=missed,
    )


def grade_card(
    database: Database,
    card_id: str,
    rating: int,
    *,
    follows: int | None = None,
    agent: str,
    now: datetime,
) -> Review:
    """Keep a grade and return it with the day the card comes back.

    ``follows``: number of the review the learner saw before; when another was given since (the
    form was sent twice) nothing is added and that one is returned. Raise CardNotFound.
    """
    if rating not in RATINGS:
        raise InvalidInput("应为 1 到 4", field="rating")
    with database.transaction() as connection:
        card = _find_card(connection, card_id, now=now)
        before = store.read_newest(connection, agent).get(card_id)
        if follows is not None and before is not None and before.seq > follows:
            return before
        review = plan_review(before, card, rating, now=now)
        return replace(review, seq=store.add_review(connection, agent, review))


def _find_card(connection: sqlite3.Connection, card_id: str, *, now: datetime) -> Card:
    for card in read_cards(connection, now=now):
        if card.id == card_id:
            return card
    raise CardNotFound(card_id, field="card_id")


def undo_grade(database: Database, *, agent: str, now: datetime) -> Review:
    """Take the learner's last grade of today back, and return it; raise UndoRefused."""
    with database.transaction() as connection:
        last = store.find_last(connection, agent)
        if last is None or parse_instant(last.at, field="at").date() != to_beijing(now).date():
            raise UndoRefused("今天没有可以撤销的评分")
        store.add_undo(connection, agent, last, now=now)
        return last
