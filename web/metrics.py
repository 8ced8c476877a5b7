"""What is counted and measured of this process and its desk, as Prometheus text."""

from __future__ import annotations

import shutil
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from indexer.engine import Engine
from kb.searching import EngineStatus
from kb.settings import Settings
from kb.steps import STEPS
from web.events import counted

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0)
"""Upper bounds in seconds: 0.4 and 0.8 are what an agent may wait for 95 and 99 answers of 100."""
MODES = ("hybrid", "lexical", "database")
_Key = tuple[str, str, int]


class Metrics:
    """Requests of this process by method, route and status; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[_Key, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._seconds: dict[_Key, float] = defaultdict(float)
        self._unrecorded: dict[str, int] = {"suggestion": 0, "search": 0}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Add one request."""
        with self._lock:
            self._buckets[method, route, status][bisect_left(BUCKETS, seconds)] += 1
            self._seconds[method, route, status] += seconds

    def count_unrecorded(self, kind: str) -> None:
        """Add one answer that could not be written down."""
        with self._lock:
            self._unrecorded[kind] += 1

    def lines(self) -> Iterator[str]:
        """The requests as a histogram."""
        with self._lock:
            buckets = {key: list(counts) for key, counts in self._buckets.items()}
            seconds, unrecorded = dict(self._seconds), dict(self._unrecorded)
        yield "# HELP kb_request_seconds Time from the request's arrival to its answer."
        yield "# TYPE kb_request_seconds histogram"
        for key, counts in sorted(buckets.items()):
            labels = 'method="{}",route="{}",status="{}"'.format(*key)
            total = 0
            for bound, number in zip((*BUCKETS, "+Inf"), counts, strict=True):
                total += number
                yield f'kb_request_seconds_bucket{{{labels},le="{bound}"}} {total}'
            yield f"kb_request_seconds_count{{{labels}}} {total}"
            yield f"kb_request_seconds_sum{{{labels}}} {seconds[key]:.6f}"
        yield "# HELP kb_unrecorded_total Answers given though the disk was too full to keep them."
        yield "# TYPE kb_unrecorded_total counter"
        for kind, number in unrecorded.items():
            yield f'kb_unrecorded_total{{kind="{kind}"}} {number}'


def step_lines() -> Iterator[str]:
    """How long the steps of suggestions took, and how often each event was logged."""
    yield "# HELP kb_step_seconds Time of each step of a suggestion."
    yield "# TYPE kb_step_seconds summary"
    for name, (count, seconds) in STEPS.totals().items():
        yield f'kb_step_seconds_count{{step="{name}"}} {count}'
        yield f'kb_step_seconds_sum{{step="{name}"}} {seconds:.6f}'
    yield "# HELP kb_events_total Lines of the log by event."
    yield "# TYPE kb_events_total counter"
    for name, count in counted().items():
        yield f'kb_events_total{{event="{name}"}} {count}'


def index_lines(
    status: EngineStatus, engine: Engine, oldest: datetime | None, now: datetime
) -> str:
    """The state of the index; ``oldest``: since when the oldest change waits for it."""
    age = max((now - oldest).total_seconds(), 0.0) if oldest else 0.0
    lines = [
        *_gauge("kb_index_pending", "Changes that are not in the index yet.", status.pending),
        *_gauge("kb_index_age_seconds", "How long the oldest of these has waited.", age),
        *_gauge("kb_ready", "Whether questions are answered.", int(status.ready)),
        *_gauge("kb_index_losses_total", "Times the index could be searched no more.",
                engine.losses, kind="counter"),
        *_gauge("kb_encoder_failures_total", "Questions answered by words as the encoder failed.",
                engine.encoder_failures, kind="counter"),
        "# HELP kb_mode How questions are answered: hybrid, lexical (no encoder), database.",
        "# TYPE kb_mode gauge",
        *(f'kb_mode{{mode="{mode}"}} {int(mode == status.mode)}' for mode in MODES),
    ]  # fmt: skip
    return "\n".join(lines)


def place_lines(settings: Settings, waiting: int) -> Iterator[str]:
    """Who waits, and how much room the disks have."""
    yield from _gauge("kb_queue_depth", "Requests of this process that wait for a thread.", waiting)
    yield "# HELP kb_disk_free_bytes Room on the disk of a folder."
    yield "# TYPE kb_disk_free_bytes gauge"
    folders: Mapping[str, object] = {"data": settings.data, "backups": settings.backups}
    for name, folder in folders.items():
        try:
            free = shutil.disk_usage(str(folder)).free if folder else None
        except OSError:
            continue  # the folder is made with the first backup
        if free is not None:
            yield f'kb_disk_free_bytes{{folder="{name}"}} {free}'


def _gauge(name: str, told: str, value: float, *, kind: str = "gauge") -> Iterator[str]:
    yield f"# HELP {name} {told}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
