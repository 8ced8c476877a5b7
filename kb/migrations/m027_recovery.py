"""Recovery codes of accounts, as hashes."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Recovery codes of accounts, as hashes; ``used_at``: when one was, NULL while it may be."""
    db.executescript(
        """
        CREATE TABLE recovery_code (
            id INTEGER PRIMARY KEY,
            account_id INTEGER NOT NULL REFERENCES account(id),
            code_hash TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL,
            used_at TEXT
        );
        CREATE INDEX recovery_code_account ON recovery_code(account_id);
        """
    )
