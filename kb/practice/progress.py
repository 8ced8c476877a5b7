"""How far a learner is: mastery by chapter and class, the path, and when a chapter is certified."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.article import Article
from kb.category import Category
from kb.database import Database
from kb.errors import CertificateRefused, InvalidInput
from kb.intervals import Interval
from kb.limit import in_use
from kb.practice.cards import Card, build_cards
from kb.practice.choosing import class_costs
from kb.practice.drill import related_articles
from kb.practice.mastery import Attempt, Mastery, estimate
from kb.practice.path import KNOWN_RATING, PathItem, Step, Work, first_week, measure_path
from kb.practice.reviewing import Deck, read_deck
from kb.store import handbook
from kb.store import practice_cards as card_store
from kb.store import practice_drills as drill_store
from kb.store import practice_path as path_store
from kb.store.practice_path import Certificate
from kb.times import format_instant, to_beijing

LINE = 0.75
"""A chapter is mastered when the lower bound of its share known is this high …

The bound of a chapter of five classes moves in fifths: four of five must be nearly sure."""
HELD_DAYS = 7
"""… today and on each of so many days before."""
LEAST_CLASSES = 5
"""Classes of a chapter (or all, of a smaller one) in which a case was done."""


@dataclass(frozen=True)
class Shelf:
    """The handbook of a day as learning needs it, read once for any number of learners."""

    articles: list[Article]
    categories: Mapping[str, Category]
    cards: list[Card]
    items: tuple[PathItem, ...]
    classes: Mapping[int, list[str]]

    @property
    def titles(self) -> dict[str, str]:
        """What the targets of a path are called."""
        found = {each.id: each.title for each in self.articles}
        return found | {code: each.name for code, each in self.categories.items()}


@dataclass(frozen=True)
class ChapterProgress:
    """One chapter: the share of its classes known, with its interval, and cases done."""

    chapter: int
    classes: int
    cases: int
    share: Interval
    certificate: Certificate | None


@dataclass(frozen=True)
class Progress:
    """How far one learner is."""

    agent: str
    steps: list[Step]
    chapters: list[ChapterProgress]
    mastery: Mastery
    attempts: list[Attempt]
    cards_known: int
    cards_total: int
    overall: Interval | None

    @property
    def path_done(self) -> int:
        """Items of the path done."""
        return sum(step.is_done for step in self.steps)


def read_shelf(connection: sqlite3.Connection, *, now: datetime) -> Shelf:
    """The handbook of today, and the path as it stands."""
    today = to_beijing(now).date()
    articles = handbook.read_articles(connection, on=today)
    limits = in_use(handbook.read_limits(connection), today)
    categories = handbook.read_categories(connection)
    stored = path_store.read_path(connection)
    items = stored.items if stored else None
    if items is None:
        costs = class_costs(categories.values(), drill_store.read_tallies(connection))
        items = first_week(articles, categories, costs)
    cards = build_cards(articles, limits, categories)
    return Shelf(articles, categories, cards, items, chapter_classes(articles, categories))


def deal(connection: sqlite3.Connection, agent: str, shelf: Shelf, *, now: datetime) -> Deck:
    """The learner's cards of today: new ones of the path's articles before others."""
    first = [each.target for each in shelf.items if each.kind == "cards"]
    return read_deck(connection, agent, cards=shelf.cards, first=first, now=now)


def chapter_classes(
    articles: Sequence[Article], categories: Mapping[str, Category]
) -> dict[int, list[str]]:
    """The third-level classes of each chapter: a class belongs where its own article stands."""
    chapters = {article.id: article.chapter for article in articles}
    found: dict[int, list[str]] = {}
    for code, category in categories.items():
        exact = related_articles(articles, code)[0] if category.level == 3 else ()
        if exact:
            found.setdefault(chapters[exact[0]], []).append(code)
    return dict(sorted(found.items()))


def read_progress(
    connection: sqlite3.Connection, agent: str, shelf: Shelf, *, now: datetime
) -> Progress:
    """How far a learner is."""
    attempts = drill_store.read_attempts(connection, agent)
    mastery = estimate(attempts, now=now)
    ratings = {
        name: review.rating for name, review in card_store.read_newest(connection, agent).items()
    }
    work = Work(
        read=frozenset(path_store.read_read(connection, agent)),
        drilled=frozenset(each.category for each in attempts),
        ratings=ratings,
    )
    issued = path_store.read_certificates(connection, agent)
    every = [code for codes in shelf.classes.values() for code in codes]
    return Progress(
        agent=agent,
        steps=measure_path(shelf.items, work, cards=shelf.cards, titles=shelf.titles),
        chapters=[
            ChapterProgress(
                chapter,
                len(codes),
                sum(each.category in codes for each in attempts),
                mastery.share(codes),
                issued.get(chapter),
            )
            for chapter, codes in shelf.classes.items()
        ],
        mastery=mastery,
        attempts=attempts,
        cards_known=sum(ratings.get(card.id, 0) >= KNOWN_RATING for card in shelf.cards),
        cards_total=len(shelf.cards),
        overall=mastery.share(every) if every else None,
    )


def holds(attempts: Iterable[Attempt], classes: Sequence[str], *, now: datetime) -> bool:
    """Whether a chapter is mastered today and was on each of the HELD_DAYS days before."""
    found = list(attempts)
    tried = {each.category for each in found if each.category in classes}
    if len(tried) < min(LEAST_CLASSES, len(classes)):
        return False
    days = (now - timedelta(days=back) for back in range(HELD_DAYS + 1))
    return all(
        estimate([each for each in found if each.at <= day], now=day).share(classes).low >= LINE
        for day in days
    )


def certify(database: Database, agent: str, chapter: int, *, now: datetime) -> Certificate:
    """The learner's certificate of a chapter, issued if there is none; raise CertificateRefused."""
    with database.transaction() as connection:
        known = path_store.read_certificates(connection, agent).get(chapter)
        if known:
            return known
        shelf = read_shelf(connection, now=now)
        if chapter not in shelf.classes:
            raise InvalidInput("这一章没有案例，不发证书", field="chapter")
        attempts = drill_store.read_attempts(connection, agent)
        codes = shelf.classes[chapter]
        if not holds(attempts, codes, now=now):
            raise CertificateRefused(
                f"要连续 {HELD_DAYS} 天掌握程度的下限不低于 {LINE:.0%}，"
                f"且至少练过 {min(LEAST_CLASSES, len(codes))} 类案例"
            )
        share = estimate(attempts, now=now).share(codes)
        made = Certificate(
            agent=agent,
            chapter=chapter,
            issued_at=format_instant(now),
            low=share.low,
            value=share.value,
            cases=sum(each.category in codes for each in attempts),
        )
        path_store.add_certificate(connection, made)
        return made
