"""A process of its own that opens an engine: its start, first answer and memory are measured."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from indexer.bench.figures import stopwatch
from indexer.engine import open_engine
from kb.database import open_database
from kb.settings import read_settings
from kb.suggestion import SuggestionRequest
from kb.times import now_beijing


def work(data: str) -> None:
    """Read one line of complaints, answer them, write one line of times; end with the input."""
    asked = json.loads(sys.stdin.readline())
    settings = replace(read_settings({}), data=Path(data), encoder=asked["encoder"])
    engine, opened = stopwatch(lambda: open_engine(settings, open_database(settings.database)))
    took = []
    for text in asked["complaints"]:
        request = SuggestionRequest(text, channel="bench")
        now = now_beijing()
        _, each = stopwatch(lambda request=request, now=now: engine.suggest(request, now=now))  # type: ignore[misc]
        took.append(each)
    times = {"opened_ms": opened, "answers_ms": took, "at": time.time()}
    sys.stdout.write(json.dumps(times) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
