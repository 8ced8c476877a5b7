"""Two rankers drawn into one list: which one solves more, and does its knowledge come back more?

A solution is credited to the ranker that picked the item. What stayed closed counts as a win; the
test of wins may be looked at any time (kb/sequential.py). Both are reckoned anew from the tables in
the order things happened: a fact learnt late moves what was seen before, so the promise is exact
only as far as facts come in order. The guard is the rate of return: when the
treatment's is worse beyond the threshold the experiment stops by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kb.ranker import name_version
from kb.sequential import Closing, always_valid_p, harm_evidence, win_evidence

ALPHA = 0.05
"""Chance of ever calling a winner, or harm, where there is none."""
VERDICTS = {
    "running": "还没有定论",
    "treatment": "实验组更好",
    "control": "对照组更好",
    "harm": "实验组反复更多，已自动停止",
}


@dataclass(frozen=True)
class Experiment:
    """One experiment. ``share``: of the sessions, how many take part; ``stop_reason``: asked or
    guard, "" while it runs."""

    name: str
    treatment: int
    control: int
    share: float
    started_at: str
    stopped_at: str | None
    stop_reason: str


@dataclass(frozen=True)
class CreditedClosing:
    """A closing whose solution one of the teams had picked; days since the experiment began."""

    team: str
    state: str
    closed_day: float
    came_back_day: float | None


@dataclass(frozen=True)
class TeamFigures:
    """What one team's items did."""

    solutions: int
    stayed_closed: int
    came_back: int


@dataclass(frozen=True)
class ExperimentStatus:
    """Where an experiment stands: ``p_value`` and ``harm`` (an e-value) hold at any time."""

    experiment: Experiment
    sessions: int
    treatment: TeamFigures
    control: TeamFigures
    p_value: float
    harm: float
    verdict: str

    @property
    def is_harmful(self) -> bool:
        """The guard has tripped."""
        return self.harm >= 1 / ALPHA


def judge(
    experiment: Experiment,
    closings: Sequence[CreditedClosing],
    *,
    sessions: int,
    repeat_days: int,
) -> ExperimentStatus:
    """Reckon both tests over all closings credited so far, given in order of closing."""
    wins = [each.team == "treatment" for each in closings if each.state == "stayed_closed"]
    harm = max(
        harm_evidence(
            [
                Closing(each.team == "treatment", each.closed_day, each.came_back_day)
                for each in closings
            ],
            window=float(repeat_days),
        ),
        default=1.0,
    )
    p_value = always_valid_p(win_evidence(wins))
    figures = {team: _figures(closings, team) for team in ("treatment", "control")}
    return ExperimentStatus(
        experiment=experiment,
        sessions=sessions,
        treatment=figures["treatment"],
        control=figures["control"],
        p_value=p_value,
        harm=harm,
        verdict=_verdict(wins, p_value=p_value, harm=harm),
    )


def _figures(closings: Sequence[CreditedClosing], team: str) -> TeamFigures:
    states = [each.state for each in closings if each.team == team]
    return TeamFigures(len(states), states.count("stayed_closed"), states.count("came_back"))


def _verdict(wins: Sequence[bool], *, p_value: float, harm: float) -> str:
    if harm >= 1 / ALPHA:
        return "harm"
    if p_value > ALPHA:
        return "running"
    return "treatment" if sum(wins) * 2 > len(wins) else "control"


def status_as_dict(status: ExperimentStatus) -> dict[str, Any]:
    """The status as JSON."""
    values = asdict(status)
    experiment = values.pop("experiment")
    experiment["treatment"] = name_version(status.experiment.treatment)
    experiment["control"] = name_version(status.experiment.control)
    return {
        **{key: experiment[key] for key in ("name", "share", "started_at", "stopped_at")},
        "stop_reason": experiment["stop_reason"],
        "rankers": {"treatment": experiment["treatment"], "control": experiment["control"]},
        **values,
        "alpha": ALPHA,
    }
