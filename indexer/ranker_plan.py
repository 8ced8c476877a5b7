"""Given the settled closings, should there be a new ranker version, and which? Touches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from indexer.arranging import Boosts
from indexer.off_policy import Evaluation, evaluate, predict
from indexer.outcome_learning import Learned, learn_boosts
from kb.ranker import Boost, Choice

HALF_LIVES: tuple[float | None, ...] = (None, 120.0, 30.0, 10.0)
"""Days after which a closing counts half, slowest first; None never forgets."""
HELD_OUT = 0.25
"""Newest share of the closings that judges what was learnt from the others."""
FEW = 40
"""With fewer closings nothing is held out: too few to tell better from worse."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RankerPlan:
    """What was learnt, and how it did on the closings held out of a first learning."""

    lanes: Mapping[str, Learned]
    half_life: float | None
    evaluation: Evaluation

    @property
    def boosts(self) -> list[Boost]:
        """All boosts that were reckoned, those of 0 too."""
        return [boost for learned in self.lanes.values() for boost in learned.boosts]

    @property
    def is_refused(self) -> bool:
        """The same learning on the older closings served the newer ones worse than the base."""
        return self.evaluation.is_worse


def plan_version(choices: Sequence[Choice]) -> RankerPlan:
    """Learn from all closings; how fast to forget, and whether to trust it, by the newest."""
    ordered = sorted(choices, key=lambda choice: -choice.age_days)
    cut = len(ordered) - int(HELD_OUT * len(ordered))
    older, newer = _as_of_then(ordered[:cut]), ordered[cut:]
    if len(ordered) < FEW:
        lanes = learn_boosts(ordered, half_life=None)
        return RankerPlan(lanes, None, Evaluation(0.0, 0.0, 0))
    tried = {half_life: learn_boosts(older, half_life=half_life) for half_life in HALF_LIVES}
    scores = {half_life: _predictions(newer, lanes) for half_life, lanes in tried.items()}
    half_life = choose_half_life(scores)
    trial = tried[half_life]
    return RankerPlan(
        lanes=learn_boosts(ordered, half_life=half_life),
        half_life=half_life,
        evaluation=evaluate(newer, gather_boosts(trial), eta=_eta(trial)),
    )


def _as_of_then(choices: Sequence[Choice]) -> list[Choice]:
    """The choices as they were when the newest of them was settled: ages count from there."""
    now = min((choice.age_days for choice in choices), default=0.0)
    return [replace(choice, age_days=choice.age_days - now) for choice in choices]


def choose_half_life(scores: Mapping[float | None, Scores]) -> float | None:
    """The slowest forgetting that is within one standard error of the best (Breiman et al. 1984).

    ``scores``: for each, how well it foresaw each of the same closings.
    """
    best = max(HALF_LIVES, key=lambda half_life: scores[half_life].sum())
    for half_life in HALF_LIVES:
        behind = scores[best] - scores[half_life]
        if behind.sum() <= behind.std() * len(behind) ** 0.5:
            return half_life
    return best


def gather_boosts(lanes: Mapping[str, Learned]) -> Boosts:
    """Boosts by lane, target and context, as the arranger wants them."""
    return as_lookup(boost for learned in lanes.values() for boost in learned.boosts)


def as_lookup(boosts: Iterable[Boost]) -> Boosts:
    """Boosts that change something, by lane, target and context."""
    return {(each.lane, each.target_id, each.context): each.boost for each in boosts if each.boost}


def _predictions(choices: Sequence[Choice], lanes: Mapping[str, Learned]) -> Scores:
    boosts = gather_boosts(lanes)
    return np.array(
        [
            predict(choice, boosts, eta=_eta(lanes), slope=lanes[choice.lane].slope)
            for choice in choices
            if choice.stayed
        ],
        np.float64,
    )


def _eta(lanes: Mapping[str, Learned]) -> float:
    return next(iter(lanes.values())).bias.eta
