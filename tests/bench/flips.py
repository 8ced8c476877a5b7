"""Sectors of a database flipped at random: each is found, or changes nothing that can be read.

    python -m tests.bench.flips --data FOLDER [--times 200]

A sector (512 bytes) is what disks lose. Before serving ``kb serve`` finds it by quick_check; soon
after, the process beside it and ``kb verify`` find texts that are none, and rows that are otherwise
than the audit trail says.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from enum import Enum
from pathlib import Path

from kb.database import Database
from kb.soundness import find_faults, glance

SECTOR = 512
PATTERN = 0x55


class Outcome(Enum):
    """What became of a flip."""

    AT_START = "found before serving"
    SOON_AFTER = "found soon after"
    HARMLESS = "every row reads as before"
    UNSEEN = "not found, and something reads otherwise"


def flip_sectors(source: Path, scratch: Path, *, times: int, seed: int) -> list[Outcome]:
    """Flip one sector of a fresh copy, ``times`` over."""
    chance = random.Random(seed)
    before = list(_read_rows(source))
    path = scratch / "flipped.db"
    outcomes = []
    for _ in range(times):
        shutil.copyfile(source, path)
        _flip(path, chance.randrange(path.stat().st_size // SECTOR) * SECTOR)
        outcomes.append(_judge(path, before))
    return outcomes


def _flip(path: Path, place: int) -> None:
    with path.open("rb+") as file:
        file.seek(place)
        held = file.read(SECTOR)
        file.seek(place)
        file.write(bytes(byte ^ PATTERN for byte in held))


def _judge(path: Path, before: list[str]) -> Outcome:
    if glance(path):
        return Outcome.AT_START
    database = Database(path)
    try:
        if find_faults(database):
            return Outcome.SOON_AFTER
    finally:
        database.close()
    is_same = list(_read_rows(path)) == before
    return Outcome.HARMLESS if is_same else Outcome.UNSEEN


def _read_rows(path: Path) -> Iterator[str]:
    """The logical content: every row of every table."""
    with closing(sqlite3.connect(path)) as connection:
        yield from connection.iterdump()


def main() -> None:
    """Flip, count, and leave with 1 when anything was not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, required=True, help="data folder; it is copied")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kb-flips-") as scratch:
        outcomes = flip_sectors(
            asked.data / "kb.db", Path(scratch), times=asked.times, seed=asked.seed
        )
    for outcome, count in Counter(outcomes).most_common():
        sys.stdout.write(f"{count:5} {outcome.value}\n")
    sys.exit(Outcome.UNSEEN in outcomes)


if __name__ == "__main__":
    main()
