"""A drill: editors save one article at once over HTTP; one wins each revision, nothing is lost.

``python -m tests.bench.editors --editors 20 --saves 200``. Each editor adds a line of its own with
``PUT /articles/{id}/draft`` and ``If-Match``; who is told 412 reads the newest text, adds the line
to that, and saves again. In the end the last text must hold every line, the numbers must have no
gap, and each revision must be the one its only winner was told of.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from indexer.bench.children import HOST
from kb.database import open_database
from kb.settings import read_settings
from kb.store import editing, handbook
from tests.bench.service import Service

LONGEST = 120.0
ARTICLE = "S24"
PATH = f"/api/v1/articles/{ARTICLE}/draft"
FIELDS = (
    "title", "section", "slug", "owner", "responsible_dept", "categories", "keywords", "steps",
    "time_limits", "figures", "sources", "body", "valid_from", "valid_until", "review_by",
)  # fmt: skip


@dataclass
class Tally:
    """What the editors were told: revisions won, refusals, and how long a save took."""

    won: list[int] = field(default_factory=list)
    refused: int = 0
    others: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Findings:
    """What stands in the database afterwards, held against what the editors were told."""

    saves: int
    refused: int
    doubled: int
    gaps: int
    lost: int
    others: Counter[int]
    median_ms: float

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or left out."""
        return not (self.doubled or self.gaps or self.lost or self.others)


class Editor(threading.Thread):
    """One editor with a connection of its own."""

    def __init__(self, port: int, name: str, saves: int) -> None:
        """``name``: also what its lines begin with."""
        super().__init__(name=name)
        self.tally = Tally()
        self._connection = http.client.HTTPConnection(HOST, port, timeout=LONGEST)
        self._saves = saves

    def run(self) -> None:
        """Add the lines, one save each."""
        draft, tag = self._read()
        for place in range(self._saves):
            line = f"{self.name} 第 {place} 行。"
            while True:
                body = {**draft, "body": f"{draft['body']}\n{line}\n", "reason": line}
                started = time.monotonic()
                status, answer, tag_after = self._send("PUT", body, tag)
                self.tally.milliseconds.append((time.monotonic() - started) * 1000)
                if status == 200:
                    self.tally.won.append(answer["revision"])
                    draft, tag = _fields(answer), tag_after
                    break
                if status != 412:
                    self.tally.others[status] += 1
                    return
                self.tally.refused += 1
                draft, tag = self._read()
        self._connection.close()

    def _read(self) -> tuple[dict[str, object], str]:
        status, answer, tag = self._send("GET")
        if status != 200:
            raise RuntimeError(f"{status}: {answer}")
        return _fields(answer), tag

    def _send(self, method: str, body: object = None, tag: str = "") -> tuple[int, Any, str]:
        headers = {"X-Agent": quote(self.name), "Content-Type": "application/json"}
        headers |= {"If-Match": tag} if tag else {}
        data = json.dumps(body, ensure_ascii=False).encode() if body else None
        self._connection.request(method, PATH, data, headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read()), response.headers.get("ETag", "")


def _fields(answer: dict[str, object]) -> dict[str, object]:
    return {name: answer[name] for name in FIELDS}


def run_drill(data: Path, *, editors: int, saves: int) -> Findings:
    """Let the editors save at once on a server over ``data``; hold the database against them."""
    service = Service(data, data.parent / "serve.log")
    service.start()
    try:
        crowd = [Editor(service.port, f"编辑{number:02}", saves) for number in range(editors)]
        for editor in crowd:
            editor.start()
        for editor in crowd:
            editor.join()
    finally:
        service.stop()
    return reconcile(data, [editor.tally for editor in crowd], wanted=editors * saves)


def reconcile(data: Path, tallies: list[Tally], *, wanted: int) -> Findings:
    """Count what is lost, doubled or missing."""
    database = open_database(read_settings({"KB_DATA": str(data)}).database)
    connection = database.connection
    numbers = [each.number for each in handbook.read_revisions(connection, ARTICLE)]
    text = editing.read_newest(connection, ARTICLE).revision.body
    reasons = {each.number: each.reason for each in handbook.read_revisions(connection, ARTICLE)}
    database.close()
    won = Counter(number for tally in tallies for number in tally.won)
    lines = {reasons[number] for number in won if number in reasons}
    return Findings(
        saves=sum(won.values()),
        refused=sum(tally.refused for tally in tallies),
        doubled=sum(count - 1 for count in won.values()),
        gaps=len(set(range(1, max(numbers) + 1)) ^ set(numbers)),
        lost=(wanted - len(lines)) + sum(line not in text.splitlines() for line in lines),
        others=sum((tally.others for tally in tallies), Counter()),
        median_ms=statistics.median(each for tally in tallies for each in tally.milliseconds),
    )


def main() -> None:
    """Run the drill on a copy of a data folder made by ``kb init``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--editors", type=int, default=20)
    parser.add_argument("--saves", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(given.data, data)
        print(run_drill(data, editors=given.editors, saves=given.saves))  # noqa: T201


if __name__ == "__main__":
    main()
