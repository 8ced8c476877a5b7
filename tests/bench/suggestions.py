"""How long a suggestion takes from text to recorded answer, on the data folder of ``KB_DATA``.

Run ``kb init --with-samples`` first, then ``make bench``. Prints JSON; it judges nothing.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

import click
import numpy as np

from indexer.engine import open_engine
from indexer.labelled import read_labelled
from kb.database import open_database
from kb.settings import read_settings
from kb.suggestion import SuggestionRequest
from kb.times import now_beijing

SENTENCES = Path(__file__).parent.parent / "data" / "labelled_complaints.jsonl"


def main() -> None:
    """Time the opening, then each sentence twice, in order; the second round is warm."""
    settings = read_settings(os.environ)
    started = time.perf_counter()
    engine = open_engine(settings, open_database(settings.database))
    opened = time.perf_counter() - started
    texts = [sentence.text for sentence in read_labelled(SENTENCES)]
    rounds: dict[str, dict[str, float]] = {}
    for name in ("first", "warm"):
        took = []
        for text in texts:
            started = time.perf_counter()
            engine.suggest(SuggestionRequest(text, channel="bench"), now=now_beijing())
            took.append((time.perf_counter() - started) * 1000)
        p50, p95, p99 = np.percentile(took, (50, 95, 99)).round(2).tolist()
        rounds[name] = {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
    status = engine.status()
    report = {
        "open_seconds": round(opened, 2),
        "suggest": rounds,
        "queries": len(texts),
        "passages": status.passages,
        "tickets": status.tickets,
        "mode": status.mode,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "python": platform.python_version(),
    }
    click.echo(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
