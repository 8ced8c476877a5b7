"""How far probabilities can be believed: what was promised against what came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.confidence import HIGH

BINS = 10


@dataclass(frozen=True)
class Judgement:
    """One thing shown: with which probability, whether as HIGH, and whether it was right."""

    probability: float
    is_high: bool
    is_right: bool


@dataclass(frozen=True)
class Bin:
    """Judgements whose probability lies in [low, high): how many, promised and true shares."""

    low: float
    high: float
    count: int
    predicted: float
    observed: float


@dataclass(frozen=True)
class Reliability:
    """``error``: expected calibration error (Naeini et al. 2015), the mean distance of promised
    and true shares over equally wide bins; ``high_share``: share of all that was shown as HIGH;
    ``high_precision``: share of that which was right, None when nothing was."""

    count: int
    error: float
    high_share: float
    high_precision: float | None
    bins: tuple[Bin, ...]


def measure_reliability(judgements: Sequence[Judgement]) -> Reliability:
    """The reliability table of one kind of item; empty bins are left out."""
    bins = tuple(filter(None, (_bin(judgements, place) for place in range(BINS))))
    count = len(judgements)
    high = [each.is_right for each in judgements if each.is_high]
    distance = sum(each.count * abs(each.predicted - each.observed) for each in bins)
    return Reliability(
        count=count,
        error=round(distance / count, 4) if count else 0.0,
        high_share=round(len(high) / count, 4) if count else 0.0,
        high_precision=round(sum(high) / len(high), 4) if high else None,
        bins=bins,
    )


def judge(probability: float, *, is_right: bool, confidence: str = "") -> Judgement:
    """A judgement; without the word shown, HIGH as the probability says."""
    is_high = confidence == "HIGH" if confidence else probability >= HIGH
    return Judgement(probability, is_high, is_right)


def _bin(judgements: Sequence[Judgement], place: int) -> Bin | None:
    held = [each for each in judgements if min(int(each.probability * BINS), BINS - 1) == place]
    if not held:
        return None
    return Bin(
        low=place / BINS,
        high=(place + 1) / BINS,
        count=len(held),
        predicted=round(sum(each.probability for each in held) / len(held), 4),
        observed=round(sum(each.is_right for each in held) / len(held), 4),
    )
