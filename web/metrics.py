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

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Add one request."""
        with self._lock:
            self._counts[method, route, status] += 1
            self._seconds[method, route, status] += seconds

    def lines(self) -> list[str]:
        """The counters in the text format of Prometheus."""
        with self._lock:
            counts, seconds = dict(self._counts), dict(self._seconds)
        lines = [
            "# HELP kb_request_seconds Time from the request's arrival to its answer.",
            "# TYPE kb_request_seconds summary",
        ]
        for key, number in sorted(counts.items()):
            labels = '{{method="{}",route="{}",status="{}"}}'.format(*key)
            lines.append(f"kb_request_seconds_count{labels} {number}")
            lines.append(f"kb_request_seconds_sum{labels} {seconds[key]:.6f}")
        return lines
