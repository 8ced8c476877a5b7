"""SQL of the changes of time limits."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields
from typing import Any

from kb.limit import TimeLimit
from kb.store.handbook import touch_reference
from kb.store.queue import enqueue
from kb.store.rows import insert, parse_row, row_values
from kb.times import parse_instant


@dataclass(frozen=True)
class LimitChange:
    """A proposed change of one limit: the whole limit as it is to be, and as it was (JSON)."""

    id: int
    limit_id: str
    base: int
    content: str
    before: str
    status: str
    author: str
    reason: str
    created_at: str
    approvers: tuple[str, ...] = ()
    decided_at: str = ""
    comment: str = ""
    impact: str = ""

    @property
    def limit(self) -> TimeLimit:
        """The limit as it is to be."""
        return parse_limit(self.content)

    @property
    def old(self) -> TimeLimit | None:
        """The limit as it was; None for a new one."""
        return parse_limit(self.before) if self.before else None

    @property
    def foreseen(self) -> dict[str, Any]:
        """What it was measured to change; empty before it is published."""
        return dict(json.loads(self.impact)) if self.impact else {}


def parse_limit(text: str) -> TimeLimit:
    """A limit as ``write_limit`` wrote it."""
    values = json.loads(text)
    return TimeLimit(**{**values, "categories": tuple(values["categories"])})


def write_limit(limit: TimeLimit) -> str:
    """A limit as JSON."""
    values = {field.name: getattr(limit, field.name) for field in fields(limit)}
    return json.dumps(values, ensure_ascii=False)


def save_change(connection: sqlite3.Connection, change: LimitChange) -> int:
    """Keep a change, a new one where its id is 0; return its id."""
    values = row_values(change)
    if not change.id:
        values["id"] = None
    insert(connection, "limit_change", values, replace=bool(change.id))
    return change.id or int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def read_changes(connection: sqlite3.Connection, limit_id: str) -> list[LimitChange]:
    """All changes of a limit, newest first."""
    rows = connection.execute(
        "SELECT * FROM limit_change WHERE limit_id = ? ORDER BY id DESC", (limit_id,)
    )
    return [parse_row(row, LimitChange) for row in rows]


def read_waiting(connection: sqlite3.Connection) -> list[LimitChange]:
    """The changes in review, oldest first."""
    rows = connection.execute("SELECT * FROM limit_change WHERE status = 'in_review' ORDER BY id")
    return [parse_row(row, LimitChange) for row in rows]


def put_in_force(connection: sqlite3.Connection, limit: TimeLimit, *, at: str) -> None:
    """Let a limit bind from now on."""
    touch_reference(connection)
    insert(connection, "time_limit", row_values(limit), replace=True)
    enqueue(connection, "time_limit", limit.id, now=parse_instant(at, field="at"))
