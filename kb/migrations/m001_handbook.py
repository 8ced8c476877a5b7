"""Articles with revisions, and the tables beside them."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Articles with revisions, and the tables beside them."""
    db.executescript(
        """
        CREATE TABLE article (
            id TEXT PRIMARY KEY,
            chapter INTEGER NOT NULL CHECK (chapter BETWEEN 1 AND 8),
            section TEXT NOT NULL,
            slug TEXT NOT NULL,
            owner TEXT NOT NULL,
            responsible_dept TEXT NOT NULL,
            current_revision INTEGER NOT NULL
        );
        CREATE TABLE revision (
            article_id TEXT NOT NULL REFERENCES article(id),
            number INTEGER NOT NULL CHECK (number > 0),
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            categories TEXT NOT NULL,
            keywords TEXT NOT NULL,
            steps TEXT NOT NULL,
            time_limits TEXT NOT NULL,
            figures TEXT NOT NULL,
            sources TEXT NOT NULL,
            status TEXT NOT NULL
                CHECK (status IN ('draft', 'in_review', 'published', 'archived')),
            author TEXT NOT NULL DEFAULT '',
            reviewer TEXT NOT NULL DEFAULT '',
            based_on INTEGER,
            valid_from TEXT NOT NULL,
            valid_until TEXT,
            review_by TEXT NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            body_hash TEXT NOT NULL,
            PRIMARY KEY (article_id, number)
        );
        CREATE TABLE category (
            id TEXT PRIMARY KEY,
            parent TEXT NOT NULL,
            name TEXT NOT NULL,
            level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),
            default_priority TEXT NOT NULL,
            responsible_dept TEXT NOT NULL,
            usual_hours INTEGER,
            procedure TEXT NOT NULL,
            typical_fix TEXT NOT NULL,
            miit_class TEXT NOT NULL,
            watch_scene TEXT NOT NULL
        );
        CREATE TABLE time_limit (
            id TEXT PRIMARY KEY,
            subject TEXT NOT NULL,
            categories TEXT NOT NULL,
            region TEXT NOT NULL,
            area TEXT NOT NULL,
            priority TEXT NOT NULL,
            condition TEXT NOT NULL,
            limit_value REAL NOT NULL CHECK (limit_value > 0),
            limit_unit TEXT NOT NULL
                CHECK (limit_unit IN ('second', 'minute', 'hour', 'day', 'workday')),
            kind TEXT NOT NULL CHECK (kind IN ('max', 'average', 'target')),
            from_event TEXT NOT NULL,
            starts TEXT NOT NULL CHECK (starts IN ('accepted', 'event')),
            responsible_dept TEXT NOT NULL,
            escalation TEXT NOT NULL,
            authority TEXT NOT NULL,
            source TEXT NOT NULL,
            confidence TEXT NOT NULL
                CHECK (confidence IN ('high', 'medium', 'low', 'unverified')),
            revision INTEGER NOT NULL
        );
        CREATE TABLE figure (
            id TEXT PRIMARY KEY,
            subject TEXT NOT NULL,
            condition TEXT NOT NULL,
            value TEXT NOT NULL,
            unit TEXT NOT NULL,
            kind TEXT NOT NULL,
            from_event TEXT NOT NULL,
            authority TEXT NOT NULL,
            source TEXT NOT NULL,
            confidence TEXT NOT NULL
        );
        CREATE TABLE stamp (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        );
        CREATE TABLE vocabulary (
            kind TEXT NOT NULL CHECK (kind IN
                ('synonyms', 'ambiguous', 'confusions', 'never_mask', 'workdays')),
            content TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (kind)
        );
        """
    )
