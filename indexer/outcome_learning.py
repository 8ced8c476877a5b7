"""Boosts from outcomes: who was the solution more often than the base ranker and the place explain,
and whose closings came back less.

Each settled closing is one choice among the items shown. The chance of item i is in proportion to
place ** -eta * exp(slope * score) * ratio(target, context): a Plackett-Luce model whose offsets are
the place (see indexer/position_bias.py) and the base ranker. Items not chosen are weak negatives,
in the measure they were likely examined. The ratios have gamma priors of mean 1 and are found by
the MM steps of Hunter (2004) and Caron & Doucet (2012): (prior + seen) / (prior + expected), nested
from all complaints to the group and the class. How strong a prior is, is itself estimated at each
level from how far the ratios scatter (DuMouchel 1999), so that without a signal nothing moves.
Solutions that came back are counted against their class's mean in the same way; both parts
multiply to the expected share of solutions that hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.position_bias import PositionBias, estimate_bias, read_trials
from kb.ranker import LANES, MOST_BOOST, Boost, Choice, contexts_of

LEVELS = 3
SWEEPS = 4
SLOPES = np.geomspace(2.0, 40.0, 25)
USUAL_SLOPE, SLOPE_SPREAD = 8.0, 0.5
"""Prior of the slope: nats a unit of score, and the spread of its logarithm."""
PRIORS = np.geomspace(1.0, 512.0, 19)
USUAL_PRIOR, PRIOR_SPREAD = 8.0, 1.0
CLASS_PRIOR = 10.0
"""Closings that draw a class's share of returns to the mean of all."""
SURE = 0.5
"""A part is kept when it is this many standard deviations off: a chance of about 0.7 to be on the
right side. What is smaller would only change the order back and forth."""
DISMISSAL = 0.25
"""A dismissal counts as this much of a solution that came back."""
MOST_RETURNS = 0.95

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Learned:
    """The boosts of one lane with what they were reckoned by."""

    boosts: tuple[Boost, ...]
    choices: int
    bias: PositionBias
    slope: float
    half_life: float | None
    priors: tuple[float, ...]


@dataclass(frozen=True)
class Table:
    """Choices of one lane as arrays: a row an item shown, one weight a choice.

    ``cells``: for each level the number of the row's (target, context).
    """

    choice: Places
    place: Values
    score: Values
    dismissed: Values
    cells: tuple[Places, ...]
    keys: tuple[tuple[tuple[str, str], ...], ...]
    chosen: Places
    came_back: Values
    weight: Values
    context: Places

    @property
    def uses(self) -> Values:
        """How much each row was used or dismissed, by weight."""
        used = DISMISSAL * self.dismissed * self.weight[self.choice]
        used[self.chosen] = self.weight
        return used

    @property
    def returns(self) -> Values:
        """How much of each row's use came back."""
        failed = DISMISSAL * self.dismissed * self.weight[self.choice]
        failed[self.chosen] = self.weight * self.came_back
        return failed


def learn_boosts(choices: Sequence[Choice], *, half_life: float | None) -> dict[str, Learned]:
    """Boosts of each lane from settled closings; ``half_life``: days after which one counts half.

    The place's weight is estimated over all lanes at once: it is the same page.
    """
    bias = estimate_bias(read_trials(choices))
    return {
        lane: _learn_lane(
            [choice for choice in choices if choice.lane == lane], bias=bias, half_life=half_life
        )
        for lane in LANES
    }


def _learn_lane(
    choices: Sequence[Choice], *, bias: PositionBias, half_life: float | None
) -> Learned:
    if not choices:
        return Learned((), 0, bias, USUAL_SLOPE, half_life, ())
    table = tabulate(choices, half_life=half_life)
    slope = fit_slope(table, bias.eta)
    offset = slope * table.score - bias.eta * np.log(table.place)
    chosen, priors = fit_ratios(table, offset)
    held = fit_returns(table)
    boosts = _boosts(choices[0].lane, table, chosen, held, slope=slope)
    return Learned(boosts, len(choices), bias, slope, half_life, priors)


def tabulate(choices: Sequence[Choice], *, half_life: float | None) -> Table:
    """The choices as arrays."""
    rows = [(number, item) for number, choice in enumerate(choices) for item in choice.shown]
    choice = np.array([number for number, _ in rows], np.int64)
    sizes = np.array([len(each.shown) for each in choices])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    ages = np.array([max(each.age_days, 0.0) for each in choices])
    numbers: list[dict[tuple[str, str], int]] = [{} for _ in range(LEVELS)]
    cells: list[list[int]] = [[] for _ in range(LEVELS)]
    paths = [_path(each.context) for each in choices]
    for number, item in rows:
        for level, context in enumerate(paths[number]):
            known = numbers[level]
            cells[level].append(known.setdefault((item.target_id, context), len(known)))
    codes: dict[str, int] = {}
    return Table(
        choice=choice,
        place=np.array([item.position for _, item in rows], np.float64),
        score=np.array([item.score for _, item in rows], np.float64),
        dismissed=np.array([item.dismissed for _, item in rows], np.float64),
        cells=tuple(np.array(each, np.int64) for each in cells),
        keys=tuple(tuple(known) for known in numbers),
        chosen=starts + np.array([each.chosen for each in choices]),
        came_back=np.array([not each.stayed for each in choices], np.float64),
        weight=np.ones(len(choices)) if half_life is None else 0.5 ** (ages / half_life),
        context=np.array([codes.setdefault(each.context, len(codes)) for each in choices]),
    )


def _path(code: str) -> tuple[str, ...]:
    """Three contexts, the narrowest repeated when the class is not known to six digits."""
    found = contexts_of(code)
    return (*found, *(found[-1],) * (LEVELS - len(found)))


