"""Changes of time limits, proposed on a page and approved by two people."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Changes of time limits with who proposed and approved them.

    ``content``, ``before``: the limit as JSON, as it is to be and as it was ("" for a new one);
    ``base``: its revision then. At most one change of a limit is in review.
    """
    db.executescript(
        """
        CREATE TABLE limit_change (
            id INTEGER PRIMARY KEY,
            limit_id TEXT NOT NULL,
            base INTEGER NOT NULL,
            content TEXT NOT NULL,
            before TEXT NOT NULL,
            status TEXT NOT NULL
                CHECK (status IN ('in_review', 'published', 'rejected', 'withdrawn')),
            author TEXT NOT NULL,
            reason TEXT NOT NULL,
            created_at TEXT NOT NULL,
            approvers TEXT NOT NULL,
            decided_at TEXT NOT NULL,
            comment TEXT NOT NULL,
            impact TEXT NOT NULL
        );
        CREATE UNIQUE INDEX limit_change_in_review ON limit_change (limit_id)
            WHERE status = 'in_review';
        CREATE INDEX limit_change_limit ON limit_change (limit_id);
        """
    )
