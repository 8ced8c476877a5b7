"""A desk with known truth: how much does learning from outcomes help, and never harm?

Classes come with eight articles each, of a true quality that the base ranker sees only with a fixed
error of its own and with noise. Agents look at a place with chance 1 / place ** eta, judge what
they see with noise, and take what seems best, if anything seems good enough; the closing holds with
a chance given by the true quality. Half-way a third of the qualities change. Each way of learning
lives through its own stream: what it shows decides what it can learn.

    python -m tests.bench.outcomes_simulator [--seeds 20] [--json]

prints the mean reciprocal rank of the truly best article, as the difference to the base ranker,
with 95 % intervals over seeds. "outcomes" is the product's own learning (indexer/ranker_plan.py and
indexer/arranging.py); clicks and thumbs are what other desks count, given the same cap. Time is
counted in settled outcomes (DAILY a day): the wait of the repeat window is not simulated.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import click
import numpy as np
import numpy.typing as npt

from indexer.arranging import Arranger, Boosts, Candidate, Placement
from indexer.ranker_plan import as_lookup, plan_version
from kb.ranker import MOST_BOOST, Choice, ShownItem

Values = npt.NDArray[np.float64]
SIZES = (50, 200, 1000, 2500, 2700, 3500, 5000)
LANE = "procedure"
DAILY = 20.0
SHOWN = 5
SWAP_RATE = 0.05
T_95 = {3: 3.182, 4: 2.776, 9: 2.262, 19: 2.093}
"""Quantiles of Student's t for 4, 5, 10, 20 seeds."""


@dataclass(frozen=True)
class World:
    """What is true of a desk. ``drift_at``: outcomes after which ``redrawn`` qualities change."""

    classes: int = 20
    articles: int = 8
    eta: float = 1.0
    base_error: float = 0.10
    noise: float = 0.05
    judgement: float = 0.2
    drift_at: int = 2500
    redrawn: float = 0.33


@dataclass
class Truth:
    """The drawn qualities and the base ranker's fixed view of them, one row a class."""

    world: World
    quality: Values
    view: Values
    traffic: Values

    @classmethod
    def draw(cls, world: World, rng: np.random.Generator) -> Truth:
        """A desk drawn at random."""
        shape = (world.classes, world.articles)
        quality = rng.uniform(0.1, 0.95, shape)
        view = 0.4 + 0.35 * quality + rng.normal(0, world.base_error, shape)
        weights = 1 / np.arange(1, world.classes + 1) ** 0.7
        return cls(world, quality, view, weights / weights.sum())

    def drift(self, rng: np.random.Generator) -> None:
        """Some qualities change; the base ranker does not notice."""
        changed = rng.random(self.quality.shape) < self.world.redrawn
        self.quality = np.where(changed, rng.uniform(0.1, 0.95, self.quality.shape), self.quality)

    def scores(self, code: int, rng: np.random.Generator) -> Values:
        """What the base ranker gives the articles of a class for one complaint."""
        found: Values = self.view[code] + rng.normal(0, self.world.noise, self.world.articles)
        return found


@dataclass(frozen=True)
class Session:
    """One complaint that was closed: what was shown, looked at, judged, and what became of it."""

    code: int
    number: int
    scores: Values
    order: tuple[Placement, ...]
    clicked: tuple[int, ...]
    chosen: int
    stayed: bool
    thumb: bool | None


Learner = Callable[[Sequence[Session]], Boosts]


def learn_nothing(sessions: Sequence[Session]) -> Boosts:
    """The base ranker."""
    del sessions
    return {}


def learn_outcomes(sessions: Sequence[Session]) -> Boosts:
    """The product's own learning; a refused version leaves the base in place."""
    plan = plan_version([as_choice(each, sessions[-1].number) for each in sessions])
    return {} if plan.is_refused else as_lookup(plan.boosts)


