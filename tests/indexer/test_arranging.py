"""The order shown: bounded boosts, swaps on trial, two rankers drawn into one list."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from indexer.arranging import (
    CLOSE,
    Arranger,
    Candidate,
    Placement,
    expected_boost,
    rank,
    team_draft,
    weigh_contexts,
)
from kb.ranker import MOST_BOOST

FOUR = [
    Candidate("a", 0.60),
    Candidate("b", 0.57),
    Candidate("c", 0.40),
    Candidate("d", 0.20),
]
SURE = (("060101", 1.0),)


def names(placements: list[Placement]) -> str:
    return "".join(FOUR[each.index].target_id for each in placements)


def test_without_anything_learnt_the_order_is_that_of_the_scores() -> None:
    placed = Arranger().arrange("procedure", FOUR, 3)
    assert placed == [Placement(0), Placement(1), Placement(2)]


def test_equal_scores_stand_by_name() -> None:
    pair = [Candidate("z", 0.5), Candidate("a", 0.5)]
    assert [each.index for each in Arranger().arrange("procedure", pair, 2)] == [1, 0]


def test_a_boost_lifts_an_item_and_is_told() -> None:
    boosts = {("procedure", "b", "060101"): 0.08}
    placed = Arranger(boosts=boosts, classes=SURE).arrange("procedure", FOUR, 4)
    assert names(placed) == "bacd"
    assert placed[0].boost == 0.08


def test_boosts_of_all_contexts_add_up_in_the_measure_of_the_classes() -> None:
    boosts = {
        ("procedure", "a", ""): 0.01,
        ("procedure", "a", "0601"): 0.02,
        ("procedure", "a", "060101"): 0.04,
        ("procedure", "a", "010101"): -0.10,
    }
    classes = (("060101", 0.5), ("060102", 0.25), ("010101", 0.25))
    added = expected_boost(boosts, "procedure", "a", contexts=weigh_contexts(classes))
    assert added == pytest.approx(0.01 + 0.75 * 0.02 + 0.5 * 0.04 - 0.25 * 0.10)


@pytest.mark.parametrize("sign", [1, -1])
def test_however_much_was_learnt_the_sum_is_bounded(sign: int) -> None:
    boosts = {("procedure", "d", context): sign * 0.15 for context in ("", "0601", "060101")}
    assert (
        expected_boost(boosts, "procedure", "d", contexts=weigh_contexts(SURE)) == sign * MOST_BOOST
    )


def test_no_boosts_lift_an_item_over_a_clearly_better_one() -> None:
    boosts = {("procedure", "d", ""): MOST_BOOST, ("procedure", "a", ""): -MOST_BOOST}
    assert names(Arranger(boosts=boosts).arrange("procedure", FOUR, 4)) == "bacd"


def test_a_boost_of_one_lane_does_not_touch_another() -> None:
    boosts = {("past_fix", "d", ""): MOST_BOOST, ("past_fix", "b", ""): MOST_BOOST}
    assert names(Arranger(boosts=boosts).arrange("procedure", FOUR, 4)) == "abcd"


def lists(rate: float, times: int = 4000) -> list[list[Placement]]:
    rng = random.Random(5)
    arranger = Arranger(swap_rate=rate, rng=rng)
    return [arranger.arrange("procedure", FOUR, 4) for _ in range(times)]


def test_only_close_neighbours_are_swapped_and_as_often_as_said() -> None:
    counts = Counter(names(placed) for placed in lists(0.1))
    assert set(counts) == {"abcd", "bacd"}
    assert counts["bacd"] / 4000 == pytest.approx(0.1, abs=0.015)
    assert FOUR[1].score - FOUR[2].score > CLOSE


def test_the_pair_on_trial_is_logged_with_the_chance_of_its_order() -> None:
    for placed in lists(0.1, 200):
        chance = 0.1 if names(placed) == "bacd" else 0.9
        assert [each.propensity for each in placed] == [chance, chance, 1.0, 1.0]


def test_without_close_neighbours_nothing_is_on_trial() -> None:
    apart = [Candidate("a", 0.9), Candidate("b", 0.5)]
    placed = Arranger(swap_rate=0.5, rng=random.Random(1)).arrange("procedure", apart, 2)
    assert placed == [Placement(0), Placement(1)]


def draft(seed: int, limit: int = 4) -> list[Placement]:
    control = rank(FOUR, [0.0] * 4)
    treatment = rank(FOUR, [0.0, 0.0, 0.3, 0.0])
    return team_draft(treatment, control, limit, random.Random(seed))


def test_a_draft_shows_every_item_once_with_the_team_that_picked_it() -> None:
    for seed in range(50):
        placed = draft(seed)
        assert sorted(each.index for each in placed) == [0, 1, 2, 3]
        assert Counter(each.team for each in placed) == {"treatment": 2, "control": 2}
        first = {each.team: each.index for each in reversed(placed)}
        assert first == {"treatment": 2, "control": 0}


def test_a_coin_decides_who_picks_first() -> None:
    starts = Counter(draft(seed, limit=1)[0].team for seed in range(2000))
    assert starts["treatment"] / 2000 == pytest.approx(0.5, abs=0.03)


def test_rankers_that_agree_are_credited_alike_at_every_place() -> None:
    same = rank(FOUR, [0.0] * 4)
    drawn = [team_draft(same, same, 4, random.Random(seed)) for seed in range(2000)]
    for place in range(4):
        share = sum(each[place].team == "treatment" for each in drawn) / 2000
        assert share == pytest.approx(0.5, abs=0.04)


def test_a_draft_is_no_longer_than_the_candidates() -> None:
    assert len(draft(1, limit=20)) == 4
    assert team_draft([], [], 5, random.Random(1)) == []
