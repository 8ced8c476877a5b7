"""From scored candidates to the order shown: learned boosts, a swap on trial, or two rankers drawn
into one list.

Team-draft interleaving after Radlinski, Kurup, Joachims (2008): a coin decides who picks first in
each round, each team then picks its best item not yet taken.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kb.ranker import MOST_BOOST, contexts_of

CLOSE = 0.05
"""Two neighbours whose scores differ by more are never swapped on trial."""
MANY_CLASSES = 5

Boosts = Mapping[tuple[str, str, str], float]
"""Boost by lane, target and context."""


@dataclass(frozen=True)
class Candidate:
    """One item that may be shown, with the base ranker's score."""

    target_id: str
    score: float


@dataclass(frozen=True)
class Placement:
    """``index`` of the candidate that stands here, what was added to its score, the chance it had
    to stand here, and the team that picked it ("" without an experiment)."""

    index: int
    boost: float = 0.0
    propensity: float = 1.0
    team: str = ""


@dataclass(frozen=True)
class Arranger:
    """How the lists of one answer are put in order.

    ``classes``: (code, probability) of the complaint, most probable first. ``rival``: the boosts of
    the treatment while an experiment runs, ``boosts`` being the control.
    """

    boosts: Boosts = field(default_factory=dict)
    rival: Boosts | None = None
    classes: Sequence[tuple[str, float]] = ()
    swap_rate: float = 0.0
    rng: random.Random = field(default_factory=random.Random)

    def arrange(self, lane: str, candidates: Sequence[Candidate], limit: int) -> list[Placement]:
        """The order in which the first ``limit`` candidates are shown."""
        control = rank(candidates, self._added(lane, candidates, self.boosts))
        if self.rival is not None:
            treatment = rank(candidates, self._added(lane, candidates, self.rival))
            return team_draft(treatment, control, limit, self.rng)
        if not self.swap_rate:
            return control[:limit]
        scores = [candidates[each.index].score + each.boost for each in control]
        return try_swap(control[:limit], scores, self.swap_rate, self.rng)

    def _added(self, lane: str, candidates: Sequence[Candidate], boosts: Boosts) -> list[float]:
        if not boosts:
            return [0.0] * len(candidates)
        contexts = weigh_contexts(self.classes)
        return [
            expected_boost(boosts, lane, each.target_id, contexts=contexts) for each in candidates
        ]


def weigh_contexts(classes: Sequence[tuple[str, float]]) -> dict[str, float]:
    """How probable each context is, given how probable the classes of the complaint are."""
    weights = {"": 1.0}
    for code, probability in classes[:MANY_CLASSES]:
        for context in contexts_of(code)[1:]:
            weights[context] = weights.get(context, 0.0) + probability
    return weights


def expected_boost(
    boosts: Boosts, lane: str, target_id: str, *, contexts: Mapping[str, float]
) -> float:
    """What is added to a target's score: the mean over the contexts the complaint may be of."""
    added = sum(
        weight * boosts.get((lane, target_id, context), 0.0) for context, weight in contexts.items()
    )
    return max(-MOST_BOOST, min(MOST_BOOST, added))


def rank(candidates: Sequence[Candidate], added: Sequence[float]) -> list[Placement]:
    """All candidates by score and boost, best first; equal ones by their names."""
    order = sorted(
        range(len(candidates)),
        key=lambda place: (-(candidates[place].score + added[place]), candidates[place].target_id),
    )
    return [Placement(place, added[place]) for place in order]


def try_swap(
    placements: Sequence[Placement], scores: Sequence[float], rate: float, rng: random.Random
) -> list[Placement]:
    """Put one pair of close neighbours on trial, if there is one: swapped with chance ``rate``.

    Both get the chance their order had as propensity, swapped or not.
    """
    placed = list(placements)
    close = [
        place for place in range(len(placed) - 1) if abs(scores[place] - scores[place + 1]) <= CLOSE
    ]
    if not close:
        return placed
    place = rng.choice(close)
    swapped = rng.random() < rate
    chance = rate if swapped else 1 - rate
    pair = [
        Placement(each.index, each.boost, propensity=chance) for each in placed[place : place + 2]
    ]
    placed[place : place + 2] = reversed(pair) if swapped else pair
    return placed


def team_draft(
    treatment: Sequence[Placement], control: Sequence[Placement], limit: int, rng: random.Random
) -> list[Placement]:
    """Two orders of the same candidates drawn into one; each item knows the team that picked it."""
    drawn: list[Placement] = []
    taken: set[int] = set()
    most = min(limit, len(control))
    while len(drawn) < most:
        turns = [("treatment", treatment), ("control", control)]
        if rng.random() < 0.5:
            turns.reverse()
        for team, order in turns[: most - len(drawn)]:
            pick = next(each for each in order if each.index not in taken)
            taken.add(pick.index)
            drawn.append(Placement(pick.index, pick.boost, team=team))
    return drawn
