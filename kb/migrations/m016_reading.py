"""Words explained to readers, and what each person read of the handbook."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Words explained to readers, and what each person read of the handbook.

    ``article_read``: ``revision`` is the one read last.
    """
    db.executescript(
        """
        CREATE TABLE article_read (
            agent TEXT NOT NULL,
            article_id TEXT NOT NULL REFERENCES article(id),
            revision INTEGER NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (agent, article_id)
        );
        CREATE TABLE glossary (
            term TEXT NOT NULL UNIQUE,
            definition TEXT NOT NULL,
            article TEXT NOT NULL
        );
        """
    )
