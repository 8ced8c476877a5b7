"""The product's own learning on desks with known truth: it helps, and it never harms much."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from kb.sequential import always_valid_p, win_evidence
from tests.bench.outcomes_simulator import (
    World,
    correct,
    interleave,
    learn_nothing,
    learn_outcomes,
    live,
)

SIZES = (50, 200, 600, 750)
DRIFT = 400
SEEDS = range(4)
SMALL = World(classes=8, drift_at=DRIFT)

Table = npt.NDArray[np.float64]


def table(world: World) -> tuple[Table, Table]:
    base = [live(learn_nothing, seed=seed, sizes=SIZES, world=world) for seed in SEEDS]
    learnt = [live(learn_outcomes, seed=seed, sizes=SIZES, world=world) for seed in SEEDS]
    return np.mean(base, axis=0), np.mean(learnt, axis=0)


@pytest.fixture(scope="module")
def usual() -> tuple[Table, Table]:
    return table(SMALL)


def test_it_is_never_more_than_one_percent_below_the_base(usual: tuple[Table, Table]) -> None:
    base, learnt = usual
    assert (learnt >= 0.99 * base).all()


def test_it_finds_the_best_article_oftener_the_more_it_has_seen(
    usual: tuple[Table, Table],
) -> None:
    base, learnt = usual
    assert learnt[1] > base[1] + 0.05


def test_it_recovers_after_the_truth_has_changed(usual: tuple[Table, Table]) -> None:
    base, learnt = usual
    assert base[2] != base[1]
    assert learnt[2] > base[2] + 0.05
    assert learnt[3] > base[3] + 0.05


def test_a_base_ranker_without_error_is_not_harmed() -> None:
    base, learnt = table(World(classes=8, base_error=0.0, drift_at=DRIFT))
    assert (learnt >= 0.99 * base).all()


def called(closings: list[tuple[str, bool]]) -> str:
    """Who is called the winner, looking after every closing."""
    wins = [team == "treatment" for team, held in closings if held]
    if always_valid_p(win_evidence(wins)) > 0.05:
        return ""
    return "treatment" if sum(wins) * 2 > len(wins) else "control"


def test_interleaving_finds_the_better_of_two_rankers() -> None:
    found = [called(interleave(correct, seed=seed, outcomes=1000)) for seed in range(5)]
    assert found.count("treatment") >= 4
    assert "control" not in found


def test_interleaving_seldom_calls_a_winner_between_equals() -> None:
    found = [called(interleave(lambda _: {}, seed=seed, outcomes=200)) for seed in range(40)]
    assert sum(map(bool, found)) / 40 <= 0.05
