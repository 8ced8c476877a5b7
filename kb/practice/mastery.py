"""How much of the work a learner knows, and how sure that is, from the credits of drills.

Bayesian knowledge tracing (Corbett & Anderson, User Modeling 4, 1995, 253-278): a class is known or
not; a case done well or badly tells which, knowing slips now and then and not knowing guesses; each
case teaches, and what is known is forgotten over the days (Qiu et al., EDM 2011). Credit between 0
and 1 counts as a part of either (after Wang & Heffernan, AIED 2013). How many classes a learner
knew at the start is not fixed but learnt from all of that learner's cases, over a grid, so that
a class without a case has an estimate too. What share of a chapter is known has then a whole
distribution: Poisson-binomial, mixed over the grid.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kb.intervals import TAIL, Interval

GUESS, SLIP = 0.30, 0.12
"""Credit of a step expected of one who does not know the class, and lost by one who does."""
STEPS_WORTH = 3.0
"""As how many independent steps the (up to six) of a case count: they go wrong together."""
LEARN = 0.35
"""Chance that a case with its solution teaches the class."""
HALF_LIFE_DAYS = 120.0
STARTS = tuple((2 * place + 1) / 20 for place in range(10))
"""Shares of classes known at the start that are thought possible."""
_PRIOR = tuple(start**0.5 * (1 - start) ** 1.5 for start in STARTS)
KNOWN, UNKNOWN = 0.85, 0.35
"""From which chance on a class counts as known, below which as not known."""
PASSED_CREDIT = 0.8
"""A case with this credit counts as done well."""


@dataclass(frozen=True)
class Attempt:
    """One case done."""

    category: str
    credit: float
    at: datetime


@dataclass(frozen=True)
class Mastery:
    """What is known of a learner: for each start, its weight and the chance of each class."""

    weights: tuple[float, ...]
    known: Mapping[str, tuple[float, ...]]
    unseen: tuple[float, ...] = STARTS

    def chance(self, category: str) -> float:
        """The probability that the class is known."""
        chances = self.known.get(category, self.unseen)
        return sum(w * p for w, p in zip(self.weights, chances, strict=True))

    def share(self, classes: Sequence[str]) -> Interval:
        """The share of some classes that is known, with its 95 % interval."""
        size = len(classes)
        mixed = [0.0] * (size + 1)
        for place, weight in enumerate(self.weights):
            chances = [self.known.get(each, self.unseen)[place] for each in classes]
            for count, probability in enumerate(count_distribution(chances)):
                mixed[count] += weight * probability
        mean = sum(count * probability for count, probability in enumerate(mixed)) / size
        return Interval(
            mean,
            min(mean, _quantile(mixed, TAIL) / size),
            max(mean, _quantile(mixed, 1 - TAIL) / size),
        )


def estimate(attempts: Iterable[Attempt], *, now: datetime) -> Mastery:
    """What the cases done until ``now`` say."""
    by_class: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in sorted(attempts, key=lambda each: each.at):
        by_class[attempt.category].append(attempt)
    logs = [math.log(weight) for weight in _PRIOR]
    known: dict[str, tuple[float, ...]] = {}
    for category, found in by_class.items():
        traced = [trace(found, start, now=now) for start in STARTS]
        known[category] = tuple(chance for chance, _ in traced)
        logs = [log + each for log, (_, each) in zip(logs, traced, strict=True)]
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    whole = sum(weights)
    return Mastery(tuple(weight / whole for weight in weights), known)


def trace(attempts: Sequence[Attempt], start: float, *, now: datetime) -> tuple[float, float]:
    """The chance that one class is known now, and the log likelihood of its cases, in order."""
    chance, log, last = start, 0.0, attempts[0].at
    for attempt in attempts:
        chance = forget(chance, attempt.at, last)
        last = attempt.at
        if_known, if_not = likelihood(attempt.credit)
        whole = chance * if_known + (1 - chance) * if_not
        log += math.log(whole)
        chance = chance * if_known / whole
        chance += (1 - chance) * LEARN
    return forget(chance, now, last), log


def likelihood(credit: float) -> tuple[float, float]:
    """How likely a case's credit is for one who knows its class, and for one who does not."""
    right, wrong = STEPS_WORTH * credit, STEPS_WORTH * (1 - credit)
    return (1 - SLIP) ** right * SLIP**wrong, GUESS**right * (1 - GUESS) ** wrong


def forget(chance: float, now: datetime, last: datetime) -> float:
    """The chance after some days without a case of the class."""
    days = max(0.0, (now - last).total_seconds() / 86_400)
    return chance * float(0.5 ** (days / HALF_LIFE_DAYS))


def count_distribution(chances: Iterable[float]) -> list[float]:
    """How likely it is that so many of independent events come about."""
    found = [1.0]
    for chance in chances:
        found = [
            (found[count] if count < len(found) else 0.0) * (1 - chance)
            + (found[count - 1] * chance if count else 0.0)
            for count in range(len(found) + 1)
        ]
    return found


def _quantile(distribution: Sequence[float], share: float) -> int:
    reached = 0.0
    for value, probability in enumerate(distribution):
        reached += probability
        if reached >= share - 1e-12:
            return value
    return len(distribution) - 1
