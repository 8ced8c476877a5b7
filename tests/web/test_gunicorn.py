"""Several workers of gunicorn over one index: all see a change, share memory, and end in peace."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from indexer.bench.children import HOST, ROOT, free_port, is_ready
from indexer.bench.machine import read_memory
from kb.settings import Settings
from tests.bench.gauges import children_of

LONG = 180.0
WORD = "紫檀木分光箱"


class Served:
    """A running gunicorn."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.port, self.log = free_port(), log
        kept = {name: text for name, text in os.environ.items() if not name.startswith("KB_")}
        kept |= {"KB_DATA": str(settings.data), "KB_PORT": str(self.port), "PYTHONPATH": str(ROOT),
                 "WEB_CONCURRENCY": "2"}  # fmt: skip
        command = [sys.executable, "-m", "gunicorn", "--config", "python:web.gunicorn"]
        with log.open("ab") as errors:
            self.process = subprocess.Popen(command, env=kept, stderr=errors, cwd=settings.data)
        self.until(lambda: is_ready(self.port))

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + LONG
        while not holds():
            assert time.monotonic() < ends, self.log.read_text("utf-8")[-2000:]
            time.sleep(0.1)

    def children(self, words: bytes) -> list[int]:
        found = children_of(self.process.pid)
        return [each for each in found if words in Path(f"/proc/{each}/cmdline").read_bytes()]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(HOST, self.port, timeout=LONG)

    def two_workers(self) -> list[http.client.HTTPConnection]:
        """A connection to each worker: the second counts none of the first one's searches."""
        first = self.connect()
        assert not found_by(first)
        while True:
            other = self.connect()
            other.request("GET", "/metrics")
            if "/api/v1/search" not in other.getresponse().read().decode():
                return [first, other]
            other.close()


def found_by(connection: http.client.HTTPConnection) -> bool:
    connection.request("GET", f"/api/v1/search?q={quote(WORD)}&type=ticket")
    return WORD in str(json.loads(connection.getresponse().read())["hits"])


def post(connection: http.client.HTTPConnection, path: str, body: object) -> dict[str, Any]:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told: dict[str, Any] = json.loads(answer.read())
    assert answer.status < 300, told
    return told


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    found = Served(settings, tmp_path / "gunicorn.log")
    yield found
    if found.process.poll() is None:
        found.process.terminate()
        found.process.wait(LONG)


def test_workers_see_every_change_share_their_pages_and_end_after_what_is_in_hand(
    served: Served,
) -> None:
    served.until(lambda: len(served.children(b"gunicorn")) == 2)
    served.until(lambda: len(served.children(b"--follow")) == 1)
    connections = served.two_workers()
    body = {"description": f"{WORD}被水泡了", "category": "060101"}
    made = post(connections[0], "/api/v1/tickets", body)
    done = {"resolution": "更换分光箱", "none_fit": True}
    post(connections[0], f"/api/v1/tickets/{made['ticket_no']}/close", done)
    for connection in connections:
        served.until(lambda connection=connection: found_by(connection))  # type: ignore[misc]
        connection.close()

    memories = [read_memory(each) for each in served.children(b"gunicorn")]
    for memory in memories:
        assert memory is not None
        assert memory.pss < 0.75 * memory.rss
    print([(memory.rss, memory.pss, memory.private) for memory in memories if memory])  # noqa: T201

    answers: list[int] = []
    crowd = [threading.Thread(target=ask, args=(served, answers)) for _ in range(6)]
    for each in crowd:
        each.start()
    served.until(lambda: len(answers) > 3)
    writers = served.children(b"--follow")
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(LONG) == 0
    for each in crowd:
        each.join()
    assert set(answers) == {200}
    served.until(lambda: not any(Path(f"/proc/{each}").exists() for each in writers))
    lines = served.log.read_text("utf-8").splitlines()
    events = [json.loads(line)["event"] for line in lines if line.startswith("{")]
    assert events.count("outcomes_settled") == 1
    assert not [line for line in lines if "Traceback" in line]


def ask(served: Served, answers: list[int]) -> None:
    """Ask until the server takes no more; a question that was taken is answered."""
    body = json.dumps({"text": "家里网断了"})
    while True:
        connection = served.connect()
        try:
            connection.connect()
        except OSError:
            return
        try:
            connection.request(
                "POST", "/api/v1/suggestions", body, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            answer.read()
        except (ConnectionError, http.client.HTTPException):
            return  # never taken: the listening socket was closed with it in its queue
        finally:
            connection.close()
        answers.append(answer.status)
