"""Tests that may be looked at any time: false alarms stay rare, true differences are found."""

from __future__ import annotations

import random

import pytest

from kb.sequential import Closing, always_valid_p, harm_evidence, win_evidence

ALPHA = 0.05
WINDOW = 30.0


def wins(rng: random.Random, chance: float, count: int) -> list[bool]:
    return [rng.random() < chance for _ in range(count)]


def closings(rng: random.Random, treated: float, control: float, count: int) -> list[Closing]:
    """Three closings a day; a return falls on any day of the window alike."""
    found = []
    for number in range(count):
        is_treatment = rng.random() < 0.5
        closed = number / 3
        back = rng.random() < (treated if is_treatment else control)
        found.append(
            Closing(is_treatment, closed, closed + rng.random() * WINDOW if back else None)
        )
    return found


def test_looking_after_every_win_raises_no_more_false_alarms_than_alpha() -> None:
    rng = random.Random(11)
    alarms = sum(max(win_evidence(wins(rng, 0.5, 400))) >= 1 / ALPHA for _ in range(600))
    assert alarms / 600 <= ALPHA


def test_a_fixed_test_looked_at_after_every_win_would_lie() -> None:
    rng = random.Random(11)
    alarms = 0
    for _ in range(300):
        ahead = 0
        for count, won in enumerate(wins(rng, 0.5, 400), 1):
            ahead += 1 if won else -1
            if count >= 20 and abs(ahead) > 1.96 * count**0.5:
                alarms += 1
                break
    assert alarms / 300 > 3 * ALPHA


def test_a_better_ranker_is_found() -> None:
    rng = random.Random(12)
    found = sum(always_valid_p(win_evidence(wins(rng, 0.65, 400))) <= ALPHA for _ in range(100))
    assert found >= 90


def test_a_worse_ranker_is_found_too() -> None:
    rng = random.Random(13)
    assert always_valid_p(win_evidence(wins(rng, 0.35, 400))) <= ALPHA


@pytest.mark.parametrize("treated", [0.2, 0.1])
def test_a_treatment_that_does_no_harm_is_seldom_stopped(treated: float) -> None:
    rng = random.Random(21)
    alarms = sum(
        max(harm_evidence(closings(rng, treated, 0.2, 300), window=WINDOW), default=1) >= 1 / ALPHA
        for _ in range(400)
    )
    assert alarms / 400 <= ALPHA


def test_a_treatment_that_comes_back_twice_as_often_is_stopped() -> None:
    rng = random.Random(22)
    found = sum(
        max(harm_evidence(closings(rng, 0.4, 0.2, 300), window=WINDOW)) >= 1 / ALPHA
        for _ in range(100)
    )
    assert found >= 80


def test_a_return_after_the_window_is_no_return() -> None:
    late = [Closing(True, 0.0, 31.0), Closing(False, 0.0, None)]
    assert harm_evidence(late, window=WINDOW) == []
    in_time = [Closing(True, 0.0, 29.0), Closing(False, 0.0, None)]
    assert len(harm_evidence(in_time, window=WINDOW)) == 1


def test_a_return_is_weighed_by_who_was_at_risk() -> None:
    crowd = [Closing(True, 0.0, 5.0), *[Closing(True, 0.0, None)] * 9, Closing(False, 0.0, None)]
    pair = [Closing(True, 0.0, 5.0), Closing(False, 0.0, None)]
    assert harm_evidence(pair, window=WINDOW)[0] > harm_evidence(crowd, window=WINDOW)[0] > 1


def test_without_evidence_nothing_is_claimed() -> None:
    assert always_valid_p([]) == 1.0
    assert always_valid_p([0.5, 25.0, 2.0]) == 0.04
