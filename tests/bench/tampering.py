"""A trail of random deeds, tampered with in the file in every way there is: is each found?

Each trial copies the database, takes the guards away as somebody with the file would, and changes
one thing: a column, a row removed (the newest too), moved, exchanged, or put in.
``python -m tests.bench.tampering [TRIALS]`` prints how many of each were found, and what auditing
costs a write.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from kb.auditing import note
from kb.database import Database, create_database
from kb.store import capture, tickets
from kb.trail import verify_trail
from tests.kb.small import NOW, make_ticket

COLUMNS = ("at", "who", "action", "object", "before_hash", "after_hash", "chain_hash")
ROWS = 60


def make_trail(path: Path, chance: random.Random) -> Database:
    """A database whose trail tells of tickets made, changed and read."""
    database = create_database(path)
    with database.transaction() as connection:
        for number in range(ROWS):
            name = f"TS{number:06}"
            tickets.add_ticket(connection, make_ticket(ticket_no=name), now=NOW)
            note(connection, f"ticket:{name}", action="read", who=chance.choice("甲乙丙丁"))
    return database


def _alter(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    column = chance.choice(COLUMNS)
    value = chance.choice(["", "x", None, b"\xff\xfe", 7, "0" * 64, " ", "坐席"])
    seq = chance.randint(1, last)
    # IS NOT: a change that changes nothing is none
    changed = connection.execute(
        f"UPDATE audit SET {column} = coalesce(?, '甲乙') WHERE seq = ? AND {column} IS NOT ?",
        (value, seq, value),
    ).rowcount
    if not changed:
        connection.execute(f"UPDATE audit SET {column} = {column} || '.' WHERE seq = ?", (seq,))


def _flip(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    """One character of one value."""
    column, seq = chance.choice(COLUMNS), chance.randint(1, last)
    (text,) = connection.execute(f"SELECT {column} FROM audit WHERE seq = ?", (seq,)).fetchone()
    place = chance.randrange(len(text) + 1)
    other = chance.choice(
        [mark for mark in "0123456789abcdef坐" if mark != text[place : place + 1]]
    )
    connection.execute(
        f"UPDATE audit SET {column} = ? WHERE seq = ?",
        (text[:place] + other + text[place + 1 :], seq),
    )


def _remove(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    connection.execute("DELETE FROM audit WHERE seq = ?", (chance.randint(1, last),))


def _cut(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    """The oldest or the newest rows."""
    cut = chance.randint(1, last - 1)
    connection.execute(f"DELETE FROM audit WHERE seq {chance.choice(['<=', '>'])} ?", (cut,))


def _exchange(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    one, two = chance.sample(range(1, last + 1), 2)
    for old, new in ((one, -1), (two, one), (-1, two)):
        connection.execute("UPDATE audit SET seq = ? WHERE seq = ?", (new, old))


def _insert(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    """A row in the middle (the others move on), or a copy at the end."""
    seq = chance.randint(1, last)
    connection.execute("UPDATE audit SET seq = -seq - 1 WHERE seq >= ?", (seq,))
    connection.execute("UPDATE audit SET seq = -seq WHERE seq < 0")
    connection.execute(
        "INSERT INTO audit SELECT ?, at, who, action, object, before_hash, after_hash, chain_hash"
        " FROM audit WHERE seq = ?",
        (seq, chance.randint(1, seq) if seq == last + 1 else seq + 1),
    )


def _forge_purge(connection: sqlite3.Connection, chance: random.Random, last: int) -> None:
    """Remove the oldest rows and leave an anchor that no purge left."""
    cut = chance.randint(1, last - 1)
    connection.execute(
        "INSERT INTO audit_anchor SELECT seq, chain_hash, at FROM audit WHERE seq = ?", (cut,)
    )
    connection.execute("DELETE FROM audit WHERE seq <= ?", (cut,))


WAYS: tuple[Callable[[sqlite3.Connection, random.Random, int], None], ...] = (
    _alter,
    _flip,
    _remove,
    _cut,
    _exchange,
    _insert,
    _forge_purge,
)


def tamper(path: Path, chance: random.Random) -> str:
    """Change one thing in the file and put the guards back, so that only the chain can tell."""
    way = chance.choice(WAYS)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'audit_*'"
        ).fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        (last,) = connection.execute("SELECT max(seq) FROM audit").fetchone()
        way(connection, chance, last)
        for _, sql in guards:
            connection.execute(sql)
    return way.__name__.strip("_")


def run(trials: int, folder: Path, *, seed: int = 1) -> tuple[Counter[str], list[tuple[str, int]]]:
    """How often each way was tried, and the trials that were not found."""
    chance = random.Random(seed)
    database = make_trail(folder / "whole.db", chance)
    assert verify_trail(database.connection).broken is None
    database.close()
    tried, missed = Counter[str](), []
    for trial in range(trials):
        path = folder / "tampered.db"
        shutil.copy(folder / "whole.db", path)
        way = tamper(path, chance)
        tried[way] += 1
        database = Database(path)
        if verify_trail(database.connection).broken is None:
            missed.append((way, trial))
        database.close()
    return tried, missed


def measure_cost(folder: Path, *, writes: int = 300) -> dict[str, float]:
    """Milliseconds of a transaction that adds a ticket, with and without its audit row, in turn."""
    databases = {name: create_database(folder / f"{name}.db") for name in ("audited", "plain")}
    capture.drop_capture(databases["plain"].connection)
    spent = dict.fromkeys(databases, 0.0)
    for number in range(writes):
        for name, database in databases.items():
            started = time.perf_counter()
            with database.transaction() as connection:
                ticket = make_ticket(ticket_no=f"TS{number:06}")
                tickets.add_ticket(connection, ticket, now=NOW)
            spent[name] += time.perf_counter() - started
    return {name: round(seconds * 1000 / writes, 3) for name, seconds in spent.items()}


def main() -> None:
    """Print one JSON object."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        tried, missed = run(trials, Path(folder))
        cost = measure_cost(Path(folder))
    sys.stdout.write(json.dumps({"tried": tried, "missed": missed, "write_ms": cost}) + "\n")


if __name__ == "__main__":
    main()
