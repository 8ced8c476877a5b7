"""How much less a lower place is looked at: the exponent eta of 1 / place ** eta.

Estimated from randomised swaps of neighbours (Joachims, Swaminathan, Schnabel 2017; Craswell et al.
2008): of a pair on trial, each item stood above with a known chance, logged as its propensity.
Weighted by the inverse of that chance (clipped), both orders count alike, so the odds that the
upper one of the two is the solution are those of the two places alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kb.ranker import Choice

PRIOR_ETA = 1.0
PRIOR_SPREAD = 0.35
"""What is believed before any swap: the usual 1 / rank, and how firmly."""
LARGEST_WEIGHT = 20.0
GRID = np.linspace(0.0, 3.0, 121)


@dataclass(frozen=True)
class Trial:
    """A swap trial one of whose two items was the solution: ``place`` of the upper one (from 1)."""

    place: int
    upper_won: bool
    weight: float


@dataclass(frozen=True)
class PositionBias:
    """``eta`` with the number of trials behind it (effective: less than counted)."""

    eta: float
    trials: int
    effective: float


def read_trials(choices: Iterable[Choice]) -> list[Trial]:
    """The swap trials among these choices that tell something."""
    trials = []
    for choice in choices:
        for upper, lower in zip(choice.shown, choice.shown[1:], strict=False):
            on_trial = upper.propensity < 1.0 and lower.propensity < 1.0
            winner = choice.shown[choice.chosen]
            if on_trial and winner in (upper, lower):
                weight = min(1 / upper.propensity, LARGEST_WEIGHT)
                trials.append(Trial(upper.position, winner is upper, weight))
    return trials


def estimate_bias(trials: list[Trial]) -> PositionBias:
    """The most probable eta given the trials and the prior.

    Weights are scaled down to the effective number of trials (Kish), lest one rare swap of weight
    20 count as 20 observations.
    """
    weights = np.array([trial.weight for trial in trials])
    if not len(weights):
        return PositionBias(PRIOR_ETA, 0, 0.0)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    weights *= effective / weights.sum()
    steps = np.array([np.log((trial.place + 1) / trial.place) for trial in trials])
    signs = np.array([1.0 if trial.upper_won else -1.0 for trial in trials])
    odds = GRID[:, None] * steps[None, :]
    likelihood = -(weights * np.log1p(np.exp(-signs * odds))).sum(axis=1)
    prior = -0.5 * ((GRID - PRIOR_ETA) / PRIOR_SPREAD) ** 2
    return PositionBias(float(GRID[np.argmax(likelihood + prior)]), len(trials), effective)
