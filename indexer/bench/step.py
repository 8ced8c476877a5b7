"""What every step of a measurement works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.bench.corpus import Corpus
from kb.settings import Settings


@dataclass(frozen=True)
class Amounts:
    """How much is measured.

    ``seconds``: length of each phase under load, of which there are four. ``most_seconds``: after
    this long a slow contender is asked no more. ``pause``: seconds between two questions of one
    agent.
    """

    queries: int = 200
    checks: int = 30
    seconds: float = 30.0
    agents: int = 50
    pause: float = 5.0
    changes: int = 30
    starts: int = 3
    most_seconds: float = 30.0


@dataclass(frozen=True)
class Bench:
    """One corpus being measured. ``settings``: of the copy that may be written to; ``complaints``:
    texts that stand in no ticket; ``scratch``: an empty folder for each step to use."""

    corpus: Corpus
    settings: Settings
    amounts: Amounts
    complaints: tuple[str, ...]
    scratch: Path
    clock: Callable[[], datetime]
