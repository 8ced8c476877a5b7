"""Would the learned order have served better? Asked of closings that it was not learnt from.

For each held-out closing the solution's place in the new order is compared with the base's by the
reciprocal rank; a solution that came back counts against whoever puts it first. What stood low was
seldom looked at, so a closing is weighted by the inverse of its solution's chance of examination,
clipped and self-normalised (propensity-weighted ranks: Joachims, Swaminathan, Schnabel 2017;
Swaminathan & Joachims 2015). Held-out solutions that held also decide how fast
to forget: by the chance a learning gave them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.arranging import Boosts, Candidate, Placement, expected_boost, rank, weigh_contexts
from kb.ranker import Choice

LARGEST_WEIGHT = 10.0
NOISE = 1.64
"""A version is refused when it is worse by more than this many standard errors."""


@dataclass(frozen=True)
class Evaluation:
    """Gain in reciprocal rank over the base on held-out closings, with its standard error."""

    gain: float
    error: float
    choices: int

    @property
    def is_worse(self) -> bool:
        """Worse than the base beyond noise."""
        return self.gain + NOISE * self.error < 0


def evaluate(choices: Sequence[Choice], boosts: Boosts, *, eta: float) -> Evaluation:
    """Compare the order with these boosts to the base order on the closings given."""
    if not choices:
        return Evaluation(0.0, 0.0, 0)
    gains = np.array([_gain(choice, boosts) for choice in choices])
    places = np.array([choice.shown[choice.chosen].position for choice in choices], np.float64)
    weights = np.minimum(places**eta, LARGEST_WEIGHT)
    mean = float(weights @ gains / weights.sum())
    error = float(np.sqrt((weights**2) @ (gains - mean) ** 2) / weights.sum())
    return Evaluation(mean, error, len(choices))


def predict(choice: Choice, boosts: Boosts, *, eta: float, slope: float) -> float:
    """Logarithm of the chance given to what was chosen; the higher, the better foreseen."""
    added = _added(choice, boosts)
    worth = np.array(
        [
            slope * (item.score + more) - eta * np.log(item.position)
            for item, more in zip(choice.shown, added, strict=True)
        ]
    )
    top = worth.max()
    return float(worth[choice.chosen] - top - np.log(np.exp(worth - top).sum()))


def _gain(choice: Choice, boosts: Boosts) -> float:
    candidates = [Candidate(item.target_id, item.score) for item in choice.shown]
    base = rank(candidates, [0.0] * len(candidates))
    new = rank(candidates, _added(choice, boosts))
    sign = 1.0 if choice.stayed else -1.0
    return sign * (_reciprocal(new, choice.chosen) - _reciprocal(base, choice.chosen))


def _added(choice: Choice, boosts: Boosts) -> list[float]:
    contexts = weigh_contexts([(choice.context, 1.0)])
    return [
        expected_boost(boosts, choice.lane, item.target_id, contexts=contexts)
        for item in choice.shown
    ]


def _reciprocal(order: Sequence[Placement], chosen: int) -> float:
    return 1.0 / (1 + [each.index for each in order].index(chosen))
