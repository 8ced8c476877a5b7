"""A drill: how long anybody waits when something else is slow, stopped or locked.

``python -m tests.bench.waiting``, on a copy of a built data folder (``KB_DATA``): an encoder that
takes seconds, a service told to stop under load, a database that another process holds.
"""

from __future__ import annotations

import signal
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import click

from indexer.build import build_index
from indexer.encoder import LibraryEncoder
from indexer.progress import quiet
from kb.database import open_database
from kb.settings import Settings, read_settings
from kb.times import now_beijing
from tests.bench.drill import fresh_copy
from tests.bench.service import Service
from tests.tiny_model import Slow, make_tiny_model
from tests.web.conftest import COMPLAINT
from tests.web.test_stopping import Agent
from web.app import create_app
from web.wsgi import build_services

ENCODER_MS, STOP_SECONDS, LOCKED_SECONDS = 400.0, 10.0, 5.0
"""What each may take at most: 95 of 100 answers, the end of the process, any answer."""
AGENTS = 12
AT_ONCE = 16
HELD = 10.0
PATHS = (
    "/", "/tickets", "/articles", "/articles/P060101", "/search?q=" + quote("断网"), "/edit",
    "/reports", "/reports/gaps", "/learn", "/api/v1/tickets", "/api/v1/articles",
    "/api/v1/search?q=" + quote("断网"), "/api/v1/reports/outcomes", "/healthz", "/readyz",
)  # fmt: skip


def ask_a_slow_encoder(settings: Settings, *, times: int) -> list[float]:
    """Milliseconds of suggestions, each in words of its own, while the encoder takes seconds."""
    with tempfile.TemporaryDirectory() as folder:
        other = replace(settings, encoder=str(make_tiny_model(Path(folder))))
        database = open_database(other.database)
        build_index(other, database, now=now_beijing(), progress=quiet)
        database.close()
        services = build_services(other)
        encoder = services.engine.language.encoder
        assert isinstance(encoder, LibraryEncoder)
        client = create_app(services).test_client()
        client.post("/api/v1/suggestions", json={"text": COMPLAINT})
        encoder._model.append(Slow())
        took = []
        for number in range(times):
            began = time.perf_counter()
            body = {"text": f"{COMPLAINT}，第{number}次"}
            answer = client.post("/api/v1/suggestions", json=body).get_json()
            took.append((time.perf_counter() - began) * 1000)
            assert answer["mode"] == "lexical", answer["mode"]
            assert answer["procedures"]
        services.database.close()
    return took


def stop_under_load(service: Service) -> tuple[float, float]:
    """Seconds until the service was ready, and until it was gone after SIGTERM, with agents who
    go on asking; none of what it acknowledged is lost (``tests/web/test_stopping.py``)."""
    started = service.start()
    agents = [Agent(service.port) for _ in range(AGENTS)]
    for agent in agents:
        agent.start()
    while sum(len(agent.acknowledged) for agent in agents) < AGENTS:
        time.sleep(0.05)
    child = service._child
    assert child is not None
    began = time.monotonic()
    child.send_signal(signal.SIGTERM)
    child.wait()
    return started, time.monotonic() - began


@contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Another connection holds the database for so long, or until all were answered."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 20000")
            other.execute("BEGIN EXCLUSIVE")
            held.set()
            done.wait(seconds)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def ask(port: int, path: str) -> tuple[int, float]:
    """Status and seconds of one page or call."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            status = error.code
    return status, time.monotonic() - began


def ask_while_locked(service: Service, *, rounds: int) -> tuple[Counter[int], list[float]]:
    """Statuses and seconds of pages and calls, sixteen at once, while the database is held."""
    service.start()
    statuses: Counter[int] = Counter()
    took: list[float] = []
    try:
        for path in PATHS:
            ask(service.port, path)
        for _ in range(rounds):
            with (
                locked(service.data / "kb.db", HELD),
                ThreadPoolExecutor(AT_ONCE) as pool,
            ):
                for status, seconds in pool.map(lambda path: ask(service.port, path), PATHS):
                    statuses[status] += 1
                    took.append(seconds)
    finally:
        service.stop()
    return statuses, took


def tell(name: str, values: Sequence[float], most: float, unit: str) -> bool:
    """Print what was measured, and whether it is within what is promised."""
    late = statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
    click.echo(
        f"{name}: {len(values)} times, p50 {statistics.median(values):.1f}, p95 {late:.1f},"
        f" longest {max(values):.1f} {unit} (at most {most:g})"
    )
    return (late if unit == "ms" else max(values)) <= most


@click.command()
@click.option("--times", default=40, help="suggestions beside a slow encoder")
@click.option("--rounds", default=5, help="times the service is stopped, and the database held")
def main(times: int, rounds: int) -> None:
    """Measure all three and say whether each keeps its promise."""
    with fresh_copy() as data:
        asked = ask_a_slow_encoder(read_settings({"KB_DATA": str(data)}), times=times)
        held = [tell("slow encoder, answers by words", asked, ENCODER_MS, "ms")]
    with fresh_copy() as data:
        log = data.parent / "log"
        found = [stop_under_load(Service(data, log)) for _ in range(rounds)]
        tell("start until ready", [started for started, _ in found], 15, "s")
        held.append(tell("SIGTERM under load", [each for _, each in found], STOP_SECONDS, "s"))
        statuses, took = ask_while_locked(Service(data, log), rounds=rounds)
        held.append(tell("database held by another process", took, LOCKED_SECONDS, "s"))
        click.echo(f"    statuses {dict(sorted(statuses.items()))}")
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