def shares(table: Table, worth: Values) -> Values:
    """Chance of each row to be chosen, given the logarithm of its worth."""
    top = np.full(len(table.chosen), -np.inf)
    np.maximum.at(top, table.choice, worth)
    raw = np.exp(worth - top[table.choice])
    found: Values = raw / np.bincount(table.choice, raw)[table.choice]
    return found


def fit_slope(table: Table, eta: float) -> float:
    """Nats a unit of the base ranker's score is worth, most probable given the choices."""
    places = eta * np.log(table.place)
    found = [
        float(
            (table.weight * np.log(shares(table, slope * table.score - places)[table.chosen])).sum()
            - 0.5 * (np.log(slope / USUAL_SLOPE) / SLOPE_SPREAD) ** 2
        )
        for slope in SLOPES
    ]
    return float(SLOPES[int(np.argmax(found))])


@dataclass(frozen=True)
class Ratio:
    """Seen against expected in the cells of one level: the ratio's logarithm and its deviation."""

    seen: Values
    expected: Values
    log: Values
    deviation: Values


def fit_ratios(table: Table, offset: Values) -> tuple[list[Ratio], tuple[float, ...]]:
    """How much oftener than expected each (target, context) was the solution, level by level."""
    logs = [np.zeros(len(keys)) for keys in table.keys]
    found: list[Ratio] = [Ratio(log, log, log, log) for log in logs]
    priors = [0.0] * LEVELS
    for _ in range(SWEEPS):
        for level, cells in enumerate(table.cells):
            worth = offset + sum(log[cell] for log, cell in zip(logs, table.cells, strict=True))
            worths = shares(table, worth) * table.weight[table.choice]
            expected = sums(cells, worths) / np.exp(logs[level])
            seen = sums(cells[table.chosen], table.weight, count=len(logs[level]))
            priors[level] = fit_prior(seen, expected)
            found[level] = shrink(seen, expected, priors[level])
            logs[level] = found[level].log
    return found, tuple(priors)


def fit_returns(table: Table) -> list[Ratio]:
    """How much oftener than its class each (target, context) came back, level by level."""
    uses, returns = table.uses, table.returns
    context = table.context[table.choice]
    mean = returns.sum() / uses.sum()
    of_class = (np.bincount(context, returns) + CLASS_PRIOR * mean) / (
        np.bincount(context, uses) + CLASS_PRIOR
    )
    expected = uses * of_class[context]
    found: list[Ratio] = []
    for cells in table.cells:
        seen, wanted = sums(cells, returns), sums(cells, expected)
        ratio = shrink(seen, wanted, fit_prior(seen, wanted))
        found.append(ratio)
        expected = expected * np.exp(ratio.log)[cells]
    return found


def sums(cells: Places, values: Values, *, count: int = 0) -> Values:
    """Sum of the values in each cell."""
    found: Values = np.bincount(cells, values, count).astype(np.float64)
    return found


def fit_prior(seen: Values, expected: Values) -> float:
    """Pseudo-counts of the gamma prior: the most probable given how far the ratios scatter."""
    from scipy.special import gammaln  # 80 ms of a start that fits nothing

    counted = expected > 0
    o, e = seen[counted][:, None], expected[counted][:, None]
    likelihood = (
        gammaln(PRIORS + o)
        - gammaln(PRIORS)
        + PRIORS * np.log(PRIORS / (PRIORS + e))
        + o * np.log(e / (PRIORS + e))
    ).sum(axis=0)
    believed = -0.5 * (np.log(PRIORS / USUAL_PRIOR) / PRIOR_SPREAD) ** 2
    return float(PRIORS[int(np.argmax(likelihood + believed))])


def shrink(seen: Values, expected: Values, prior: float) -> Ratio:
    """Mean of the gamma posterior of seen / expected, as a logarithm."""
    log = np.log((prior + seen) / (prior + expected))
    return Ratio(seen, expected, log, 1 / np.sqrt(prior + seen))


def _boosts(
    lane: str, table: Table, chosen: list[Ratio], returned: list[Ratio], *, slope: float
) -> tuple[Boost, ...]:
    mean = min(table.returns.sum() / table.uses.sum(), MOST_RETURNS)
    boosts: list[Boost] = []
    above = np.zeros(len(table.choice))
    for level, cells in enumerate(table.cells):
        share, back = chosen[level], returned[level]
        total = above + back.log[cells]
        held = _held(mean, total) - _held(mean, above)
        gain = share.log + _first(held, cells)
        spread = np.hypot(share.deviation, mean / (1 - mean) * back.deviation)
        shown = np.bincount(cells)
        above = total
        for place, (target, context) in enumerate(table.keys[level]):
            if level and context == _path(context)[level - 1]:
                continue  # the class is not known this far: counted a level up already
            kept = gain[place] if abs(gain[place]) >= SURE * spread[place] else 0.0
            boosts.append(
                Boost(
                    lane=lane,
                    target_id=target,
                    context=context,
                    boost=round(float(np.clip(kept / slope, -MOST_BOOST, MOST_BOOST)), 4),
                    shown=int(shown[place]),
                    solutions=round(float(share.seen[place]), 2),
                    expected=round(float(share.expected[place]), 2),
                    came_back=round(float(back.seen[place]), 2),
                    expected_came_back=round(float(back.expected[place]), 2),
                )
            )
    return tuple(boosts)


def _held(mean: float, log: Values) -> Values:
    """Logarithm of the share that stays closed when returns are exp(log) times the mean."""
    found: Values = np.log1p(-np.minimum(mean * np.exp(log), MOST_RETURNS))
    return found


def _first(values: Values, cells: Places) -> Values:
    """One value a cell from rows that agree within a cell."""
    found = np.zeros(int(cells.max()) + 1)
    found[cells] = values
    return found
