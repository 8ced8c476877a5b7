"""What came of the last import of the handbook's files: what both had changed, and why not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from kb.store.rows import insert
from kb.times import format_instant


@dataclass(frozen=True)
class FileConflict:
    """What file and database had both changed. ``article_id``: "" for a table.

    ``what``: names of the fields, or of the table. ``texts``: the file's fields; empty for a table
    and for a file that is gone. ``base``: the revision that both last held, 0 if not known.
    ``why``: what the file was measured to do, where it is held back for that and the database has
    changed nothing.
    """

    article_id: str
    what: tuple[str, ...]
    base: int = 0
    texts: Mapping[str, str] = field(default_factory=dict)
    why: str = ""

    def __str__(self) -> str:
        told = f"{self.article_id} {'、'.join(self.what)}".strip()
        return f"{told}：{self.why}" if self.why else told


@dataclass(frozen=True)
class LastImport:
    """The last import of the handbook's files. ``problem``: why nothing was taken, "" if it was."""

    at: str
    revised: int = 0
    merged: int = 0
    kept: int = 0
    conflicts: tuple[FileConflict, ...] = ()
    problem: str = ""


def save_import(connection: sqlite3.Connection, done: LastImport) -> None:
    """Remember an import instead of the one before."""
    conflicts = json.dumps([asdict(each) for each in done.conflicts], ensure_ascii=False)
    insert(
        connection, "handbook_import", {"id": 1, **vars(done), "conflicts": conflicts}, replace=True
    )


def save_import_problem(connection: sqlite3.Connection, problem: str, *, now: datetime) -> None:
    """Remember why the files could not be taken in; what was in conflict before still is."""
    before = read_import(connection)
    conflicts = before.conflicts if before else ()
    save_import(connection, LastImport(format_instant(now), conflicts=conflicts, problem=problem))


def read_import(connection: sqlite3.Connection) -> LastImport | None:
    """The last import; None before the first."""
    row = connection.execute("SELECT * FROM handbook_import").fetchone()
    if row is None:
        return None
    conflicts = tuple(
        FileConflict(**{**each, "what": tuple(each["what"])})
        for each in json.loads(row["conflicts"])
    )
    names = ("at", "revised", "merged", "kept", "problem")
    return LastImport(**{name: row[name] for name in names}, conflicts=conflicts)
