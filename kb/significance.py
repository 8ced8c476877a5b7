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
