"""Tests that may be looked at any time: e-processes, which stay valid however often one peeks.

An e-value of 20 means: had nothing been going on, the chance of ever seeing so much is at most
1 / 20 (Ville 1939; Howard, Ramdas, McAuliffe, Sekhon 2021; Johari, Pekelis, Walsh 2017).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STAKES = (0.03, 0.06, 0.12, 0.25, 0.5)
"""Shares of the purse that are bet on one side; the mean over all is a fair game too."""
HAZARDS = (1.25, 1.5, 2.0, 3.0)
"""How many times oftener the treatment may come back, each an alternative in the mean."""


@dataclass(frozen=True)
class Closing:
    """One closing credited to a team; ``came_back_at``: None while it holds. Times are numbers."""

    is_treatment: bool
    closed_at: float
    came_back_at: float | None


def win_evidence(wins: Iterable[bool]) -> list[float]:
    """E-values after each win against «both rankers win equally often»; True: the treatment won.

    Betting on a fair coin, on both sides (Waudby-Smith & Ramdas 2023).
    """
    purses = [0.0] * (2 * len(STAKES))
    stakes = [*STAKES, *(-stake for stake in STAKES)]
    found = []
    for won in wins:
        side = 1.0 if won else -1.0
        purses = [
            purse + math.log1p(stake * side) for purse, stake in zip(purses, stakes, strict=True)
        ]
        found.append(_mean_exp(purses))
    return found


def harm_evidence(closings: Sequence[Closing], *, window: float) -> list[float]:
    """E-values after each return against «the treatment does not come back more often».

    The safe log-rank test (Grünwald, Ly, Pérez-Ortiz, ter Schure 2021): at each return, how
    likely it hits the treatment given how many closings of each team are within their window and
    have not come back. Needs no settled outcomes, so it sees harm before the window is over.
    """
    logs = [0.0] * len(HAZARDS)
    found: list[float] = []
    for treated, control, is_treatment in _at_risk(closings, window=window):
        logs = [
            log + math.log(_hit(hazard, treated, control, is_treatment))
            for log, hazard in zip(logs, HAZARDS, strict=True)
        ]
        found.append(_mean_exp(logs))
    return found


def _hit(hazard: float, treated: int, control: int, is_treatment: bool) -> float:
    """Likelihood ratio of one return: hazard against 1."""
    weight = hazard if is_treatment else 1.0
    return weight * (treated + control) / (hazard * treated + control)


def _at_risk(closings: Sequence[Closing], *, window: float) -> Iterable[tuple[int, int, bool]]:
    """For each return within the window, in order: how many of each team were at risk, whose."""
    events: list[tuple[float, int, bool]] = []
    for each in closings:
        end = each.closed_at + window
        back = each.came_back_at
        returned = back is not None and back <= end
        heapq.heappush(events, (each.closed_at, 0, each.is_treatment))
        heapq.heappush(
            events,
            (
                back if returned and back is not None else end,
                1 if returned else 2,
                each.is_treatment,
            ),
        )
    at_risk = [0, 0]
    while events:
        _, kind, is_treatment = heapq.heappop(events)
        if kind == 0:
            at_risk[is_treatment] += 1
            continue
        if kind == 1:
            yield at_risk[True], at_risk[False], is_treatment
        at_risk[is_treatment] -= 1


def always_valid_p(evidence: Sequence[float]) -> float:
    """The p value that holds at any time: 1 over the largest e-value so far, at most 1."""
    return min(1.0, 1.0 / max(evidence, default=1.0))


def _mean_exp(logs: Sequence[float]) -> float:
    top = max(logs)
    return math.exp(top) * sum(math.exp(log - top) for log in logs) / len(logs)