def learn_clicks(sessions: Sequence[Session]) -> Boosts:
    """Popularity: an article's clicks in its class, as a share of the most clicked one's."""
    counts: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for session in sessions:
        for index in session.clicked:
            counts[session.code][index] += 1
    return {
        (LANE, name(code, index), class_code(code)): MOST_BOOST * count / max(own.values())
        for code, own in counts.items()
        for index, count in own.items()
    }


def learn_thumbs(sessions: Sequence[Session]) -> Boosts:
    """Helpfulness: thumbs up among all thumbs of an article in its class."""
    ups: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for session in sessions:
        if session.thumb is not None:
            ups[session.code, session.chosen].append(session.thumb)
    return {
        (LANE, name(code, index), class_code(code)): MOST_BOOST * (2 * sum(votes) / len(votes) - 1)
        for (code, index), votes in ups.items()
    }


LEARNERS: Mapping[str, Learner] = {
    "none": learn_nothing,
    "outcomes": learn_outcomes,
    "clicks": learn_clicks,
    "thumbs": learn_thumbs,
}


def class_code(code: int) -> str:
    """Six digits; five classes share a group."""
    return f"{code // 5 + 1:02d}01{code % 5 + 1:02d}"


def name(code: int, index: int) -> str:
    """Name of an article; every second one serves all classes of its group."""
    return f"G{code // 5}-{index}" if index % 2 else f"C{code}-{index}"


def as_choice(session: Session, now: int) -> Choice:
    """What the product would read from its tables."""
    shown = tuple(
        ShownItem(
            target_id=name(session.code, each.index),
            position=place,
            score=float(session.scores[each.index]),
            propensity=each.propensity,
        )
        for place, each in enumerate(session.order, 1)
    )
    chosen = [each.index for each in session.order].index(session.chosen)
    age = (now - session.number) / DAILY
    return Choice(LANE, class_code(session.code), shown, chosen, session.stayed, age)


@dataclass
class Desk:
    """A stream of complaints under one learner."""

    truth: Truth
    learner: Learner
    rng: np.random.Generator
    coins: random.Random
    boosts: Boosts = field(default_factory=dict)
    rival: Boosts | None = None
    sessions: list[Session] = field(default_factory=list)

    def arrange(
        self, code: int, scores: Values, *, limit: int, swap_rate: float = 0.0
    ) -> list[Placement]:
        """The list the product would show."""
        arranger = Arranger(
            boosts=self.boosts,
            rival=self.rival,
            classes=((class_code(code), 1.0),),
            swap_rate=swap_rate,
            rng=self.coins,
        )
        candidates = [
            Candidate(name(code, index), float(score)) for index, score in enumerate(scores)
        ]
        return arranger.arrange(LANE, candidates, limit)

    def serve(self) -> None:
        """One complaint; kept when something was taken as its solution."""
        world = self.truth.world
        code = int(self.rng.choice(world.classes, p=self.truth.traffic))
        scores = self.truth.scores(code, self.rng)
        luck = self.rng.random(SHOWN + 2)
        seems = self.truth.quality[code] + self.rng.normal(0, world.judgement, world.articles)
        order = self.arrange(code, scores, limit=SHOWN, swap_rate=SWAP_RATE)
        looked = [
            each.index for place, each in enumerate(order, 1) if luck[place - 1] < place**-world.eta
        ]
        good = [index for index in looked if seems[index] > 0.35]
        if not good:
            return
        chosen = max(good, key=lambda index: float(seems[index]))
        stayed = bool(luck[SHOWN] < 0.25 + 0.7 * self.truth.quality[code, chosen])
        thumb = bool(seems[chosen] > 0.6) if luck[SHOWN + 1] < 0.3 else None
        number = len(self.sessions)
        self.sessions.append(
            Session(code, number, scores, tuple(order), tuple(good), chosen, stayed, thumb)
        )

    def measure(self, *, queries: int = 1500) -> float:
        """MRR of the truly best article; the same complaints for every learner."""
        rng = np.random.default_rng(7)
        codes = rng.choice(self.truth.world.classes, queries, p=self.truth.traffic)
        found = []
        for code in codes.tolist():
            scores = self.truth.scores(code, rng)
            order = self.arrange(code, scores, limit=len(scores))
            best = int(self.truth.quality[code].argmax())
            found.append(1 / (1 + [each.index for each in order].index(best)))
        return float(np.mean(found))


