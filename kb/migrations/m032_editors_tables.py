"""Classes that are changed on a page, limits that end, comments that are settled."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Classes that are changed on a page, limits that end, comments that are settled.

    ``category.retired_on``: the day since which a class is no longer given ("" while it is);
    ``successor``: the class to use instead, "" for none. ``class_change`` is to classes what
    ``limit_change`` is to limits. ``time_limit.retired_on``: the day from which a limit binds no
    more, "" for one without an end. ``revision_event.about``: the comment that an event settles or
    opens again, NULL for all else.
    """
    db.executescript(
        """
        ALTER TABLE category ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE category ADD COLUMN retired_on TEXT NOT NULL DEFAULT '';
        ALTER TABLE category ADD COLUMN successor TEXT NOT NULL DEFAULT '';
        ALTER TABLE time_limit ADD COLUMN retired_on TEXT NOT NULL DEFAULT '';
        ALTER TABLE revision_event ADD COLUMN about INTEGER;
        CREATE TABLE class_change (
            id INTEGER PRIMARY KEY,
            code TEXT NOT NULL,
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
        CREATE UNIQUE INDEX class_change_in_review ON class_change (code)
            WHERE status = 'in_review';
        CREATE INDEX class_change_code ON class_change (code);
        """
    )
