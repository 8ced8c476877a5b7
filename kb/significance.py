"""Is this more than chance? One 2 x 2 table, and many of them at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kb.intervals import log_choose


def fisher_greater(count: int, total: int, others: int, others_total: int) -> float:
    """Chance of ``count`` or more out of ``total`` were both groups alike: Fisher's exact test.

    One-sided, given the margins (R. A. Fisher, Statistical Methods for Research Workers, 5th ed.,
    1934, section 21.02).
    """
    hits, size = count + others, total + others_total
    scale = log_choose(size, total)
    chance = math.fsum(
        math.exp(log_choose(hits, found) + log_choose(size - hits, total - found) - scale)
        for found in range(max(count, total - (size - hits)), min(total, hits) + 1)
    )
    return min(1.0, chance)


def adjust_for_many(chances: Sequence[float]) -> list[float]:
    """Each chance corrected for the number of tests: at most q of those below q are false alarms.

    Benjamini & Hochberg, Journal of the Royal Statistical Society B 57, 1995, 289-300.
    """
    size = len(chances)
    adjusted = [1.0] * size
    least = 1.0
    for rank, place in sorted(
        enumerate(sorted(range(size), key=chances.__getitem__), 1), reverse=True
    ):
        least = min(least, chances[place] * size / rank)
        adjusted[place] = least
    return adjusted


def sign_flip_lower(differences: Sequence[int]) -> float:
    """Chance of a sum as low as that of ``differences`` were the sign of each left to chance.

    Exact one-sided randomisation test of paired figures (R. A. Fisher, The Design of Experiments,
    1935, section 21). The numbers of sign choices that give each sum are kept as the digits of one
    large number: each difference adds a shifted copy of it.
    """
    sizes = [abs(each) for each in differences if each]
    if not sizes:
        return 1.0
    scale = math.gcd(*sizes)
    steps = [size // scale for size in sizes]
    width = len(steps) + 1
    counts = 1
    for step in steps:
        counts += counts << (width * step)
    reached = sum(each // scale for each in differences if each > 0)
    tail = counts & ((1 << (width * (reached + 1))) - 1)
    return tail % ((1 << width) - 1) / (1 << len(steps))
