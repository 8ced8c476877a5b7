"""How far trials of proposed limits and classes are, for every process that answers."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """How far trials of proposed limits and classes are.

    ``name``: the change. ``foreseen``: JSON of ``kb.foresight.Foreseen``, NULL while at work.
    """
    db.executescript(
        """
        CREATE TABLE change_trial (
            name TEXT PRIMARY KEY,
            begun_at TEXT NOT NULL,
            foreseen TEXT
        );
        """
    )
