"""Backups while others write: is each one commit, and how long does it hold up the writers?

Run ``kb init --with-samples`` first, then ``python -m tests.bench.backups``. Works on a copy of the
data folder of ``KB_DATA``. A writer adds pairs of rows, each pair in a transaction, and notes each
pair when the commit has returned; whatever was noted before a backup began must be in it, and no
half pair. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from kb.backing import back_up, restore
from kb.database import copy_database, open_database
from kb.settings import Settings, read_settings
from kb.times import now_beijing

ROUNDS = 10
PAUSE = 0.02
"""Seconds from one pair to the next: fifty a second."""


@dataclass
class Writer:
    """Writes pairs until it is stopped. ``noted``: the last pair known to be kept."""

    path: Path
    noted: int = -1
    longest: float = 0.0
    is_stopped: bool = False

    def run(self) -> None:
        """Write; each pair is two rows of one number."""
        database = open_database(self.path)
        with database.transaction() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS written (number INTEGER)")
        while not self.is_stopped:
            began = time.perf_counter()
            with database.transaction() as connection:
                connection.executemany("INSERT INTO written VALUES (?)", [(self.noted + 1,)] * 2)
            self.noted += 1
            self.longest = max(self.longest, time.perf_counter() - began)
            time.sleep(PAUSE)
        database.close()


def measure(settings: Settings, folder: Path) -> dict[str, Any]:
    """Back up ROUNDS times under the writer; restore each and compare."""
    writer = Writer(settings.database)
    thread = threading.Thread(target=writer.run)
    thread.start()
    took: list[float] = []
    restored: list[float] = []
    faults = 0
    try:
        while writer.noted < 0:
            time.sleep(PAUSE)
        for place in range(ROUNDS):
            noted, began = writer.noted, time.perf_counter()
            made = back_up(settings, folder / "kept", now=now_beijing())
            took.append(time.perf_counter() - began)
            began = time.perf_counter()
            restore(made.path, folder / str(place))
            restored.append(time.perf_counter() - began)
            faults += not _is_one_commit(folder / str(place) / "kb.db", noted)
    finally:
        writer.is_stopped = True
        thread.join()
    return {
        "megabytes": round(made.size / 1e6, 1),
        "backups": len(took),
        "faults": faults,
        "written_meanwhile": writer.noted + 1,
        "longest_write_ms": round(writer.longest * 1000, 1),
        "backup_ms": round(statistics.median(took) * 1000, 1),
        "restore_ms": round(statistics.median(restored) * 1000, 1),
    }


def _is_one_commit(path: Path, noted: int) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        rows = [row[0] for row in connection.execute("SELECT number FROM written ORDER BY rowid")]
    return rows == [each // 2 for each in range(len(rows))] and len(rows) >= 2 * (noted + 1)


def main() -> None:
    """Measure on a copy and print what was found."""
    settings = read_settings(os.environ)
    with tempfile.TemporaryDirectory() as scratch:
        copy = replace(settings, data=Path(scratch) / "data")
        copy.data.mkdir()
        copy_database(settings.database, copy.database)
        click.echo(json.dumps(measure(copy, Path(scratch)), indent=1))


if __name__ == "__main__":
    main()
