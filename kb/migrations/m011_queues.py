"""Whose turn it is, calls that ring at the desk, and what an agent keeps at hand."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Whose turn it is, calls that ring at the desk, and what an agent keeps at hand.

    ``call``: number masked and hashed, words masked; ``used_link``: one-time links that were
    followed. ``recent_article`` and ``favourite`` belong to an agent's name.
    """
    db.executescript(
        """
        ALTER TABLE ticket ADD COLUMN dispatched_at TEXT;
        ALTER TABLE ticket ADD COLUMN callback_due TEXT;
        CREATE INDEX ticket_open ON ticket(due_at, ticket_no) WHERE status = 'open';
        CREATE INDEX ticket_callback ON ticket(callback_due, ticket_no)
            WHERE callback_due IS NOT NULL;
        CREATE TABLE call (
            call_id TEXT PRIMARY KEY,
            queue TEXT NOT NULL,
            service_number TEXT NOT NULL,
            number_hash TEXT NOT NULL,
            text TEXT NOT NULL,
            created_at TEXT NOT NULL
        );
        CREATE INDEX call_created ON call(created_at);
        CREATE TABLE used_link (
            nonce TEXT PRIMARY KEY,
            used_at TEXT NOT NULL
        );
        CREATE TABLE favourite (
            agent TEXT NOT NULL,
            article_id TEXT NOT NULL REFERENCES article(id),
            at TEXT NOT NULL,
            PRIMARY KEY (agent, article_id)
        );
        CREATE TABLE recent_article (
            agent TEXT NOT NULL,
            article_id TEXT NOT NULL REFERENCES article(id),
            at TEXT NOT NULL,
            PRIMARY KEY (agent, article_id)
        );
        """
    )
