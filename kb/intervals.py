"""How sure a figure is: 95 % intervals of shares, means and medians, the same for the same data.

A share has Wilson's score interval (E. B. Wilson, JASA 22, 1927, 209-212; recommended for small
numbers by Brown, Cai & DasGupta, Statistical Science 16, 2001, 101-133). Means and medians have the
percentile bootstrap interval (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Z = statistics.NormalDist().inv_cdf(0.975)
TAIL = 0.025
RESAMPLES = 1_000
RESAMPLED_UP_TO = 500
"""Longer samples are not resampled: the bootstrap distribution of their mean is normal with the
standard error of the sample, but for terms of order 1/n."""
COUNTED_UP_TO = 1_000
"""Beyond it binomial tails are taken from the normal distribution, with continuity correction."""


@dataclass(frozen=True)
class Interval:
    """A figure and the bounds it lies between with 95 % confidence."""

    value: float
    low: float
    high: float


def share_interval(count: int, total: int) -> Interval | None:
    """Wilson's interval of ``count`` out of ``total``; None of nothing."""
    if total == 0:
        return None
    share, spread = count / total, Z * Z / total
    centre = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == total else min(1.0, centre + half)
    return Interval(share, low, high)


def mean_interval(values: Sequence[float], *, seed: int = 1) -> Interval | None:
    """Mean with its bootstrap interval; None of nothing."""
    if not values:
        return None
    size, mean = len(values), math.fsum(values) / len(values)
    if size > RESAMPLED_UP_TO:
        half = Z * statistics.pstdev(values, mean) / math.sqrt(size)
        return Interval(mean, mean - half, mean + half)
    ordered, chance = sorted(values), random.Random(seed)  # noqa: S311 - not for secrets
    means = sorted(math.fsum(chance.choices(ordered, k=size)) / size for _ in range(RESAMPLES))
    return Interval(mean, _quantile(means, TAIL), _quantile(means, 1 - TAIL))


def median_interval(values: Sequence[float]) -> Interval | None:
    """Median with its bootstrap interval, found without resampling; None of nothing.

    The chance that a resample's median is at most the k-th smallest value is a binomial tail, so
    the limit of ever more resamples is known exactly (Efron, SIAM Review 21, 1979, section 4; with
    an even number of values the bounds are those of the two middle ones, the wider choice).
    """
    if not values:
        return None
    ordered, size = sorted(values), len(values)
    low = _first_place(size, lambda place: _reaches(size, place, (size + 1) // 2) >= TAIL)
    high = _first_place(size, lambda place: _reaches(size, place, size // 2 + 1) >= 1 - TAIL)
    return Interval(statistics.median(ordered), ordered[low - 1], ordered[high - 1])


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def _first_place(size: int, fits: Callable[[int], bool]) -> int:
    """The first place from 1 to ``size`` that fits; the last always does."""
    low, high = 1, size
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _reaches(size: int, place: int, least: int) -> float:
    """Chance that ``least`` or more of ``size`` draws are among the ``place`` smallest."""
    if place == size:
        return 1.0
    share = place / size
    if size > COUNTED_UP_TO:
        spread = math.sqrt(size * share * (1 - share))
        return 1.0 - statistics.NormalDist().cdf((least - 0.5 - place) / spread)
    odds, rest = math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(log_choose(size, drawn) + drawn * odds + (size - drawn) * rest)
        for drawn in range(least, size + 1)
    )


def log_choose(size: int, chosen: int) -> float:
    """Logarithm of the number of ways to choose ``chosen`` out of ``size``."""
    return math.lgamma(size + 1) - math.lgamma(chosen + 1) - math.lgamma(size - chosen + 1)
