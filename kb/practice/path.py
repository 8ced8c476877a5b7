"""The path of the first week: what to read, which cards to know, which cases to do, day by day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.article import Article
from kb.category import Category
from kb.errors import InvalidInput
from kb.practice.cards import Card
from kb.practice.drill import related_articles

KINDS: Mapping[str, str] = {"article": "读", "cards": "卡片", "drill": "案例"}
DAYS = 7
MOST_ITEMS = 100
FIRST_SECTIONS = ("3.1", "3.2", "3.3")
"""What everybody reads on the first day: taking in, handling, limits."""
LAST_SECTIONS = ("3.4", "7.3")
CLASSES_A_DAY = 2
KNOWN_RATING = 2
"""A card counts as known with this grade or a better one."""


@dataclass(frozen=True)
class PathItem:
    """One thing to do. ``target``: an article's id, for a case a class's code."""

    day: int
    kind: str
    target: str

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return f"{self.kind}:{self.target}"


@dataclass(frozen=True)
class Work:
    """What a learner has done that a path asks for."""

    read: frozenset[str] = frozenset()
    drilled: frozenset[str] = frozenset()
    ratings: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Step:
    """An item as the learner sees it; ``done`` of ``total`` parts, all cards of an article."""

    item: PathItem
    title: str
    done: int
    total: int

    @property
    def is_done(self) -> bool:
        """Whether nothing is left of it."""
        return self.done >= self.total


def first_week(
    articles: Sequence[Article], categories: Mapping[str, Category], costs: Mapping[str, float]
) -> tuple[PathItem, ...]:
    """The path nobody has edited: the frame on the first and the last day, dear classes between.

    Of each first-level class at most one, so that the week touches many.
    """
    items = [PathItem(1, "article", each) for each in _of_sections(articles, FIRST_SECTIONS)]
    dear: dict[str, str] = {}
    for code in sorted(costs, key=lambda each: (-costs[each], each)):
        if code in categories and related_articles(articles, code)[0]:
            dear.setdefault(code[:2], code)
    for place, code in enumerate(list(dear.values())[: CLASSES_A_DAY * (DAYS - 2)]):
        day, article = 2 + place // CLASSES_A_DAY, related_articles(articles, code)[0][0]
        items += [
            PathItem(day, "article", article),
            PathItem(day, "cards", article),
            PathItem(day, "drill", code),
        ]
    items += [PathItem(DAYS, "article", each) for each in _of_sections(articles, LAST_SECTIONS)]
    return tuple(dict.fromkeys(items))


def _of_sections(articles: Iterable[Article], sections: Collection[str]) -> list[str]:
    return [each.id for each in articles if each.section in sections and each.id.startswith("S")]


def measure_path(
    items: Iterable[PathItem],
    work: Work,
    *,
    cards: Iterable[Card],
    titles: Mapping[str, str],
) -> list[Step]:
    """Each item with how far it is; those whose article or class is gone today are left out."""
    own: dict[str, list[str]] = {}
    for card in cards:
        own.setdefault(card.article_id, []).append(card.id)
    ratings = work.ratings or {}
    steps = []
    for item in items:
        if item.target not in titles:
            continue
        done, total = int(item.target in work.read), 1
        if item.kind == "drill":
            done = int(item.target in work.drilled)
        elif item.kind == "cards":
            found = own.get(item.target, [])
            done, total = sum(ratings.get(c, 0) >= KNOWN_RATING for c in found), len(found)
        steps.append(Step(item, titles[item.target], done, total))
    return steps


def add_item(items: Sequence[PathItem], item: PathItem) -> tuple[PathItem, ...]:
    """The path with one thing more, at the end of its day; raise InvalidInput."""
    if item.kind not in KINDS:
        raise InvalidInput(f"应为 {'、'.join(KINDS)} 之一", field="kind")
    if not 1 <= item.day <= DAYS:
        raise InvalidInput(f"应为 1 到 {DAYS}", field="day")
    if any(each.key == item.key for each in items):
        raise InvalidInput("路径里已有这一项", field="target")
    if len(items) >= MOST_ITEMS:
        raise InvalidInput(f"最多 {MOST_ITEMS} 项", field="target")
    return _by_day([*items, item])


def drop_item(items: Sequence[PathItem], key: str) -> tuple[PathItem, ...]:
    """The path without one thing."""
    return tuple(each for each in items if each.key != key)


def move_item(items: Sequence[PathItem], key: str, *, days: int) -> tuple[PathItem, ...]:
    """The path with one thing some days later (or earlier), within the week."""
    return _by_day(
        replace(each, day=min(DAYS, max(1, each.day + days))) if each.key == key else each
        for each in items
    )


def _by_day(items: Iterable[PathItem]) -> tuple[PathItem, ...]:
    return tuple(sorted(items, key=lambda each: each.day))
