"""Intervals against published values, other implementations, and resampling by force."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, fisher_exact

from kb.intervals import Interval, mean_interval, median_interval, share_interval
from kb.significance import adjust_for_many, fisher_greater


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17, 1998, 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_share_has_wilsons_interval(count: int, total: int, low: float, high: float) -> None:
    found = share_interval(count, total)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert found.value == count / total


def test_of_nothing_there_is_no_figure() -> None:
    assert share_interval(0, 0) is None
    assert mean_interval([]) is None
    assert median_interval([]) is None


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_share_lies_within_its_interval(count: int, total: int) -> None:
    found = share_interval(min(count, total), total)
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize("size", [15, 40, 501])
def test_the_interval_of_a_median_is_that_of_resampling(size: int) -> None:
    chance = random.Random(size)
    values = [chance.expovariate(1 / 20) for _ in range(size)]
    medians = sorted(statistics.median(chance.choices(values, k=size)) for _ in range(4_000))
    found = median_interval(values)
    assert found is not None
    assert found.value == statistics.median(values)
    ordered = sorted(values)
    for bound, place in ((found.low, 0.025), (found.high, 0.975)):
        apart = ordered.index(bound) - _rank(ordered, medians[int(place * len(medians))])
        assert abs(apart) <= 1 + size // 100


def _rank(ordered: list[float], value: float) -> int:
    return sum(each < value for each in ordered)


def test_a_median_of_many_is_counted_as_one_of_few() -> None:
    few = median_interval([float(number) for number in range(1_000)])
    many = median_interval([float(number) for number in range(1_001)])
    assert few is not None
    assert many is not None
    assert abs(few.low - many.low) <= 1
    assert abs(few.high - many.high) <= 1


def test_the_interval_of_a_mean_is_the_same_each_time_and_covers_it() -> None:
    chance = random.Random(5)
    values = [chance.choice((0.0, 0.5, 1.0)) for _ in range(200)]
    found = mean_interval(values)
    assert found is not None
    assert found == mean_interval(list(reversed(values)))
    assert found != mean_interval(values, seed=2)
    half = 1.96 * statistics.pstdev(values) / 200**0.5
    assert found.low == pytest.approx(statistics.fmean(values) - half, abs=0.01)
    assert found.high == pytest.approx(statistics.fmean(values) + half, abs=0.01)


def test_a_long_sample_has_the_interval_resampling_would_give() -> None:
    chance = random.Random(6)
    values = [chance.choice((0.0, 0.5, 1.0)) for _ in range(600)]
    means = sorted(statistics.fmean(chance.choices(values, k=600)) for _ in range(2_000))
    found = mean_interval(values)
    assert found is not None
    assert found.low == pytest.approx(means[50], abs=0.01)
    assert found.high == pytest.approx(means[1950], abs=0.01)


def test_every_value_alike_leaves_no_room() -> None:
    assert mean_interval([0.5] * 9) == Interval(0.5, 0.5, 0.5)
    assert median_interval([3.0]) == Interval(3.0, 3.0, 3.0)


@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 300), st.integers(1, 300))
def test_fishers_test_is_that_of_scipy(count: int, total: int, others: int, size: int) -> None:
    count, others = min(count, total), min(others, size)
    table = [[count, total - count], [others, size - others]]
    wanted = fisher_exact(table, alternative="greater").pvalue
    assert fisher_greater(count, total, others, size) == pytest.approx(wanted, abs=1e-9)


@given(st.lists(st.floats(0, 1), max_size=40))
def test_chances_are_corrected_as_scipy_does(chances: list[float]) -> None:
    wanted = list(false_discovery_control(chances)) if chances else []
    assert adjust_for_many(chances) == pytest.approx(wanted)
