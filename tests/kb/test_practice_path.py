"""The path of the first week, and the rule of the certificate."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kb.errors import InvalidInput
from kb.handbook import Handbook
from kb.practice.cards import build_cards
from kb.practice.choosing import class_costs
from kb.practice.mastery import Attempt
from kb.practice.path import (
    DAYS,
    PathItem,
    Work,
    add_item,
    drop_item,
    first_week,
    measure_path,
    move_item,
)
from kb.practice.progress import HELD_DAYS, chapter_classes, holds
from kb.times import BEIJING

NOW = datetime(2026, 3, 11, 9, 20, tzinfo=BEIJING)
CODES = [f"0601{place:02d}" for place in range(1, 9)]
ITEMS = (PathItem(1, "article", "S31"), PathItem(2, "drill", "060101"))


def test_the_week_nobody_edited_begins_with_the_frame_and_then_dear_classes(
    shipped: Handbook,
) -> None:
    classes = {each.id: each for each in shipped.categories}
    items = first_week(shipped.articles, classes, class_costs(shipped.categories, []))
    assert {each.day for each in items} == set(range(1, DAYS + 1))
    assert len({each.key for each in items}) == len(items)
    assert items[0].kind == "article"
    drilled = [each.target for each in items if each.kind == "drill"]
    assert len(drilled) == 10
    assert len({code[:2] for code in drilled}) == len(drilled)
    assert classes[drilled[0]].default_priority == "P1"


def test_a_path_is_changed_by_adding_dropping_and_moving() -> None:
    added = add_item(ITEMS, PathItem(1, "cards", "S31"))
    assert [each.key for each in added] == ["article:S31", "cards:S31", "drill:060101"]
    assert drop_item(added, "cards:S31") == ITEMS
    later = move_item(ITEMS, "article:S31", days=3)
    assert [(each.day, each.kind) for each in later] == [(2, "drill"), (4, "article")]
    assert move_item(ITEMS, "article:S31", days=-1) == ITEMS
    assert move_item(ITEMS, "drill:060101", days=9)[1].day == DAYS


@pytest.mark.parametrize(
    ("item", "field"),
    [(ITEMS[0], "target"), (PathItem(8, "cards", "S31"), "day"), (PathItem(1, "x", "S31"), "kind")],
)
def test_what_does_not_belong_is_refused_by_field(item: PathItem, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_item(ITEMS, item)
    assert refused.value.field == field


def test_a_step_is_done_when_read_drilled_or_all_its_cards_are_known(shipped: Handbook) -> None:
    cards = build_cards(shipped.articles, {each.id: each for each in shipped.limits},
                        {each.id: each for each in shipped.categories})  # fmt: skip
    own = [card.id for card in cards if card.article_id == "P060101"]
    items = (PathItem(1, "article", "P060101"), PathItem(1, "cards", "P060101"),
             PathItem(1, "drill", "060101"), PathItem(1, "article", "GONE"))  # fmt: skip
    titles = {"P060101": "红灯", "060101": "全断"}

    def done(work: Work) -> list[tuple[int, int]]:
        return [(each.done, each.total)
                for each in measure_path(items, work, cards=cards, titles=titles)]  # fmt: skip

    assert done(Work()) == [(0, 1), (0, len(own)), (0, 1)]
    missed = dict.fromkeys(own, 3) | {own[0]: 1}
    assert done(Work(ratings=missed))[1] == (len(own) - 1, len(own))
    whole = Work(frozenset({"P060101"}), frozenset({"060101"}), dict.fromkeys(own, 2))
    assert done(whole) == [(1, 1), (len(own), len(own)), (1, 1)]


def practised(codes: list[str], *, days: int) -> list[Attempt]:
    return [Attempt(code, 1.0, NOW - timedelta(days=days)) for code in codes for _ in range(3)]


@pytest.mark.parametrize(
    ("attempts", "held"),
    [
        ([], False),
        (practised(CODES, days=1), False),
        (practised(CODES, days=HELD_DAYS), True),
        (practised(CODES, days=HELD_DAYS - 1), False),
        (practised(CODES[:4], days=HELD_DAYS), False),
        (practised(CODES, days=400), False),
        ([*practised(CODES, days=9),
          *(Attempt(code, 0.0, NOW - timedelta(days=3)) for code in CODES[:4])], False),
    ],
    ids=["nothing", "since yesterday", "a week", "six days", "too few classes", "forgotten",
         "missed within the week"],
)  # fmt: skip
def test_a_chapter_is_certified_only_when_mastery_held_for_a_week(
    attempts: list[Attempt], held: bool
) -> None:
    assert holds(attempts, CODES, now=NOW) is held


def test_every_class_belongs_to_one_chapter(shipped: Handbook) -> None:
    classes = {each.id: each for each in shipped.categories}
    found = chapter_classes(shipped.articles, classes)
    every = [code for codes in found.values() for code in codes]
    assert sorted(every) == sorted(code for code, each in classes.items() if each.level == 3)
    assert "060101" in found[4]
