"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

Progress = Callable[[str, int, int], None]
T = TypeVar("T")


class _Bars:
    """One bar at a time: a new stage ends the bar before it."""

    def __init__(self) -> None:
        self.stage = ""
        self.bar: Any = None

    def step(self, stage: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` is done; a total of 0 means unknown."""
        if stage != self.stage:
            self.close()
            self.stage = stage
            self.bar = click.progressbar(length=max(total, 1), label=stage, file=sys.stderr)
            self.bar.__enter__()
        self.bar.length = max(total, done, 1)
        self.bar.update(done - self.bar.pos)

    def close(self) -> None:
        """End the bar."""
        if self.bar is not None:
            self.bar.__exit__(None, None, None)
        self.bar, self.stage = None, ""


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Show nothing: nobody is watching."""


@contextmanager
def showing_progress() -> Iterator[Progress]:
    """A ``Progress`` that draws on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield _silent
        return
    bars = _Bars()
    try:
        yield bars.step
    finally:
        bars.close()


def counted(items: Iterable[T], stage: str, total: int, progress: Progress) -> Iterator[T]:
    """The items, with progress told as they pass."""
    for done, item in enumerate(items, 1):
        yield item
        if done % 100 == 0:
            progress(stage, done, total)
