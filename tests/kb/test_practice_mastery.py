"""Mastery: calibrated on learners whose truth is known; the next drill where it is worth most."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import fmean

import pytest

from kb.category import Category
from kb.practice.choosing import GAP, Tally, choose_next, class_costs
from kb.practice.mastery import STARTS, Attempt, count_distribution, estimate
from kb.times import BEIJING
from tests.bench.learners import Course, calibrate, coverage, error, make_classes, run_course

NOW = datetime(2026, 3, 11, 9, 20, tzinfo=BEIJING)
CLASSES = [f"0601{place:02d}" for place in range(1, 11)]


def attempts(*parts: float, category: str = "060101", days: float = 0) -> list[Attempt]:
    first = NOW - timedelta(days=days)
    return [Attempt(category, each, first + timedelta(minutes=n)) for n, each in enumerate(parts)]


def test_without_a_case_everything_is_open() -> None:
    mastery = estimate([], now=NOW)
    assert sum(mastery.weights) == pytest.approx(1)
    share = mastery.share(CLASSES)
    assert share.low <= 0.1
    assert share.high >= 0.7
    assert mastery.chance("060101") == pytest.approx(share.value)


def test_good_cases_raise_and_bad_ones_lower_the_chance() -> None:
    def chance(*parts: float) -> float:
        return estimate(attempts(*parts), now=NOW).chance("060101")

    assert chance(1.0, 1.0) > chance(1.0) > chance(0.8) > chance(0.5) > chance(0.0)
    assert chance(1.0, 1.0) > 0.9


def test_what_is_known_is_forgotten_day_by_day() -> None:
    found = [estimate(attempts(1.0, 1.0, days=days), now=NOW).chance("060101")
             for days in (0, 7, 60, 365)]  # fmt: skip
    assert found == sorted(found, reverse=True)
    assert found[0] - found[-1] > 0.5


def test_a_learner_good_at_some_classes_is_thought_better_at_the_rest() -> None:
    good = [each for code in CLASSES[:6] for each in attempts(1.0, category=code)]
    bad = [each for code in CLASSES[:6] for each in attempts(0.2, category=code)]
    assert estimate(good, now=NOW).chance("060110") > 0.6
    assert estimate(bad, now=NOW).chance("060110") < 0.25


def test_more_cases_make_the_interval_narrower() -> None:
    def width(number: int) -> float:
        done = [each for code in CLASSES[:number] for each in attempts(1.0, 1.0, category=code)]
        share = estimate(done, now=NOW).share(CLASSES)
        return share.high - share.low

    assert width(2) > width(6) > width(10)


def test_the_distribution_of_a_count_is_poisson_binomial() -> None:
    assert count_distribution([0.5, 0.5]) == pytest.approx([0.25, 0.5, 0.25])
    assert count_distribution([0.9, 0.2, 0.5]) == pytest.approx([0.04, 0.41, 0.46, 0.09])
    assert len(STARTS) == 10


def category(code: str, priority: str) -> Category:
    return Category(code, code[:4], code, 3, default_priority=priority)


def test_a_rare_class_that_goes_wrong_costs_more_than_a_common_one_that_does_not() -> None:
    classes = [category("060101", "P3"), category("060102", "P3"), category("060103", "P1"),
               category("060104", "P3")]  # fmt: skip
    costs = class_costs(classes, [Tally("060101", 5_000, 100, 0, 0), Tally("060102", 6, 4, 2, 3)])
    assert costs["060102"] > costs["060101"]
    assert costs["060103"] == pytest.approx(2 * costs["060104"])
    assert costs["060101"] < costs["060104"] * 1.01
    assert class_costs(classes, []) == {
        "060101": 1.5, "060102": 1.5, "060103": 3.0, "060104": 1.5}  # fmt: skip


def test_the_next_drill_is_a_miss_or_dear_and_never_the_one_just_done() -> None:
    costs = dict.fromkeys(CLASSES, 1.0) | {"060105": 4.0}
    first = choose_next(CLASSES, estimate([], now=NOW), costs, attempts=[], seed="甲")
    assert first is not None
    assert (first.category, first.reason) == ("060105", "代价大、还没练过")
    done = [each for code in CLASSES for each in attempts(1.0, 1.0, category=code, days=1)]
    done += attempts(0.1, category="060103", days=0.5)
    done += [Attempt(code, 1.0, NOW) for code in ("060101", "060102", "060104")[:GAP]]
    chosen = choose_next(CLASSES, estimate(done, now=NOW), dict.fromkeys(CLASSES, 1.0),
                         attempts=done)  # fmt: skip
    assert chosen is not None
    assert (chosen.category, chosen.reason) == ("060103", "上次没做好")
    missed = [*done, Attempt("060103", 0.0, NOW)]
    after = choose_next(CLASSES, estimate(missed, now=NOW), costs, attempts=missed)
    assert after is not None
    assert after.category != "060103"
    assert choose_next([], estimate([], now=NOW), costs, attempts=[]) is None


@pytest.fixture(scope="module")
def courses() -> dict[bool, list[Course]]:
    """A small version of ``python -m tests.bench.learners``."""
    return {kind: [run_course(seed, chosen=kind) for seed in range(6)] for kind in (True, False)}


def test_estimates_are_calibrated_on_learners_whose_truth_is_known(
    courses: dict[bool, list[Course]],
) -> None:
    sights = [sight for found in courses.values() for course in found for sight in course.sights]
    assert error(calibrate(sights, sorted(make_classes()[1]))) <= 0.06
    share, total = coverage(sights)
    assert total >= 200
    assert share >= 0.93


def test_chosen_drills_reach_mastery_in_fewer_cases_than_random_order(
    courses: dict[bool, list[Course]],
) -> None:
    chosen, turns = (fmean(course.cases for course in courses[kind]) for kind in (True, False))
    assert chosen < 0.8 * turns
