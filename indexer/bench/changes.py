"""From a ticket closed in the database to the search that finds it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from indexer.bench.children import following
from indexer.bench.figures import Figure, spread
from indexer.bench.step import Bench
from indexer.engine import Engine, open_engine
from kb.database import open_database
from kb.searching import SearchQuery
from kb.store import queue, tickets
from kb.ticket import Ticket
from kb.times import format_instant

LONGEST = 30.0
"""Seconds after which a change counts as never seen."""
POLL = 0.002
EVERY = 1.0
UNMEASURED = 2
"""Changes before measuring starts: the follower is still loading its dictionary."""


class Changing:
    """Closes tickets in the copy's database, as a desk does all day; safe to use from threads,
    each of which ends with ``release``."""

    def __init__(self, bench: Bench) -> None:
        """Nothing is written yet."""
        self._bench = bench
        self._database = open_database(bench.settings.database)
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Close this thread's connection."""
        self._database.close()

    def write_one(self) -> str:
        """Close one new ticket; return the word only it holds."""
        self._written += 1
        mark = f"bz{secrets.token_hex(4)}x{self._written}"
        now = self._bench.clock()
        text = self._bench.complaints[self._written % len(self._bench.complaints)]
        ticket = Ticket(
            ticket_no=f"TSB{mark}",
            accepted_at=format_instant(now),
            description=f"{text}单号{mark}",
            status="closed",
            fix="核实后处理",
            resolution="已核实并处理，客户认可。",
            closed_at=format_instant(now),
            closings=1,
        )
        with self._database.transaction() as connection:
            tickets.add_ticket(connection, ticket, now=now)
        return mark

    def write_one_and_wait(self) -> None:
        """One change, and wait until it is out of the queue: the follower runs."""
        self.write_one()
        ends = time.monotonic() + LONGEST
        while queue.count_queued(self._database.connection) and time.monotonic() < ends:
            time.sleep(0.05)

    @contextmanager
    def every_second(self) -> Iterator[None]:
        """A change every second from a thread of its own, the first at once."""
        stopped = threading.Event()

        def write() -> None:
            while not stopped.is_set():
                self.write_one()
                stopped.wait(EVERY)
            self.release()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()


def measure_changes(bench: Bench) -> list[Figure]:
    """One change after the other, each waited for."""
    database = open_database(bench.settings.database)
    engine = open_engine(bench.settings, database)
    took: list[float] = []
    lost = 0
    with following(bench.settings, log=bench.scratch / "follower.log"), Changing(bench) as changing:
        for place in range(UNMEASURED + bench.amounts.changes):
            mark = changing.write_one()
            seconds = wait_for(lambda mark=mark: _is_found(engine, mark, bench))  # type: ignore[misc]
            if place < UNMEASURED:
                continue
            if seconds is None:
                lost += 1
            else:
                took.append(seconds * 1000)
    database.close()
    note = f"{lost} 次在 {LONGEST:g} 秒内没有查到" if lost else "写库提交后到检索查得到"
    return [spread("changes.visible", "单个改动可见", took, budget="≤ 200", note=note)]


def wait_for(is_seen: Callable[[], bool], *, poll: float = POLL) -> float | None:
    """Seconds until ``is_seen``, asked every ``poll`` seconds; None when it never is."""
    started = time.perf_counter()
    while time.perf_counter() - started < LONGEST:
        if is_seen():
            return time.perf_counter() - started
        time.sleep(poll)
    return None


def _is_found(engine: Engine, mark: str, bench: Bench) -> bool:
    now = bench.clock()
    found = engine.preview_search(SearchQuery(mark, on=now.date(), kind="ticket", limit=3))
    return any(hit.target_id == f"TSB{mark}" for hit in found.hits)
