"""Grading a drill: every step by itself, over the matrix of right, near and wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kb.handbook import Handbook
from kb.limit import BoundLimit, TimeLimit
from kb.practice.drill import (
    STEPS,
    DrillAnswer,
    Line,
    Truth,
    choose_limits,
    choose_lines,
    grade_answer,
    grade_words,
    related_articles,
    total_credit,
)
from kb.times import BEIJING

ACCEPTED = datetime(2026, 3, 11, 9, 20, tzinfo=BEIJING)


def limit(name: str, hours: float = 24) -> TimeLimit:
    return TimeLimit(
        id=name, subject=name, categories=(), region="", area="", priority="", condition="",
        limit_value=hours, limit_unit="hour", kind="max", from_event="", starts="accepted",
        responsible_dept="", escalation="", authority="statute", source="", confidence="high",
    )  # fmt: skip


def bound(name: str, hours: float | None) -> BoundLimit:
    due = None if hours is None else ACCEPTED + timedelta(hours=hours)
    return BoundLimit(limit(name, hours or 1), due, provisional=False, is_specific=True)


TRUTH = Truth(
    category="060101",
    articles=("P060101", "P060102"),
    related=("P060201",),
    is_linked=True,
    limits=(bound("L48", 48), bound("L30", 30), bound("event", None)),
    dept="装维中心",
    lines=(Line("请您理顺光纤", True), Line("两小时就通", False), Line("我来登记", True)),
)
RIGHT = DrillAnswer(
    category="060101",
    article="P060101",
    limit="L30",
    due_at="2026-03-12T15:20",
    dept="装维中心",
    said=(0, 2),
)


def credit(step: str, truth: Truth = TRUTH, **changes: object) -> float:
    answer = replace(RIGHT, **changes)  # type: ignore[arg-type]
    return next(each.credit for each in grade_answer(answer, truth) if each.step == step)


def test_all_right_is_whole_and_nothing_is_nothing() -> None:
    grades = grade_answer(RIGHT, TRUTH)
    assert [each.step for each in grades] == list(STEPS)
    assert total_credit(grades) == 1.0
    empty = grade_answer(DrillAnswer(), TRUTH)
    assert {each.step: each.credit for each in empty} == dict.fromkeys(STEPS, 0.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("060101", 1.0), ("060102", 0.6), ("0601", 0.6), ("060201", 0.3), ("06", 0.3),
     ("010101", 0.0), ("", 0.0), ("016101", 0.0)],
)  # fmt: skip
def test_a_class_earns_by_the_levels_in_common(given: str, expected: float) -> None:
    assert credit("category", category=given) == expected


@pytest.mark.parametrize(
    ("given", "linked", "expected"),
    [("P060101", True, 1.0), ("P060102", True, 0.6), ("P060102", False, 1.0),
     ("P060201", True, 0.3), ("P010101", True, 0.0), ("", False, 0.0)],
)  # fmt: skip
def test_an_article_earns_by_how_near_it_is(given: str, linked: bool, expected: float) -> None:
    assert credit("article", replace(TRUTH, is_linked=linked), article=given) == expected


@pytest.mark.parametrize(
    ("given", "expected"), [("L30", 1.0), ("L48", 0.5), ("event", 0.5), ("other", 0.0), ("", 0.0)]
)
def test_a_limit_earns_when_it_binds_and_most_when_it_is_first(given: str, expected: float) -> None:
    assert credit("limit", limit=given) == expected


@pytest.mark.parametrize(
    ("due", "chosen", "expected"),
    [
        ("2026-03-12T15:20", "L48", 1.0),
        ("2026-03-12T15:20:00+08:00", "L30", 1.0),
        ("2026-03-12T07:20:00+00:00", "L30", 1.0),
        ("2026-03-12T09:20", "L30", 0.5),
        ("2026-03-13T09:20", "L48", 0.5),
        ("2026-03-13T09:20", "L30", 0.0),
        ("", "L30", 0.0),
    ],
)
def test_a_due_time_is_right_to_the_minute_or_for_the_limit_chosen(
    due: str, chosen: str, expected: float
) -> None:
    assert credit("due", due_at=due, limit=chosen) == expected


@pytest.mark.parametrize(
    ("said", "expected"), [((0, 2), 1.0), ((0,), 1 / 3), ((0, 1, 2), 1 / 3), ((1,), 0.0), ((), 0.0)]
)
def test_sentences_earn_what_guessing_does_not(said: tuple[int, ...], expected: float) -> None:
    assert grade_words(said, TRUTH.lines) == pytest.approx(expected)


def test_a_case_without_a_running_limit_or_lines_has_fewer_steps() -> None:
    truth = replace(TRUTH, limits=(bound("event", None),), lines=())
    assert [each.step for each in grade_answer(RIGHT, truth)] == ["category", "article", "dept"]


def test_the_limit_of_the_class_binds_before_its_target_and_before_general_ones() -> None:
    general = replace(bound("general", 1), is_specific=False)
    target = replace(
        bound("TLC060101", 24), limit=replace(limit("TLC060101"), categories=("060101",))
    )
    every = (general, target, bound("table", 48))
    for limits, expected in [(every, "table"), (every[:2], "TLC060101"), (every[:1], "general")]:
        first = replace(TRUTH, limits=limits).strictest
        assert first is not None
        assert first.limit.id == expected
    assert replace(TRUTH, limits=(bound("event", None),)).strictest is None


def test_limits_offered_hold_the_first_and_as_many_that_do_not_bind() -> None:
    others = [limit(f"X{n}") for n in range(9)] + [limit("L48")]
    offered = [each.id for each in choose_limits(TRUTH, others, seed="T1")]
    assert {"L30", "L48"} <= set(offered)
    assert sum(name.startswith("X") for name in offered) == 3
    assert offered == [each.id for each in choose_limits(TRUTH, others, seed="T1")]
    assert offered != [each.id for each in choose_limits(TRUTH, others, seed="T2")]


def test_nearly_every_procedure_has_sentences_of_both_kinds(shipped: Handbook) -> None:
    procedures = [each for each in shipped.articles if each.id.startswith("P")]
    both = [choose_lines(each, "seed") for each in procedures]
    assert sum(bool(lines) for lines in both) >= 0.8 * len(procedures)
    article = next(each for each in procedures if each.id == "P010101")
    lines = choose_lines(article, "seed")
    assert {line.text for line in lines if not line.allowed} == {
        "套外费都能退", "是某个App偷跑"}  # fmt: skip
    assert sum(line.allowed for line in lines) == 2


def test_articles_of_a_class_come_before_those_beside_it(shipped: Handbook) -> None:
    exact, near = related_articles(shipped.articles, "060101")
    assert exact[0] == "P060101"
    assert len(exact) > 1
    assert "P060102" in near
    assert not set(exact) & set(near)
