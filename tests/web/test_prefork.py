"""Several workers over one index: all see a change, share memory, and end in peace."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from indexer.bench.children import HOST
from indexer.bench.machine import read_memory
from kb.settings import Settings
from tests.bench.service import Service

LONG = 180.0
WORD = "紫檀木分光箱"


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Iterator[Service]:
    found = Service(settings.data, tmp_path / "serve.log", KB_WORKERS="2")
    found.start()
    yield found
    found.kill()


def until(service: Service, holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < ends, service.log.read_text("utf-8")[-2000:]
        time.sleep(0.1)


def connect(service: Service) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HOST, service.port, timeout=LONG)


def connect_to_both(service: Service) -> list[http.client.HTTPConnection]:
    """A connection to each worker: a stopped one takes no connection."""
    found: list[http.client.HTTPConnection] = []
    workers = service.workers
    for held in workers:
        os.kill(held, signal.SIGSTOP)
        connection = connect(service)
        found_by(connection)
        found.append(connection)
        os.kill(held, signal.SIGCONT)
    return found


def found_by(connection: http.client.HTTPConnection) -> bool:
    connection.request("GET", f"/api/v1/search?q={quote(WORD)}&type=ticket")
    return WORD in str(json.loads(connection.getresponse().read())["hits"])


def post(connection: http.client.HTTPConnection, path: str, body: object) -> dict[str, Any]:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    told: dict[str, Any] = json.loads(answer.read())
    assert answer.status < 300, told
    return told


def counted(connection: http.client.HTTPConnection) -> float:
    """Searches that the metrics tell of, whichever worker is asked."""
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    wanted = [each for each in lines if "_count" in each and 'route="/api/v1/search"' in each]
    return sum(float(each.rsplit(" ", 1)[1]) for each in wanted)


def events(service: Service) -> list[str]:
    lines = service.log.read_text("utf-8").splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def test_workers_see_every_change_share_their_pages_and_end_after_what_is_in_hand(
    service: Service,
) -> None:
    assert len(service.workers) == 2
    assert len(service.writers) == 1
    connections = connect_to_both(service)
    assert [counted(each) for each in connections] == [2.0, 2.0]
    body = {"description": f"{WORD}被水泡了", "category": "060101"}
    made = post(connections[0], "/api/v1/tickets", body)
    done = {"resolution": "更换分光箱", "none_fit": True}
    post(connections[0], f"/api/v1/tickets/{made['ticket_no']}/close", done)
    for connection in connections:
        until(service, lambda connection=connection: found_by(connection))  # type: ignore[misc]
        connection.close()

    for memory in map(read_memory, service.workers):
        assert memory is not None
        assert memory.pss < 0.75 * memory.rss

    answers: list[int] = []
    crowd = [threading.Thread(target=ask, args=(service, answers)) for _ in range(6)]
    for each in crowd:
        each.start()
    until(service, lambda: len(answers) > 3)
    writers = service.writers
    os.kill(service.process, signal.SIGTERM)
    assert service.wait(LONG) == 0
    for each in crowd:
        each.join()
    assert set(answers) == {200}
    until(service, lambda: not any(Path(f"/proc/{each}").exists() for each in writers))
    assert events(service).count("outcomes_settled") == 1
    assert "Traceback" not in service.log.read_text("utf-8")


def test_a_worker_that_is_killed_is_replaced_and_what_recurs_goes_on(service: Service) -> None:
    until(service, lambda: "reviews_opened" in events(service))
    for killed in service.workers:
        os.kill(killed, signal.SIGKILL)
        until(service, lambda killed=killed: len({*service.workers} - {killed}) == 2)  # type: ignore[misc]
        connection = connect(service)
        assert not found_by(connection)
        connection.close()
    until(service, lambda: events(service).count("reviews_opened") >= 2)
    assert "server_trouble" in events(service)  # an operator sees that a worker was killed


def test_workers_and_writer_end_with_their_parent(service: Service) -> None:
    children = [*service.workers, *service.writers]
    os.kill(service.process, signal.SIGKILL)
    service.wait(LONG)
    until(service, lambda: not any(Path(f"/proc/{each}").exists() for each in children))


def ask(service: Service, answers: list[int]) -> None:
    """Ask until the server takes no more; a question that was taken is answered."""
    body = json.dumps({"text": "家里网断了"})
    while True:
        connection = connect(service)
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
