"""Figures: what was measured, in which unit, beside its budget; and how calls are timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
LEAST_CALLS = 5
"""Calls a contender may make however long they take."""


@dataclass(frozen=True)
class Figure:
    """One thing measured. ``key``: its name in the JSON; ``title``: what readers see.

    ``values``: p50, p95, p99 and n of repeated calls, or value alone; in ``unit``. ``note``: how it
    was measured, or why there is no value.
    """

    key: str
    title: str
    unit: str
    values: Mapping[str, float | int | str] = field(default_factory=dict)
    budget: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The figure as JSON, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value and name != "key"}


def spread(
    key: str,
    title: str,
    took: Sequence[float],
    *,
    unit: str = "ms",
    budget: str = "",
    note: str = "",
) -> Figure:
    """Median and high percentiles of what was measured repeatedly; absent when it never was."""
    if not took:
        return Figure(key, title, unit, budget=budget, note=note or "没有测到")
    p50, p95, p99 = (round(float(each), 3) for each in np.percentile(took, (50, 95, 99)))
    values = {"p50": p50, "p95": p95, "p99": p99, "n": len(took)}
    return Figure(key, title, unit, values, budget, note)


def single(
    key: str, title: str, value: float | str, unit: str = "", *, budget: str = "", note: str = ""
) -> Figure:
    """One value."""
    kept = round(value, 3) if isinstance(value, float) else value
    return Figure(key, title, unit, {"value": kept}, budget, note)


def absent(key: str, title: str, reason: str) -> Figure:
    """What could not be measured here, and why."""
    return Figure(key, title, "", note=reason)


def stopwatch(call: Callable[[], T]) -> tuple[T, float]:
    """The result of a call and how long it took, in milliseconds."""
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1000


def alternate(
    contenders: Mapping[str, Callable[[T], object]], inputs: Sequence[T], *, most_seconds: float
) -> dict[str, list[float]]:
    """Milliseconds of each contender for each input, taken in turn: A B C, A B C, …

    One that has used ``most_seconds`` and made LEAST_CALLS calls asks no more; the others go on.
    """
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for each in inputs:
        for name, call in contenders.items():
            done = took[name]
            if len(done) >= LEAST_CALLS and sum(done) >= most_seconds * 1000:
                continue
            started = time.perf_counter()
            call(each)
            done.append((time.perf_counter() - started) * 1000)
    return took
