"""The path of the first week, to whom it is given, what was read of it, and certificates."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from kb.practice.path import PathItem
from kb.store.rows import insert, parse_row, row_values
from kb.times import format_instant


@dataclass(frozen=True)
class StoredPath:
    """The path as somebody saved it; each change is a version of its own."""

    version: int
    items: tuple[PathItem, ...]
    changed_by: str
    changed_at: str


@dataclass(frozen=True)
class Assignment:
    """To whom the path was given, and by whom."""

    agent: str
    assigned_by: str
    assigned_at: str


@dataclass(frozen=True)
class Certificate:
    """A chapter mastered, with the share known and its lower bound on the day of issue."""

    agent: str
    chapter: int
    issued_at: str
    low: float
    value: float
    cases: int


def read_path(connection: sqlite3.Connection) -> StoredPath | None:
    """The newest version; None when nobody has edited the path."""
    row = connection.execute("SELECT * FROM week_path ORDER BY version DESC LIMIT 1").fetchone()
    if row is None:
        return None
    items = tuple(PathItem(**each) for each in json.loads(row["items"]))
    return StoredPath(row["version"], items, row["changed_by"], row["changed_at"])


def add_path(
    connection: sqlite3.Connection, items: Iterable[PathItem], *, agent: str, now: datetime
) -> None:
    """Keep the path as its next version."""
    text = json.dumps([asdict(each) for each in items], ensure_ascii=False)
    values = {"items": text, "changed_by": agent, "changed_at": format_instant(now)}
    insert(connection, "week_path", values)


def assign(connection: sqlite3.Connection, assignment: Assignment) -> None:
    """Give the path to a learner; the first giving stands."""
    connection.execute(
        "INSERT INTO path_learner (agent, assigned_by, assigned_at) VALUES (?, ?, ?)"
        " ON CONFLICT (agent) DO NOTHING",
        (assignment.agent, assignment.assigned_by, assignment.assigned_at),
    )


def release(connection: sqlite3.Connection, agent: str) -> None:
    """Take the path from a learner; what was done stays."""
    connection.execute("DELETE FROM path_learner WHERE agent = ?", (agent,))


def read_assignments(connection: sqlite3.Connection) -> dict[str, Assignment]:
    """To whom the path is given."""
    rows = connection.execute("SELECT * FROM path_learner ORDER BY agent")
    return {row["agent"]: parse_row(row, Assignment) for row in rows}


def note_path_read(
    connection: sqlite3.Connection, agent: str, article_id: str, *, revision: int, now: datetime
) -> None:
    """Note that an article of the path was read."""
    values = {
        "agent": agent,
        "article_id": article_id,
        "revision": revision,
        "at": format_instant(now),
    }
    insert(connection, "path_read", values, replace=True)


def read_read(connection: sqlite3.Connection, agent: str) -> set[str]:
    """The articles the learner has read for the path."""
    rows = connection.execute("SELECT article_id FROM path_read WHERE agent = ?", (agent,))
    return {row["article_id"] for row in rows}


def add_certificate(connection: sqlite3.Connection, certificate: Certificate) -> None:
    """Keep a certificate."""
    insert(connection, "certificate", row_values(certificate))


def read_certificates(connection: sqlite3.Connection, agent: str) -> dict[int, Certificate]:
    """A learner's certificates, by chapter."""
    rows = connection.execute("SELECT * FROM certificate WHERE agent = ?", (agent,))
    return {row["chapter"]: parse_row(row, Certificate) for row in rows}
