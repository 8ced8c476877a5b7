"""An editor and an importer who work on over HTTP while the server is killed under them.

Who gets no answer looks whether the text was kept, and sends it again when it was not.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from indexer.bench.children import HOST, ROOT
from tests.bench.editors import FIELDS
from tests.bench.kill_acts import AGENT, ARTICLES, ROWS, SOURCE, drill_row, vocabulary_row
from tests.bench.ledger import Ledger

API = "/api/v1"
PATIENCE = 900.0


class RemoteEditor(threading.Thread):
    """Saves, publishes and changes the vocabulary, one after the other, until told to stop."""

    def __init__(self, port: int, ledger: Ledger, *, seed: int) -> None:
        """``seed``: which texts, in which order."""
        super().__init__(daemon=True)
        self.refused: list[str] = []
        self._port, self._ledger = port, ledger
        self._rng = random.Random(seed)
        self._stopped = threading.Event()
        self._made = 0

    def stop(self) -> None:
        """Let the act in hand be the last."""
        self._stopped.set()

    def run(self) -> None:
        """Act after act."""
        while not self._stopped.is_set():
            act = self._rng.choices((self.edit, self.publish, self.reword), (3, 2, 1))[0]
            try:
                act()
            except RuntimeError as error:
                self.refused.append(str(error)[:300])

    def _mark(self) -> str:
        self._made += 1
        return f"{AGENT}远程-{self._made}"

    def edit(self) -> tuple[str, int, str]:
        """A new revision of an article; its path, number and mark."""
        mark, path = self._mark(), f"/articles/{self._rng.choice(ARTICLES)}"
        while True:
            draft, tag = self._ask("GET", f"{path}/draft")
            if draft["reason"] == mark:
                break
            text = {name: draft[name] for name in FIELDS}
            text |= {"body": f"{mark}：先核实，再答复。\n", "reason": mark}
            if self._put(f"{path}/draft", text, tag):
                break
        self._ledger.add("revision", [mark])
        return path, self._ask("GET", f"{path}/draft")[0]["revision"], mark

    def publish(self) -> None:
        """A new revision, submitted and approved until it is published."""
        path, number, mark = self.edit()
        step = {"revision": number}
        self._ask("POST", f"{path}/submit", step, key=f"{mark}-submit")
        for reviewer in ("乙", "丙"):
            key = f"{mark}-{reviewer}"
            stands, _ = self._ask("POST", f"{path}/approve", step, key=key, agent=reviewer)
            if stands["standing"]["status"] != "in_review":
                self._ledger.add("published", [mark])
                return

    def reword(self) -> None:
        """A group of synonyms more, or a dictionary word."""
        mark = self._mark()
        kind = "words" if self._rng.random() < 0.2 else "synonyms"
        row = vocabulary_row(kind, str(self._made))
        while True:
            found, tag = self._ask("GET", "/vocabulary")
            if any(row in str(each) for each in found["tables"][kind]):
                break
            body = {"tables": {kind: [*found["tables"][kind], row]}, "reason": mark}
            if self._put("/vocabulary", body, tag):
                break
        self._ledger.add("vocabulary", [mark])

    def _put(self, path: str, body: Any, tag: str) -> bool:
        """Whether it was taken; RuntimeError for a refusal that asking again does not mend."""
        sent = self._try("PUT", path, body, {"If-Match": tag})
        if sent and sent[0] not in (200, 412, 503):
            raise RuntimeError(f"{path}: {sent[0]} {sent[1]}")
        return sent is not None and sent[0] == 200

    def _ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", agent: str = "甲"
    ) -> tuple[Any, str]:
        """Ask until there is an answer; RuntimeError for a refusal."""
        until = time.monotonic() + PATIENCE
        headers = {"Idempotency-Key": quote(key)} if key else {}
        while time.monotonic() < until:
            found = self._try(method, path, body, headers, agent=agent)
            if found and found[0] < 300:
                return found[1], found[2]
            if found and found[0] not in (429, 503):
                raise RuntimeError(f"{path}: {found[0]} {found[1]}")
            time.sleep(0.1)
        raise RuntimeError(f"{path}: no answer")

    def _try(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, agent: str = "甲"
    ) -> tuple[int, Any, str] | None:
        """One call: status, answer and ETag; None when no answer came."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=60)
        told = {"Content-Type": "application/json", "X-Agent": quote(agent), **headers}
        data = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        try:
            connection.request(method, API + path, data, told)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException):
            time.sleep(0.1)
            return None
        finally:
            connection.close()
        return response.status, answer, response.headers.get("ETag", "")


class Importer(threading.Thread):
    """Imports one file after the other by the command, each again until it succeeds."""

    def __init__(self, data: Path, ledger: Ledger) -> None:
        """``data``: the folder the server works on."""
        super().__init__(daemon=True)
        self.child: subprocess.Popen[bytes] | None = None
        self._data, self._ledger = data, ledger
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let the file in hand be the last."""
        self._stopped.set()

    def kill(self) -> None:
        """kill -9 the command that runs now."""
        child = self.child
        if child is not None:
            child.kill()

    def run(self) -> None:
        """File after file."""
        made = 0
        while not self._stopped.is_set():
            names = [f"{AGENT}文件-{made}-{place}" for place in range(ROWS)]
            self._import(self._data.parent / f"import-{made}.jsonl", names)
            made += 1
            self._stopped.wait(2.0)

    def _import(self, file: Path, names: list[str]) -> None:
        lines = (json.dumps(drill_row(name), ensure_ascii=False) for name in names)
        file.write_text("\n".join(lines), "utf-8")
        command = [sys.executable, "-m", "kb", "import", "tickets", str(file), "--source", SOURCE]
        while True:
            self.child = subprocess.Popen(
                command,
                env={"KB_DATA": str(self._data), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if self.child.wait() == 0:
                break
            time.sleep(0.5)
        self._ledger.add("imported", names)
        file.unlink()
