"""How many costly calls a client made in a minute, counted for all workers together."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """How many costly calls a client made in a minute, counted for all workers together."""
    db.executescript(
        """
        CREATE TABLE rate (
            client TEXT NOT NULL,
            kind TEXT NOT NULL,
            minute INTEGER NOT NULL,
            taken INTEGER NOT NULL,
            PRIMARY KEY (client, kind, minute)
        ) WITHOUT ROWID;
        """
    )