def live(
    learner: Learner, *, seed: int, sizes: Sequence[int], world: World | None = None
) -> list[float]:
    """MRR at each number of outcomes, learning as the desk goes along."""
    rng = np.random.default_rng(seed)
    truth = Truth.draw(world or World(), rng)
    desk = Desk(truth, learner, rng, random.Random(seed))
    updates = sorted({25, *sizes, *range(100, max(sizes) + 1, 250)})
    drifted = False
    found = []
    for size in updates:
        while len(desk.sessions) < size:
            if not drifted and len(desk.sessions) == truth.world.drift_at:
                drifted = True
                truth.drift(np.random.default_rng(seed + 1000))
            desk.serve()
        desk.boosts = learner(desk.sessions)
        if size in sizes:
            found.append(desk.measure())
    return found


def correct(truth: Truth) -> Boosts:
    """A ranker that knows the base's errors and takes them back, as far as the cap lets it."""
    wanted = 0.4 + 0.35 * truth.quality - truth.view
    return {
        (LANE, name(code, index), class_code(code)): float(
            np.clip(wanted[code, index], -MOST_BOOST, MOST_BOOST)
        )
        for code in range(truth.world.classes)
        for index in range(truth.world.articles)
    }


def interleave(
    rival: Callable[[Truth], Boosts], *, seed: int, outcomes: int, world: World | None = None
) -> list[tuple[str, bool]]:
    """An experiment of a rival against the base: the team credited, and whether it held."""
    rng = np.random.default_rng(seed)
    truth = Truth.draw(world or World(), rng)
    desk = Desk(truth, learn_nothing, rng, random.Random(seed), rival=rival(truth))
    while len(desk.sessions) < outcomes:
        desk.serve()
    return [
        (next(each.team for each in session.order if each.index == session.chosen), session.stayed)
        for session in desk.sessions
    ]


def gain(values: Values, base: Values) -> dict[str, float]:
    """Mean difference to the base over seeds, with its 95 % interval."""
    differences = values - base
    mean = float(differences.mean())
    half = T_95[len(differences) - 1] * float(differences.std(ddof=1)) / len(differences) ** 0.5
    return {"gain": mean, "low": mean - half, "high": mean + half}


def run(seeds: int, sizes: Sequence[int] = SIZES, world: World | None = None) -> dict[str, object]:
    """All learners over all seeds: MRR of the base, and what each learner adds."""
    found = {
        key: np.array([live(learner, seed=seed, sizes=sizes, world=world) for seed in range(seeds)])
        for key, learner in LEARNERS.items()
    }
    base = found.pop("none")
    return {
        str(size): {
            "none": float(base[:, place].mean()),
            **{key: gain(values[:, place], base[:, place]) for key, values in found.items()},
        }
        for place, size in enumerate(sizes)
    }


@click.command()
@click.option("--seeds", type=click.Choice(["4", "5", "10", "20"]), default="20")
@click.option("--json", "as_json", is_flag=True)
def main(seeds: str, as_json: bool) -> None:
    """Print the table."""
    table = run(int(seeds))
    if as_json:
        click.echo(json.dumps(table, indent=2))
        return
    click.echo("| outcomes | base MRR | " + " | ".join(list(LEARNERS)[1:]) + " |")
    click.echo("|---|---|" + "---|" * (len(LEARNERS) - 1))
    for size, row in table.items():
        assert isinstance(row, dict)
        cells = [
            f"{row[key]['gain']:+.3f} ({row[key]['low']:+.3f} … {row[key]['high']:+.3f})"
            for key in list(LEARNERS)[1:]
        ]
        click.echo(f"| {size} | {row['none']:.3f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
