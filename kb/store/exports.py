"""Rows of the outcome loop as they are exported, read page by page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kb.dictionary import ExportFile

PAGE = 5_000
"""Rows read at once: one long read would keep every writer waiting."""


@dataclass(frozen=True)
class Source:
    """Where a file's rows come from. ``named``: columns that are called otherwise in ``t``."""

    time: str
    joined: str = ""
    named: Mapping[str, str] = field(default_factory=dict)


SOURCES: Mapping[str, Source] = {
    "sessions": Source("t.created_at", named={"session_id": "t.id"}),
    "impressions": Source(
        "s.created_at",
        "JOIN suggestion_session AS s ON s.id = t.session_id",
        {"impression_id": "t.id"},
    ),
    "events": Source("t.at", named={"event_id": "t.id"}),
    "links": Source("t.linked_at", named={"agent": "t.linked_by"}),
    "outcomes": Source(
        "t.closed_at",
        "JOIN ticket AS s ON s.ticket_no = t.ticket_no",
        {name: f"s.{name}" for name in ("category", "accepted_at", "is_sample")},
    ),
    "outcome_changes": Source("t.at", named={"change_id": "t.seq"}),
    "searches": Source("t.created_at", named={"search_id": "t.id"}),
    "decisions": Source("t.at", named={"decision_id": "t.id"}),
}


def read_export(
    connection: sqlite3.Connection, file: ExportFile, *, since: str, until: str
) -> Iterator[tuple[object, ...]]:
    """The rows of one file from ``since`` up to, not including, ``until``, as columns stand."""
    source = SOURCES[file.name]
    columns = ", ".join(source.named.get(name, f"t.{name}") for name in file.names)
    sql = (
        f"SELECT t.rowid AS place, {columns} FROM {file.table} AS t {source.joined}"
        f" WHERE t.rowid > ? AND {source.time} >= ? AND {source.time} < ?"
        " ORDER BY t.rowid LIMIT ?"
    )
    last = -1
    while page := connection.execute(sql, (last, since, until, PAGE)).fetchall():
        yield from (tuple(row)[1:] for row in page)
        last = page[-1]["place"]
