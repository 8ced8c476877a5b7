"""How much less a lower place is looked at, from swaps with known chances."""

from __future__ import annotations

import random

import pytest

from indexer.position_bias import (
    LARGEST_WEIGHT,
    PRIOR_ETA,
    Trial,
    estimate_bias,
    read_trials,
)
from kb.ranker import Choice, ShownItem

RATE = 0.2


def simulate(eta: float, times: int, seed: int) -> list[Choice]:
    """Lists of three of which one pair is on trial; the better item of a pair wins twice as often
    as the worse one when both are looked at alike."""
    rng = random.Random(seed)
    choices = []
    for _ in range(times):
        order = [("a", 2.0), ("b", 1.0), ("c", 1.0)]
        place = rng.choice((0, 1))
        swapped = rng.random() < RATE
        chance = RATE if swapped else 1 - RATE
        if swapped:
            order[place : place + 2] = reversed(order[place : place + 2])
        worth = [value / rank**eta for rank, (_, value) in enumerate(order, 1)]
        if rng.random() > sum(worth) / 5:
            continue  # nothing was taken
        chosen = rng.choices(range(3), worth)[0]
        shown = tuple(
            ShownItem(name, rank, 0.5, chance if rank - 1 in (place, place + 1) else 1.0)
            for rank, (name, _) in enumerate(order, 1)
        )
        choices.append(Choice("procedure", "060101", shown, chosen, stayed=True))
    return choices


@pytest.mark.parametrize("eta", [0.5, 1.0, 1.6])
def test_the_bias_is_found_though_better_items_stand_higher(eta: float) -> None:
    found = estimate_bias(read_trials(simulate(eta, 20_000, seed=3)))
    assert found.eta == pytest.approx(eta, abs=0.2)
    assert 0 < found.effective < found.trials


def test_without_trials_the_usual_bias_is_believed() -> None:
    assert estimate_bias([]).eta == PRIOR_ETA


def test_a_few_trials_move_the_belief_only_a_little() -> None:
    lower = [Trial(1, upper_won=False, weight=1.25)] * 3
    assert PRIOR_ETA - 0.3 < estimate_bias(lower).eta < PRIOR_ETA


def test_one_rare_swap_does_not_count_as_many() -> None:
    rare = [Trial(1, upper_won=False, weight=20.0)]
    common = [Trial(1, upper_won=True, weight=1.05)] * 20
    assert estimate_bias(rare + common).effective < 4


def test_weights_are_clipped_and_only_decided_pairs_on_trial_count() -> None:
    shown = (
        ShownItem("a", 1, 0.5, 0.001),
        ShownItem("b", 2, 0.5, 0.001),
        ShownItem("c", 3, 0.5),
    )
    won = Choice("procedure", "060101", shown, 0, stayed=True)
    lost = Choice("procedure", "060101", shown, 2, stayed=True)
    assert read_trials([won, lost]) == [Trial(1, upper_won=True, weight=LARGEST_WEIGHT)]
