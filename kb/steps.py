"""How long the steps of an answer take: for the metrics."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

from kb.counting import counts

_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def timed(name: str) -> Callable[[Callable[_Given, _Made]], Callable[_Given, _Made]]:
    """Each call of a function is one step."""

    def wrap(work: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
        @wraps(work)
        def measured(*args: _Given.args, **more: _Given.kwargs) -> _Made:
            started = perf_counter()
            try:
                return work(*args, **more)
            finally:
                counts().steps.labels(name).observe(perf_counter() - started)

        return measured

    return wrap
