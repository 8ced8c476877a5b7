"""What publishing a revision was measured to change, kept until the handbook changes."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from kb.foresight import Foreseen
from kb.store.rows import insert
from kb.times import format_instant


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
