"""A process of its own that opens an engine: its start, first answer and memory are measured."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from functools import partial
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
    ready_at = time.time()
    requests = (SuggestionRequest(text, channel="bench") for text in asked["complaints"])
    took = [stopwatch(partial(engine.suggest, each, now=now_beijing()))[1] for each in requests]
    times = {"opened_ms": opened, "answers_ms": took, "ready_at": ready_at}
    sys.stdout.write(json.dumps(times) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
