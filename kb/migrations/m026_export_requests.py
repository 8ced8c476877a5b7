"""Requests to take records out row by row, and who else agreed."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Requests to take records out row by row, and who else agreed.

    ``state``: waiting, approved, refused, fetched.
    """
    db.executescript(
        """
        CREATE TABLE export_request (
            id TEXT PRIMARY KEY,
            since TEXT NOT NULL,
            until TEXT NOT NULL,
            agents INTEGER NOT NULL,
            why TEXT NOT NULL,
            requested_by TEXT NOT NULL,
            requested_at TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'fetched')),
            decided_by TEXT NOT NULL DEFAULT '',
            decided_at TEXT,
            fetched_at TEXT,
            CHECK (decided_by = '' OR decided_by <> requested_by)
        );
        """
    )
