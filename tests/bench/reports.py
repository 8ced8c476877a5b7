"""How long reports take over a large history: ``python -m tests.bench.reports FOLDER [TICKETS]``.

The history is made once and kept in FOLDER. Process seconds, the least of three runs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from kb.database import Database, create_database
from kb.reports import building
from kb.reports.measures import Filters
from kb.reviewing import open_reviews
from kb.store.gaps import read_evidence
from kb.times import format_instant
from tests.history import BEGIN, DAYS, make_history

TICKETS = 100_000
RUNS = 3
NOW = BEGIN + timedelta(days=DAYS + 60)


def open_history(folder: Path, tickets: int) -> Database:
    """The database of so many tickets, made when it is not there."""
    path = folder / f"history-{tickets}.db"
    is_new = not path.exists()
    database = create_database(path)
    if is_new:
        make_history(database.connection, tickets=tickets)
    return database


def least_seconds(run: Callable[[], object]) -> float:
    """Process time of the fastest run."""
    found = []
    for _ in range(RUNS):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return min(found)


def main() -> None:
    """Print a line a report."""
    folder = Path(sys.argv[1])
    database = open_history(folder, int(sys.argv[2]) if len(sys.argv) > 2 else TICKETS)
    connection = database.connection
    month = Filters(since=BEGIN.date(), until=(BEGIN + timedelta(days=30)).date())
    now = format_instant(NOW)
    runs: dict[str, Callable[[], object]] = {
        "outcomes": lambda: building.build_outcomes(connection, Filters(), by="", now=NOW),
        "by tenure": lambda: building.build_outcomes(connection, Filters(), by="tenure", now=NOW),
        "one month": lambda: building.build_outcomes(connection, month, by="", now=NOW),
        "search": lambda: building.build_searches(connection, Filters()),
        "articles": lambda: building.build_articles(connection, Filters()),
        "gap evidence": lambda: read_evidence(connection, Filters(), now=now),
        "review tasks": lambda: open_reviews(database, now=NOW),
    }
    for name, run in runs.items():
        print(f"{name:14} {least_seconds(run):.2f} s")  # noqa: T201 - the command's result


if __name__ == "__main__":
    main()
