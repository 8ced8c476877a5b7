"""How soon a published text is found: ``python -m tests.bench.publishing --data data``.

Each round an editor publishes a text with a word of its own on a served copy of the data folder,
and asks the search until it finds it. The clock runs from the approval's answer.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from indexer.bench.children import HOST
from tests.bench.editors import FIELDS, LONGEST
from tests.bench.service import Service

ARTICLE = "S24"
API = "/api/v1"
PAUSE = 0.02
SYLLABLES = "鹳鹮鸬鹚鸻鹬鹭鸨鹑鹧鸪鹞鹘鸢"
"""Characters no handbook uses."""


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[Any, str]:
    """One call; RuntimeError for a refusal."""
    connection = http.client.HTTPConnection(HOST, port, timeout=LONGEST)
    data = json.dumps(body, ensure_ascii=False).encode() if body else None
    connection.request(method, API + path, data, {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status >= 400:
        raise RuntimeError(f"{path}: {answer}")
    return answer, response.headers.get("ETag", "")


def publish(port: int, word: str) -> float:
    """Publish a text with a word of its own; seconds until the search finds it."""
    path = f"/articles/{ARTICLE}"
    draft, tag = ask(port, "GET", f"{path}/draft")
    text = {name: draft[name] for name in FIELDS} | {"body": f"遇到{word}时先核实。\n"}
    saved, _ = ask(port, "PUT", f"{path}/draft", text, **{"If-Match": tag, "X-Agent": quote("甲")})
    step = {"revision": saved["revision"]}
    stands, _ = ask(port, "POST", f"{path}/submit", step, **{"X-Agent": quote("甲")})
    for reviewer in ("乙", "丙"):
        if stands["standing"]["status"] == "in_review":
            stands, _ = ask(port, "POST", f"{path}/approve", step, **{"X-Agent": quote(reviewer)})
    started = time.monotonic()
    while not _is_found(port, word):
        time.sleep(PAUSE)
    return time.monotonic() - started


def _is_found(port: int, word: str) -> bool:
    found, _ = ask(port, "POST", "/search", {"q": word, "type": "article"})
    return any(hit["target_id"] == ARTICLE and word in str(hit) for hit in found["hits"])


def run_rounds(data: Path, rounds: int) -> list[float]:
    """Seconds of each round on a server over ``data``."""
    service = Service(data, data.parent / "serve.log")
    service.start()
    words = [one + other for one in SYLLABLES for other in SYLLABLES if one != other]
    try:
        return [publish(service.port, word) for word in words[:rounds]]
    finally:
        service.stop()


def main() -> None:
    """Publish again and again, and print the quantiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--rounds", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        shutil.copytree(given.data, data)
        seconds = run_rounds(data, given.rounds)
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    told = f"p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, longest {max(seconds):.2f} s"
    print(f"{len(seconds)} publishes: {told}")  # noqa: T201


if __name__ == "__main__":
    main()
