"""SQL of the changes of time limits."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields

from kb.limit import TimeLimit
from kb.store import changes
from kb.store.changes import Proposed
from kb.store.handbook import touch_reference
from kb.store.queue import enqueue
from kb.store.rows import insert, row_values
from kb.times import parse_instant

TABLE = "limit_change"


@dataclass(frozen=True, kw_only=True)
class LimitChange(Proposed):
    """A proposed change of one limit."""

    limit_id: str

    @property
    def limit(self) -> TimeLimit:
        """The limit as it is to be."""
        return parse_limit(self.content)

    @property
    def old(self) -> TimeLimit | None:
        """The limit as it was; None for a new one."""
        return parse_limit(self.before) if self.before else None


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
    return changes.save_change(connection, TABLE, change)


def read_changes(connection: sqlite3.Connection, limit_id: str) -> list[LimitChange]:
    """All changes of a limit, newest first."""
    return changes.read_changes(connection, TABLE, LimitChange, ("limit_id", limit_id))


def read_waiting(connection: sqlite3.Connection) -> list[LimitChange]:
    """The changes in review, oldest first."""
    return changes.read_waiting(connection, TABLE, LimitChange)


def put_in_force(connection: sqlite3.Connection, limit: TimeLimit, *, at: str) -> None:
    """Let a limit bind from now on."""
    touch_reference(connection)
    insert(connection, "time_limit", row_values(limit), replace=True)
    enqueue(connection, "time_limit", limit.id, now=parse_instant(at, field="at"))
