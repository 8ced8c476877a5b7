"""What is counted and measured of the desk and the processes that serve it, as Prometheus text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from kb.counting import are_shared, counts
from kb.searching import EngineStatus
from kb.settings import Settings
from web.events import EVENTS

MODES = ("hybrid", "lexical", "database")
KINDS = ("suggestion", "search")


def begin_counting() -> None:
    """Let what is to be watched stand at 0 before it happens for the first time."""
    for name in EVENTS:
        counts().events.labels(name)
    for kind in KINDS:
        counts().unrecorded.labels(kind)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Add one request."""
    counts().requests.labels(method, route, status).observe(seconds)


def forget_process(pid: int) -> None:
    """A process that served is gone: nobody waits in it; what it counted stays."""
    if are_shared():
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, eq=False)
class State(Collector):
    """What is looked at when somebody asks: the index and the disks, the same for all processes.

    ``oldest``: since when the oldest change waits for the index.
    """

    status: EngineStatus
    oldest: datetime | None
    settings: Settings
    now: datetime

    def collect(self) -> Iterator[Metric]:
        """Each as a family of values."""
        age = max((self.now - self.oldest).total_seconds(), 0.0) if self.oldest else 0.0
        yield GaugeMetricFamily(
            "kb_index_pending", "Changes that are not in the index yet.", self.status.pending
        )
        yield GaugeMetricFamily(
            "kb_index_age_seconds", "How long the oldest of these has waited.", age
        )
        yield GaugeMetricFamily("kb_ready", "Whether questions are answered.", self.status.ready)
        told = "How questions are answered: hybrid, lexical (no encoder), database."
        modes = GaugeMetricFamily("kb_mode", told, labels=["mode"])
        for mode in MODES:
            modes.add_metric([mode], mode == self.status.mode)
        yield modes
        room = GaugeMetricFamily(
            "kb_disk_free_bytes", "Room on the disk of a folder.", labels=["folder"]
        )
        for name, free in self._room():
            room.add_metric([name], free)
        yield room

    def _room(self) -> Iterator[tuple[str, int]]:
        folders: Mapping[str, object] = {
            "data": self.settings.data,
            "backups": self.settings.backups,
        }
        for name, folder in folders.items():
            try:
                free = shutil.disk_usage(str(folder)).free if folder else None
            except OSError:
                continue  # the folder is made with the first backup
            if free is not None:
                yield name, free


def write_metrics(state: State) -> bytes:
    """All figures, those of other processes that serve together summed in."""
    registry = CollectorRegistry()
    registry.register(state)
    if are_shared():
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(counts().registry)
    return generate_latest(registry)
