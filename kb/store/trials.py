"""What publishing a revision was measured to change, kept until the handbook changes; and how far
trials of proposed limits and classes are."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from kb.foresight import Foreseen
from kb.store.rows import insert
from kb.times import format_instant, parse_instant

LONGEST = timedelta(minutes=10)
"""Whoever began a trial longer ago was ended with its process."""


@dataclass(frozen=True)
class Tried:
    """Which revision was tried, for which day, against which state of the handbook."""

    article_id: str
    number: int
    day: str
    handbook: str


def save_trial(
    connection: sqlite3.Connection, tried: Tried, foreseen: Foreseen, *, now: datetime
) -> None:
    """Keep the newest trial of a revision."""
    found = json.dumps(asdict(foreseen), ensure_ascii=False)
    row = {**asdict(tried), "foreseen": found, "at": format_instant(now)}
    insert(connection, "trial", row, replace=True)


def find_trial(connection: sqlite3.Connection, tried: Tried) -> Foreseen | None:
    """What the trial found; None when there was none, or the handbook is another since."""
    row = connection.execute(
        "SELECT foreseen FROM trial WHERE article_id = :article_id AND number = :number"
        " AND day = :day AND handbook = :handbook",
        asdict(tried),
    ).fetchone()
    return Foreseen(**json.loads(row["foreseen"])) if row else None


@dataclass(frozen=True)
class Trial:
    """How far the trial of a proposed change is: at work, or what it found; neither where none was
    begun or none could be measured."""

    is_running: bool = False
    foreseen: Foreseen | None = None


def begin_trial(connection: sqlite3.Connection, name: str, *, now: datetime) -> None:
    """A trial of the change of this name is at work."""
    row = {"name": name, "begun_at": format_instant(now), "foreseen": None}
    insert(connection, "change_trial", row, replace=True)


def end_trial(connection: sqlite3.Connection, name: str, foreseen: Foreseen | None) -> None:
    """It is done, with what it found or without."""
    if foreseen is None:
        connection.execute("DELETE FROM change_trial WHERE name = ?", (name,))
        return
    found = json.dumps(asdict(foreseen), ensure_ascii=False)
    connection.execute("UPDATE change_trial SET foreseen = ? WHERE name = ?", (found, name))


def read_trial(connection: sqlite3.Connection, name: str, *, now: datetime) -> Trial:
    """How far it is."""
    row = connection.execute(
        "SELECT begun_at, foreseen FROM change_trial WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        return Trial()
    if row["foreseen"] is not None:
        return Trial(foreseen=Foreseen(**json.loads(row["foreseen"])))
    begun = parse_instant(row["begun_at"], field="begun_at")
    return Trial(is_running=abs(now - begun) < LONGEST)
