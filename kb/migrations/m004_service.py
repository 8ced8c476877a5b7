"""What the service itself keeps: work for the index, answered requests, secrets."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What the service itself keeps: work for the index, answered requests, secrets."""
    db.executescript(
        """
        CREATE TABLE index_queue (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('article', 'time_limit', 'ticket')),
            object_id TEXT NOT NULL,
            queued_at TEXT NOT NULL
        );
        CREATE TABLE idempotency (
            key TEXT PRIMARY KEY,
            request_hash TEXT NOT NULL,
            status INTEGER NOT NULL,
            response TEXT NOT NULL,
            created_at TEXT NOT NULL
        );
        CREATE TABLE secret (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        );
        """
    )
