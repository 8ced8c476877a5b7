"""SQL of proposed changes of one row of a table: of a time limit, of a class."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, TypeVar

from kb.store.rows import insert, parse_row, row_values


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A proposed change: the whole row as it is to be, and as it was (JSON; "" for a new one).

    ``base``: its revision then; ``impact``: what it was measured to change, "" before that.
    """

    id: int = 0
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
    def foreseen(self) -> dict[str, Any]:
        """What it was measured to change; empty before it is published."""
        return dict(json.loads(self.impact)) if self.impact else {}


Change = TypeVar("Change", bound=Proposed)


def save_change(connection: sqlite3.Connection, table: str, change: Proposed) -> int:
    """Keep a change, a new one where its id is 0; return its id."""
    values = row_values(change)
    if not change.id:
        values["id"] = None
    insert(connection, table, values, replace=bool(change.id))
    return change.id or int(connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def read_changes(
    connection: sqlite3.Connection, table: str, kind: type[Change], where: tuple[str, str]
) -> list[Change]:
    """All changes of what a column names, newest first."""
    column, value = where
    rows = connection.execute(
        f"SELECT * FROM {table} WHERE {column} = ? ORDER BY id DESC", (value,)
    )
    return [parse_row(row, kind) for row in rows]


def read_waiting(connection: sqlite3.Connection, table: str, kind: type[Change]) -> list[Change]:
    """The changes in review, oldest first."""
    rows = connection.execute(f"SELECT * FROM {table} WHERE status = 'in_review' ORDER BY id")
    return [parse_row(row, kind) for row in rows]
