"""Agents of a drill: each takes in a complaint, asks, uses what it is shown, and closes it.

An answer that does not come is asked for again under the same key, as a page does after a broken
connection; one call in ten is sent twice on purpose.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from indexer.bench.children import HOST
from kb.masking import plain_key
from tests.bench.ledger import Ledger

API = "/api/v1"
TWICE = 0.1
PATIENCE = 900.0
"""Seconds an agent goes on asking for an answer that does not come."""


class RefusedError(Exception):
    """An answer nobody expects in a drill."""


class DeskAgent(threading.Thread):
    """One agent; works until told to stop or until ``rounds`` complaints are closed."""

    def __init__(
        self,
        port: int,
        ledger: Ledger,
        texts: Sequence[str],
        *,
        number: int,
        rounds: int | None = None,
        pause: float = 0.0,
    ) -> None:
        """``pause``: about how many seconds lie between two acts."""
        super().__init__(name=f"演练{number:02d}", daemon=True)
        self.took: list[float] = []
        self.asked_again = 0
        self.refused: list[str] = []
        self.closed = 0
        self._ledger, self._texts, self._rounds, self._pause = ledger, texts, rounds, pause
        self._rng = random.Random(number)
        self._stopped = threading.Event()
        self._connection = http.client.HTTPConnection(HOST, port, timeout=60)

    def stop(self) -> None:
        """Let the complaint in hand be the last."""
        self._stopped.set()

    def run(self) -> None:
        """Take one complaint after the other."""
        place = 0
        while not self._stopped.is_set() and (self._rounds is None or place < self._rounds):
            try:
                self._work(f"{self.name}-{place}", self._texts[place % len(self._texts)])
            except RefusedError as error:
                self.refused.append(str(error))
            place += 1
        self._connection.close()

    def _work(self, name: str, text: str) -> None:
        """One complaint from its call to its closing."""
        taken = {"description": text, "title": name, "category": "060101"}
        ticket = self._post("/tickets", taken, key=f"{name}-take")["ticket_no"]
        self._ledger.add("ticket", [ticket])
        asked = {"text": text, "ticket_no": ticket}
        answer = self._post("/suggestions", asked, key=f"{name}-ask")
        shown = [
            item["impression_id"]
            for lane in ("procedures", "time_limits", "past_fixes")
            for item in answer[lane]
        ]
        self._ledger.add("session", [answer["session_id"]])
        self._ledger.add("impression", shown)
        self._use(name, ticket, answer["session_id"], shown)

    def _use(self, name: str, ticket: str, session: str, shown: list[str]) -> None:
        displayed = f"/suggestions/{session}/displayed"
        self._post(displayed, {"impression_ids": shown}, key=f"{name}-shown")
        self._ledger.add("displayed", shown)
        best = shown[0]
        for action in ("clicked", "answer_copied"):
            act = {"action": action, "event_key": f"{name}-{action}"}
            self._post(f"/impressions/{best}/events", act)
            self._ledger.add("event", [plain_key(f"{name}-{action}")])
        link = {"impression_id": best, "knowledge_usage": "solution"}
        self._post(f"/tickets/{ticket}/links", link, key=f"{name}-link")
        self._ledger.add("link", [best])
        done = {"resolution": "按规程处理，用户认可"}
        self._post(f"/tickets/{ticket}/close", done, key=f"{name}-close")
        self._ledger.add("closing", [ticket])
        self.closed += 1

    def _post(self, path: str, body: dict[str, Any], *, key: str = "") -> Any:
        time.sleep(self._pause * (0.5 + self._rng.random()))
        answer = self._ask(path, body, key)
        if self._rng.random() < TWICE and self._ask(path, body, key) != answer:
            raise RefusedError(f"{path}: another answer the second time")
        return answer

    def _ask(self, path: str, body: dict[str, Any], key: str) -> Any:
        """Ask until there is an answer; raise RefusedError for one that is no success."""
        patience = time.monotonic() + PATIENCE
        while True:
            started = time.perf_counter()
            answer = self._send(path, body, key)
            if answer is not None and answer[0] != 503:
                break
            if time.monotonic() > patience:
                raise RefusedError(f"{path}: no answer")
            self.asked_again += 1
            time.sleep(0.1 + 0.2 * self._rng.random())
        self.took.append((time.perf_counter() - started) * 1000)
        if answer[0] not in (200, 201):
            raise RefusedError(f"{path}: {answer[0]} {answer[1][:200]!r}")
        return json.loads(answer[1])

    def _send(self, path: str, body: dict[str, Any], key: str) -> tuple[int, bytes] | None:
        """One try: status and body, None when the connection broke."""
        headers = {"Content-Type": "application/json", "X-Agent": quote(self.name)}
        if key:
            headers["Idempotency-Key"] = quote(key)
        try:
            self._connection.request("POST", API + path, json.dumps(body).encode(), headers)
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return None
