"""Counts and times of requests, as Prometheus text."""

from __future__ import annotations

import threading
from collections import defaultdict


class Metrics:
    """Requests of this process by method, route and status; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds: dict[tuple[str, str, int], float] = defaultdict(float)
        self._unrecorded: dict[str, int] = {"suggestion": 0, "search": 0}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Add one request."""
        with self._lock:
            self._counts[method, route, status] += 1
            self._seconds[method, route, status] += seconds

    def count_unrecorded(self, kind: str) -> None:
        """Add one answer that could not be written down."""
        with self._lock:
            self._unrecorded[kind] += 1

    def lines(self) -> list[str]:
        """The counters in the text format of Prometheus."""
        with self._lock:
            counts, seconds = dict(self._counts), dict(self._seconds)
            unrecorded = dict(self._unrecorded)
        lines = [
            "# HELP kb_request_seconds Time from the request's arrival to its answer.",
            "# TYPE kb_request_seconds summary",
        ]
        for key, number in sorted(counts.items()):
            labels = '{{method="{}",route="{}",status="{}"}}'.format(*key)
            lines.append(f"kb_request_seconds_count{labels} {number}")
            lines.append(f"kb_request_seconds_sum{labels} {seconds[key]:.6f}")
        lines += [
            "# HELP kb_unrecorded_total Answers given though the disk was too full to record them.",
            "# TYPE kb_unrecorded_total counter",
            *(f'kb_unrecorded_total{{kind="{kind}"}} {n}' for kind, n in unrecorded.items()),
        ]
        return lines
