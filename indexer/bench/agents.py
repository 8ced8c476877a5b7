"""The service over HTTP: many agents at once, with the index idle and while changes are written."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from indexer.bench.changes import Changing, wait_for
from indexer.bench.children import HOST, Server, serving
from indexer.bench.figures import Figure, single, spread
from indexer.bench.machine import read_memory
from indexer.bench.step import Bench

ROUNDS = 2
LOOK = 0.025
"""Seconds between two searches for a change: asked without a pause, they would be the load."""
BUDGET = "10 万张、50 席 p95 ≤ 100"


@dataclass
class _Load:
    """What the agents of one phase met: milliseconds of each answer, and how many failed."""

    took: list[float] = field(default_factory=list)
    errors: int = 0


def measure_serving(bench: Bench) -> list[Figure]:
    """Idle and writing in turn, then agents who never pause."""
    amounts = bench.amounts
    idle, writing, busy = _Load(), _Load(), _Load()
    seen: list[float] = []
    with serving(bench.settings, log=bench.scratch / "serve.log") as server:
        _run(server, bench, _Load(), seconds=min(amounts.seconds, 3.0), pause=0.2)
        with Changing(bench) as changing:
            changing.write_one_and_wait()
            for _ in range(ROUNDS):
                _run(server, bench, idle, seconds=amounts.seconds / ROUNDS, pause=amounts.pause)
                watcher = _Watcher(server, changing)
                watcher.start()
                _run(server, bench, writing, seconds=amounts.seconds / ROUNDS, pause=amounts.pause)
                seen += watcher.stop()
        started = time.perf_counter()
        _run(server, bench, busy, seconds=amounts.seconds / ROUNDS, pause=0.0)
        rate = len(busy.took) / (time.perf_counter() - started)
        memory = read_memory(server.process)
    each = f"{amounts.agents} 席，每席约 {amounts.pause:g} 秒问一次"
    return [
        _spread("http.idle", "HTTP 建议，索引空闲", idle, budget=BUDGET, note=each),
        _spread(
            "http.writing",
            "HTTP 建议，同时有改动写入",
            writing,
            budget="p95 ≤ 2 × 空闲",
            note=f"{each}；一个改动接一个写入",
        ),
        spread("http.visible", "改动在服务里可见", seen, budget="10 万张 ≤ 200", note=each),
        _spread("http.busy", "HTTP 建议，不停地问", busy, note=f"{amounts.agents} 席不停顿"),
        single("http.rate", "HTTP 每秒答复", round(rate, 1), "次/s", note="不停地问"),
        single("http.rss", "kb serve 的 RSS", memory.rss if memory else "不知道", "MiB"),
    ]


def _spread(key: str, title: str, load: _Load, *, budget: str = "", note: str = "") -> Figure:
    return spread(key, title, load.took, budget=budget, note=f"{note}；出错 {load.errors} 次")


def _run(server: Server, bench: Bench, load: _Load, *, seconds: float, pause: float) -> None:
    """Let all agents ask for ``seconds``, each pausing about ``pause`` between two questions."""
    ends = time.monotonic() + seconds
    agents = [
        _Agent(server, bench.complaints[place:] + bench.complaints[:place], ends, pause, place)
        for place in range(bench.amounts.agents)
    ]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
        load.took += agent.load.took
        load.errors += agent.load.errors


class _Agent(threading.Thread):
    """One agent: a connection, a question, a pause, the next question."""

    def __init__(
        self, server: Server, texts: Sequence[str], ends: float, pause: float, place: int
    ) -> None:
        super().__init__()
        self.load = _Load()
        self._server, self._texts, self._ends, self._pause = server, texts, ends, pause
        self._rng = random.Random(place)  # noqa: S311 - when agents ask, not a secret

    def run(self) -> None:
        """Ask until the time is over."""
        connection = http.client.HTTPConnection(HOST, self._server.port, timeout=60)
        time.sleep(min(self._pause * self._rng.random(), max(self._ends - time.monotonic(), 0)))
        place = 0
        while time.monotonic() < self._ends:
            self._ask(connection, self._texts[place % len(self._texts)])
            place += 1
            rest = self._pause * (0.5 + self._rng.random())
            time.sleep(max(min(rest, self._ends - time.monotonic()), 0.0))
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, text: str) -> None:
        body = json.dumps({"text": text}).encode()
        started = time.perf_counter()
        try:
            connection.request(
                "POST", "/api/v1/suggestions", body, {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self.load.errors += 1
            return
        if response.status != 200:
            self.load.errors += 1
            return
        self.load.took.append((time.perf_counter() - started) * 1000)


class _Watcher(threading.Thread):
    """Writes one change after the other and waits until the service finds it."""

    def __init__(self, server: Server, changing: Changing) -> None:
        super().__init__()
        self._server, self._changing = server, changing
        self._stopped = threading.Event()
        self._seen: list[float] = []

    def run(self) -> None:
        """Write, look, and wait a second, until stopped."""
        connection = http.client.HTTPConnection(HOST, self._server.port, timeout=60)
        while not self._stopped.is_set():
            mark = self._changing.write_one()
            seconds = wait_for(
                lambda mark=mark: self._is_found(connection, mark),  # type: ignore[misc]
                poll=LOOK,
            )
            if seconds is not None:
                self._seen.append(seconds * 1000)
            self._stopped.wait(1.0)
        self._changing.release()
        connection.close()

    def _is_found(self, connection: http.client.HTTPConnection, mark: str) -> bool:
        try:
            connection.request("GET", "/api/v1/search?" + urlencode({"q": mark, "type": "ticket"}))
            response = connection.getresponse()
            found = json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException):
            connection.close()
            return False
        return mark in json.dumps(found.get("hits", found), ensure_ascii=False)

    def stop(self) -> list[float]:
        """End after the change in hand; milliseconds until each was found."""
        self._stopped.set()
        self.join()
        return self._seen
