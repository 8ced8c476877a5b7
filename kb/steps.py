"""How long the steps of an answer take, added up over the process: for the metrics."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


class Steps:
    """Times of steps by name; safe to use from many threads."""

    def __init__(self) -> None:
        """Nothing was done yet."""
        self._lock = threading.Lock()
        self._totals: dict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))

    def add(self, name: str, seconds: float) -> None:
        """One step was taken."""
        with self._lock:
            count, total = self._totals[name]
            self._totals[name] = (count + 1, total + seconds)

    def totals(self) -> dict[str, tuple[int, float]]:
        """How often each step was taken, and how many seconds that took in all."""
        with self._lock:
            return dict(sorted(self._totals.items()))


STEPS = Steps()
"""Of this process."""


def timed(name: str) -> Callable[[Callable[_Given, _Made]], Callable[_Given, _Made]]:
    """Each call of a function is one step."""

    def wrap(work: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
        @wraps(work)
        def measured(*args: _Given.args, **more: _Given.kwargs) -> _Made:
            started = perf_counter()
            try:
                return work(*args, **more)
            finally:
                STEPS.add(name, perf_counter() - started)

        return measured

    return wrap
