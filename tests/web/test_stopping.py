"""SIGTERM while many ask and close: what was acknowledged is kept, what was asked is answered."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kb.database import open_database
from kb.store import tickets
from tests.bench.service import Service
from tests.web.conftest import COMPLAINT

AGENTS = 12
HUNG = 90.0
"""Seconds after which it counts as hung; how long it takes on an idle machine is told, not held."""


class Agent(threading.Thread):
    """Takes in tickets and closes them, as fast as it is answered, until it is refused."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.acknowledged: dict[str, str] = {}
        self.cut_off = ""
        self.asked = 0

    def run(self) -> None:
        try:
            while True:
                self._work()
        except ConnectionRefusedError:
            self.cut_off = "refused"
        except (http.client.RemoteDisconnected, ConnectionResetError) as error:
            self.cut_off = type(error).__name__

    def _work(self) -> None:
        self.asked += 1
        self._call("/api/v1/suggestions", {"text": COMPLAINT})
        made = self._call("/api/v1/tickets", {"description": COMPLAINT, "category": "060101"})
        number = made["ticket_no"]
        self.acknowledged[number] = "open"
        closing = {"resolution": "换了尾纤，复测正常", "none_fit": True}
        self._call(f"/api/v1/tickets/{number}/close", closing)
        self.acknowledged[number] = "closed"

    def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HUNG)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            told: dict[str, Any] = json.loads(answer.read())
            assert answer.status in (200, 201), told
            return told
        finally:
            connection.close()


@pytest.fixture
def service(prepared_data: Path, tmp_path: Path) -> Iterator[Service]:
    data = tmp_path / "data"
    shutil.copytree(prepared_data, data)
    service = Service(data, tmp_path / "serve.log")
    yield service
    service.kill()


def test_what_is_in_hand_is_finished_and_nothing_acknowledged_is_lost(
    service: Service, record_property: Callable[[str, object], None]
) -> None:
    took = service.start()
    agents = [Agent(service.port) for _ in range(AGENTS)]
    for agent in agents:
        agent.start()
    _wait_until(lambda: sum(len(agent.acknowledged) for agent in agents) >= AGENTS)
    began = time.monotonic()
    child = service._child
    assert child is not None
    child.send_signal(signal.SIGTERM)
    assert child.wait(HUNG) == 0
    stopped = time.monotonic() - began
    for agent in agents:
        agent.join(HUNG)
    assert all(agent.cut_off for agent in agents)  # nobody was left waiting
    lines = service.log.read_text("utf-8").splitlines()
    log = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line["event"] for line in log if line["event"].startswith("service_")] == [
        "service_started", "service_stopped",
    ]  # fmt: skip
    assert not [line for line in log if line.get("status", 200) >= 500]
    database = open_database(service.data / "kb.db")
    kept = {agent: agent.acknowledged for agent in agents}
    for acknowledged in kept.values():
        for number, state in acknowledged.items():
            assert tickets.read_ticket(database.connection, number).status in (state, "closed")
    database.close()
    record_property("seconds until ready", round(took, 1))
    record_property("seconds until stopped", round(stopped, 1))


def _wait_until(done: Any) -> None:
    until = time.monotonic() + HUNG
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)
