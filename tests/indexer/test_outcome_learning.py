"""What is learnt from settled closings, and what is not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from indexer.outcome_learning import Learned, learn_boosts
from indexer.ranker_plan import HALF_LIVES, choose_half_life, gather_boosts, plan_version
from kb.ranker import MOST_BOOST, Boost, Choice, ShownItem

SHOWN = tuple(ShownItem(name, place, 0.6 - 0.02 * place) for place, name in enumerate("abcde", 1))
PLACES = [1 / each.position for each in SHOWN]


def choice(chosen: int, *, stayed: bool = True, context: str = "060101", age: float = 0) -> Choice:
    return Choice("procedure", context, SHOWN, chosen, stayed, age)


def stream(
    times: int, weigh: Callable[[int], Sequence[float]], *, stays: Sequence[float], seed: int = 1
) -> list[Choice]:
    """Closings a day apart, oldest first, each choosing by ``weigh(number)``."""
    rng = random.Random(seed)
    found = []
    for number in range(times):
        chosen = rng.choices(range(5), weigh(number))[0]
        stayed = rng.random() < stays[chosen]
        found.append(choice(chosen, stayed=stayed, age=float(times - number)))
    return found


def boost_of(learned: Learned, target: str, context: str | None = None) -> float:
    return sum(
        each.boost
        for each in learned.boosts
        if each.target_id == target and context in (None, each.context)
    )


def learn(choices: Sequence[Choice], half_life: float | None = None) -> Learned:
    return learn_boosts(choices, half_life=half_life)["procedure"]


def test_nothing_is_learnt_of_nothing() -> None:
    assert learn([]).boosts == ()


def test_what_the_places_explain_teaches_nothing() -> None:
    choices = stream(400, lambda _: PLACES, stays=[0.8] * 5)
    assert sum(each.shown for each in learn(choices).boosts if each.context == "") == 2000
    assert max(abs(boost_of(learn(choices), name)) for name in "abcde") < 0.05


def test_what_solves_more_than_its_place_explains_is_lifted() -> None:
    weights = [1.0, 0.5, 0.33, 0.25, 1.0]
    learned = learn(stream(60, lambda _: weights, stays=[0.8] * 5))
    assert boost_of(learned, "e") > 0.03
    assert boost_of(learned, "e") > boost_of(learned, "a")


def test_twenty_closings_of_a_class_already_help() -> None:
    twenty = [choice(4)] * 9 + [choice(0)] * 8 + [choice(1)] * 3
    learned = learn(twenty)
    assert boost_of(learned, "e") > 0.02
    assert boost_of(learned, "d") <= 0


def test_what_comes_back_falls_behind_what_holds() -> None:
    learned = learn(stream(300, lambda _: PLACES, stays=[0.3, 0.9, 0.9, 0.9, 0.9]))
    assert boost_of(learned, "a") < -0.02
    assert boost_of(learned, "b") > boost_of(learned, "a")


def test_a_dismissal_is_a_weak_negative() -> None:
    plain = stream(120, lambda _: PLACES, stays=[0.7] * 5)
    annoyed = [
        replace(each, shown=(*SHOWN[:2], replace(SHOWN[2], dismissed=True), *SHOWN[3:]))
        for each in plain
    ]
    assert boost_of(learn(annoyed), "c") < boost_of(learn(plain), "c")


def test_a_class_backs_off_to_its_group_and_to_all() -> None:
    here = [choice(4, context="060101")] * 12 + [choice(0, context="060101")] * 8
    there = [choice(0, context="010101")] * 13 + [choice(1, context="010101")] * 7
    learned = learn(here + there)
    assert {each.context for each in learned.boosts} == {"", "0601", "060101", "0101", "010101"}
    in_class = sum(boost_of(learned, "e", context) for context in ("", "0601", "060101"))
    elsewhere = sum(boost_of(learned, "e", context) for context in ("", "0101", "010101"))
    assert in_class > boost_of(learned, "e", "") > elsewhere


def test_a_ticket_without_a_full_class_teaches_the_levels_it_has() -> None:
    learned = learn([choice(4, context="0601")] * 15 + [choice(0, context="")] * 15)
    assert {each.context for each in learned.boosts} == {"", "0601"}


def test_every_boost_is_bounded_and_carries_its_counts() -> None:
    learned = learn([choice(4)] * 500)
    assert max(abs(each.boost) for each in learned.boosts) <= MOST_BOOST
    last = next(each for each in learned.boosts if each.target_id == "e" and not each.context)
    assert (last.shown, last.solutions, last.came_back) == (500, 500.0, 0.0)
    assert last.expected < 150


def test_what_is_old_counts_less() -> None:
    old = [choice(4, age=200)] * 60
    new = [choice(0, age=1)] * 30
    assert boost_of(learn(old + new), "e") > boost_of(learn(old + new), "a")
    quick = learn(old + new, half_life=10.0)
    assert boost_of(quick, "e") < boost_of(quick, "a")


def test_lanes_do_not_mix() -> None:
    fixes = [replace(choice(4), lane="past_fix")] * 20
    learned = learn_boosts(fixes, half_life=None)
    assert learned["procedure"].boosts == ()
    assert {each.lane for each in learned["past_fix"].boosts} == {"past_fix"}


def test_the_order_of_the_closings_does_not_matter() -> None:
    choices = stream(80, lambda _: PLACES, stays=[0.5, 0.9, 0.7, 0.7, 0.7])

    def by_key(boosts: Sequence[Boost]) -> dict[tuple[str, str], float]:
        return {(each.target_id, each.context): each.boost for each in boosts}

    again = by_key(learn(choices[::-1]).boosts)
    assert again == pytest.approx(by_key(learn(choices).boosts), abs=2e-4)


def test_a_version_that_newer_outcomes_speak_against_is_refused() -> None:
    late = [1.0, 0.0, 0.0, 0.0, 0.0]
    early = [0.0, 0.0, 0.0, 0.0, 1.0]
    turned = stream(200, lambda number: early if number < 150 else late, stays=[0.9] * 5)
    plan = plan_version(turned)
    assert plan.evaluation.gain < 0
    assert plan.is_refused


def test_a_version_that_newer_outcomes_confirm_is_taken() -> None:
    steady = stream(200, lambda _: [1.0, 0.2, 0.2, 0.2, 1.0], stays=[0.4, 0.9, 0.9, 0.9, 0.9])
    plan = plan_version(steady)
    assert plan.evaluation.choices == 50
    assert plan.evaluation.gain > 0
    assert not plan.is_refused
    assert gather_boosts(plan.lanes)


def test_after_a_change_it_forgets_faster() -> None:
    usual = [place * math.exp(8 * each.score) for place, each in zip(PLACES, SHOWN, strict=True)]
    early = [*usual[:4], 3 * usual[4]]
    late = [usual[0], 3 * usual[1], *usual[2:4], usual[4] / 3]
    turned = stream(400, lambda number: early if number < 240 else late, stays=[0.9] * 5)
    assert plan_version(turned).half_life in HALF_LIVES[1:]
    steady = stream(400, lambda _: early, stays=[0.9] * 5)
    assert plan_version(steady).half_life is None


def test_the_slowest_forgetting_that_is_not_clearly_beaten_is_chosen() -> None:
    even = np.full(100, -1.0)
    scores = dict.fromkeys(HALF_LIVES, even)
    noisy = even + np.where(np.arange(100) % 2, 1.0, -0.9)
    better = even + np.where(np.arange(100) % 2, 1.0, -0.1)
    assert choose_half_life(scores) is None
    assert choose_half_life(scores | {30.0: noisy}) is None
    assert choose_half_life(scores | {30.0: better}) == 30.0
    assert choose_half_life(scores | {30.0: better, 120.0: better}) == 120.0
