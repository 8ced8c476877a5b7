"""Simulated learners whose mastery is known: are the estimates calibrated, do chosen drills help?

``python -m tests.bench.learners [--seeds 20]``. The learners differ from what the model assumes:
each has an own share known at the start, speed of learning, half-life, and each class an own
difficulty that moves guesses and slips; steps of a case go wrong together.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean

from kb.practice.choosing import choose_next
from kb.practice.mastery import Attempt, Mastery, estimate
from kb.times import BEIJING

START = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
CHAPTERS = (6, 8, 10, 16)
A_DAY = 4
STEPS = 6
MOST = 400
GOAL = 0.9
WATCHED = (10, 20, 40, 80, 120)
"""After how many cases the estimates are compared with the truth."""
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)


@dataclass
class Learner:
    """Somebody who learns; ``known`` is the truth no estimate sees."""

    chance: random.Random
    classes: Sequence[str]
    known: set[str] = field(default_factory=set)
    learns: float = 0.35
    half_life: float = 120.0
    hardness: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Draw what this learner is like."""
        start = self.chance.betavariate(1.5, 2.5)
        self.known = {each for each in self.classes if self.chance.random() < start}
        self.learns = self.chance.uniform(0.2, 0.5)
        self.half_life = self.chance.uniform(60, 240)
        self.hardness = {each: self.chance.gauss(0, 0.5) for each in self.classes}

    def sleep(self) -> None:
        """A night: a little of what is known is forgotten."""
        kept = 0.5 ** (1 / self.half_life)
        self.known = {each for each in sorted(self.known) if self.chance.random() < kept}

    def do(self, category: str) -> float:
        """Do a case, see its solution, and return its credit."""
        base = 2.0 if category in self.known else -0.85
        ease = base - self.hardness[category] + self.chance.gauss(0, 0.6)
        right = 1 / (1 + math.exp(-ease))
        credit = sum(self.chance.random() < right for _ in range(STEPS)) / STEPS
        if category not in self.known and self.chance.random() < self.learns:
            self.known.add(category)
        return credit


@dataclass(frozen=True)
class Sight:
    """An estimate beside the truth, at one time of one learner."""

    mastery: Mastery
    known: frozenset[str]


@dataclass(frozen=True)
class Course:
    """One learner's way: how many cases until the goal, and what was seen on it."""

    cases: int
    sights: tuple[Sight, ...]


def make_classes() -> tuple[dict[int, list[str]], dict[str, float]]:
    """Classes by chapter, and what each costs: a few are dear."""
    chapters = {
        number: [f"{number:02d}{place:02d}01" for place in range(size)]
        for number, size in enumerate(CHAPTERS, 1)
    }
    chance = random.Random(7)
    costs = {each: chance.choice((1.0, 1.0, 1.5, 1.5, 2.0, 4.0))
             for found in chapters.values() for each in found}  # fmt: skip
    return chapters, costs


def in_turn(chance: random.Random, classes: Sequence[str]) -> Iterator[str]:
    """Random order: every class once, then again in another order."""
    while True:
        yield from chance.sample(list(classes), len(classes))


def run_course(seed: int, *, chosen: bool, least: int = max(WATCHED)) -> Course:
    """Teach one learner until the dear share is known, and at least ``least`` cases."""
    _, costs = make_classes()
    classes = sorted(costs)
    chance = random.Random(f"{seed}-{chosen}")
    learner = Learner(random.Random(seed), classes)
    order = in_turn(chance, classes)
    attempts: list[Attempt] = []
    sights, reached = [], 0
    while len(attempts) < MOST and not (reached and len(attempts) >= least):
        now = START + timedelta(days=len(attempts) // A_DAY)
        if attempts and len(attempts) % A_DAY == 0:
            learner.sleep()
        category = next(order)
        if chosen:
            found = choose_next(
                classes, estimate(attempts, now=now), costs, attempts=attempts, seed=str(seed)
            )
            category = found.category if found else category
        attempts.append(Attempt(category, learner.do(category), now))
        if len(attempts) in WATCHED:
            sights.append(Sight(estimate(attempts, now=now), frozenset(learner.known)))
        if not reached and weighted(learner.known, costs) >= GOAL:
            reached = len(attempts)
    return Course(reached or MOST, tuple(sights))


def weighted(known: set[str], costs: dict[str, float]) -> float:
    """The share of the costs whose classes are known."""
    return sum(costs[each] for each in known) / sum(costs.values())


@dataclass(frozen=True)
class Bin:
    """Predictions of about one size: how many, what was predicted, what was true."""

    count: int
    predicted: float
    true: float


def calibrate(sights: Sequence[Sight], classes: Sequence[str]) -> list[Bin]:
    """Predicted chances of classes against how many were known."""
    found: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for sight in sights:
        for each in classes:
            chance = sight.mastery.chance(each)
            place = max(n for n, edge in enumerate(BINS[:-1]) if chance >= edge)
            found[place].append((chance, each in sight.known))
    return [
        Bin(len(pairs), fmean(p for p, _ in pairs), fmean(float(k) for _, k in pairs))
        for _, pairs in sorted(found.items())
    ]


def error(bins: Sequence[Bin]) -> float:
    """Expected calibration error."""
    whole = sum(each.count for each in bins)
    return sum(each.count * abs(each.predicted - each.true) for each in bins) / whole


def coverage(sights: Sequence[Sight]) -> tuple[float, int]:
    """How often a chapter's true share lies in its 95 % interval, of how many."""
    chapters, _ = make_classes()
    inside = []
    for sight in sights:
        for classes in chapters.values():
            truth = len(sight.known & set(classes)) / len(classes)
            interval = sight.mastery.share(classes)
            inside.append(interval.low - 1e-9 <= truth <= interval.high + 1e-9)
    return fmean(map(float, inside)), len(inside)


def report(seeds: Sequence[int]) -> Iterator[str]:
    """The tables, line by line."""
    courses = {
        "chosen": [run_course(seed, chosen=True) for seed in seeds],
        "random order": [run_course(seed, chosen=False) for seed in seeds],
    }
    classes = sorted(make_classes()[1])
    for name, found in courses.items():
        sights = [sight for course in found for sight in course.sights]
        bins = calibrate(sights, classes)
        yield f"{name}: chance that a class is known, against the truth"
        yield "| estimates | predicted | true |\n|---|---|---|"
        yield from (f"| {each.count} | {each.predicted:.3f} | {each.true:.3f} |" for each in bins)
        share, total = coverage(sights)
        yield f"calibration error {error(bins):.3f}"
        yield f"95 % interval of a chapter's share holds the truth: {share:.3f} of {total}\n"
    chosen, turns = courses.values()
    pairs = list(zip(chosen, turns, strict=True))
    yield f"cases until {GOAL:.0%} of the cost is truly known ({MOST}: not reached)"
    yield "| seed | chosen | random order |\n|---|---|---|"
    for seed, (one, other) in zip(seeds, pairs, strict=True):
        yield f"| {seed} | {one.cases} | {other.cases} |"
    yield f"| mean | {fmean(c.cases for c in chosen):.1f} | {fmean(c.cases for c in turns):.1f} |"
    yield f"fewer with chosen drills: {sum(a.cases < b.cases for a, b in pairs)} of {len(pairs)}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    for line in report(range(asked.first, asked.first + asked.seeds)):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
