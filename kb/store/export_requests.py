"""Requests to take records out, as they are kept."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kb.errors import ExportNotFound
from kb.store.rows import insert, parse_row, row_values


@dataclass(frozen=True)
class ExportRequest:
    """Records from ``since`` up to ``until`` that somebody wants to take out, and why.

    ``agents``: with the names of agents. ``state``: a key of ``kb.taking_out.STATES``.
    """

    id: str
    since: str
    until: str
    agents: bool
    why: str
    requested_by: str
    requested_at: str
    state: str = "waiting"
    decided_by: str = ""
    decided_at: str | None = None
    fetched_at: str | None = None


def add_request(connection: sqlite3.Connection, request: ExportRequest) -> None:
    """Keep a new request."""
    insert(connection, "export_request", row_values(request))


def save_request(connection: sqlite3.Connection, request: ExportRequest) -> None:
    """Keep what became of a request."""
    insert(connection, "export_request", row_values(request), replace=True)


def read_request(connection: sqlite3.Connection, export_id: str) -> ExportRequest:
    """One request; raise ExportNotFound."""
    row = connection.execute("SELECT * FROM export_request WHERE id = ?", (export_id,)).fetchone()
    if row is None:
        raise ExportNotFound(export_id, field="export_id")
    return parse_row(row, ExportRequest)


def read_requests(connection: sqlite3.Connection, *, most: int) -> list[ExportRequest]:
    """The newest requests."""
    rows = connection.execute(
        "SELECT * FROM export_request ORDER BY requested_at DESC, rowid DESC LIMIT ?", (most,)
    )
    return [parse_row(row, ExportRequest) for row in rows]
