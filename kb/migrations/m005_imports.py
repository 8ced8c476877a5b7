"""What an imported row said, so that importing it again is known for what it is."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What an imported row said, so that importing it again is known for what it is."""
    db.executescript(
        """
        CREATE TABLE imported_row (
            source TEXT NOT NULL,
            external_id TEXT NOT NULL,
            digest TEXT NOT NULL,
            imported_at TEXT NOT NULL,
            PRIMARY KEY (source, external_id)
        );
        """
    )
