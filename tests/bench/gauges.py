"""Memory, open files and threads of running processes, looked at again and again."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.bench.machine import read_memory

PROC = Path("/proc")


@dataclass(frozen=True)
class Look:
    """One process at one moment; ``rss`` and ``private`` in MiB, ``at`` in seconds."""

    at: float
    rss: float
    private: float
    files: int
    threads: int


@dataclass
class Gauges:
    """All looks at one process."""

    name: str
    process: int
    looks: list[Look] = field(default_factory=list)


def look_at(process: int, *, at: float) -> Look | None:
    """A process as the system tells of it now; None once it is gone."""
    memory = read_memory(process)
    try:
        files = len(list((PROC / str(process) / "fd").iterdir()))
        threads = len(list((PROC / str(process) / "task").iterdir()))
    except OSError:
        return None
    return Look(at, memory.rss, memory.private, files, threads) if memory else None


def processor_seconds(process: int) -> float:
    """Processor time that a process has used."""
    told = (PROC / str(process) / "stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def children_of(process: int) -> list[int]:
    """Processes that a process started and that still run."""
    found: list[int] = []
    for told in (PROC / str(process) / "task").glob("*/children"):
        try:
            found += map(int, told.read_text("ascii").split())
        except OSError:
            continue
    return found


class Watcher(threading.Thread):
    """Looks at processes every few seconds."""

    def __init__(self, gauges: Sequence[Gauges], *, every: float) -> None:
        """``every``: seconds from one look to the next."""
        super().__init__(daemon=True)
        self._gauges, self._every = gauges, every
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look until stopped."""
        started = time.monotonic()
        while True:
            for each in self._gauges:
                look = look_at(each.process, at=time.monotonic() - started)
                if look is not None:
                    each.looks.append(look)
            if self._stopped.wait(self._every):
                return

    def stop(self) -> None:
        """End after a last look."""
        self._stopped.set()
        self.join()


@dataclass(frozen=True)
class Growth:
    """A value after warming up and at the end, each the median of a sixth of the time between."""

    before: float
    after: float

    @property
    def share(self) -> float:
        """By which share it grew."""
        return self.after / self.before - 1 if self.before else 0.0


def growth(looks: Sequence[Look], name: str, *, warm: float) -> Growth:
    """How a value grew from ``warm`` seconds on."""
    later = [look for look in looks if look.at >= warm] or list(looks)
    part = max(1, len(later) // 6)
    values = [float(getattr(look, name)) for look in later]
    return Growth(statistics.median(values[:part]), statistics.median(values[-part:]))


def by_minute(looks: Sequence[Look]) -> list[Look]:
    """The last look of every minute."""
    return list({int(look.at // 60): look for look in looks}.values())
