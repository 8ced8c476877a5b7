"""The vocabulary's versions: numbered, each with who, when and why, none ever changed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kb.errors import VocabularyNotFound
from kb.store import handbook
from kb.store.rows import insert
from kb.times import format_instant
from kb.vocabulary import KINDS, Tables


@dataclass(frozen=True)
class VocabularyVersion:
    """One version without its tables. ``restored``: the version it brings back; ``impact``: what
    it was measured to do to answers, None when that was not asked."""

    number: int
    author: str
    reason: str
    created_at: str
    restored: int | None
    impact: Mapping[str, Any] | None


@dataclass(frozen=True)
class Signed:
    """Who makes a version and why."""

    author: str
    reason: str
    restored: int | None = None
    impact: Mapping[str, Any] | None = None


def newest_number(connection: sqlite3.Connection) -> int:
    """Number of the version in force; 0 before the first."""
    row = connection.execute("SELECT max(number) AS number FROM vocabulary_version").fetchone()
    return int(row["number"] or 0)


def add_version(
    connection: sqlite3.Connection, changed: Tables, signed: Signed, *, now: datetime
) -> int:
    """Put the ``changed`` tables in force as the next version, the others as they were.

    Return the number of the version in force: no version is made of what is equal.
    """
    newest = newest_number(connection)
    before = read_tables(connection, newest)
    after = {kind: list(changed.get(kind, before[kind])) for kind in KINDS}
    if newest and after == before:
        return newest
    digests = {kind: _keep_content(connection, after[kind]) for kind in KINDS}
    for kind in KINDS:
        if not newest or after[kind] != before[kind]:
            handbook.save_vocabulary(connection, kind, after[kind])
    insert(
        connection,
        "vocabulary_version",
        {
            "number": newest + 1,
            "author": signed.author,
            "reason": signed.reason,
            "created_at": format_instant(now),
            "restored": signed.restored,
            "impact": json.dumps(signed.impact, ensure_ascii=False) if signed.impact else "",
            **digests,
        },
    )
    return newest + 1


def _keep_content(connection: sqlite3.Connection, table: Sequence[Any]) -> str:
    text = json.dumps(table, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    connection.execute(
        "INSERT OR IGNORE INTO vocabulary_content (digest, content) VALUES (?, ?)", (digest, text)
    )
    return digest


def read_tables(connection: sqlite3.Connection, number: int) -> dict[str, list[Any]]:
    """Every table of a version, empty ones for number 0; raise VocabularyNotFound."""
    if not number:
        return {kind: [] for kind in KINDS}
    row = connection.execute(
        "SELECT * FROM vocabulary_version WHERE number = ?", (number,)
    ).fetchone()
    if row is None:
        raise VocabularyNotFound(f"第 {number} 版", field="version")
    return {kind: _read_content(connection, row[kind]) for kind in KINDS}


def _read_content(connection: sqlite3.Connection, digest: str) -> list[Any]:
    row = connection.execute(
        "SELECT content FROM vocabulary_content WHERE digest = ?", (digest,)
    ).fetchone()
    found: list[Any] = json.loads(row["content"])
    return found


def read_versions(connection: sqlite3.Connection) -> list[VocabularyVersion]:
    """All versions, newest first."""
    rows = connection.execute(
        "SELECT number, author, reason, created_at, restored, impact"
        " FROM vocabulary_version ORDER BY number DESC"
    )
    return [
        VocabularyVersion(**{**row, "impact": json.loads(row["impact"]) if row["impact"] else None})
        for row in map(dict, rows)
    ]
