"""What people do to learn: graded cards, drills, and the path of the first week."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What people do to learn: graded cards, drills, and the path of the first week.

    ``card_review`` is only ever added to: a row with ``undoes`` takes an earlier one back. Each
    row holds the memory after it, so that the newest row in force is the card's state, and the
    ``fact`` as it was then, so that a change of it can be shown.
    """
    db.executescript(
        """
        CREATE TABLE card_review (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            agent TEXT NOT NULL,
            card_id TEXT NOT NULL,
            at TEXT NOT NULL,
            rating INTEGER CHECK (rating BETWEEN 1 AND 4),
            undoes INTEGER UNIQUE REFERENCES card_review(seq),
            fact TEXT NOT NULL,
            phase TEXT NOT NULL,
            step INTEGER,
            stability REAL,
            difficulty REAL,
            due_at TEXT NOT NULL,
            CHECK ((rating IS NULL) <> (undoes IS NULL))
        );
        CREATE INDEX card_review_agent ON card_review(agent, card_id, seq);
        CREATE TRIGGER card_review_kept BEFORE UPDATE ON card_review
            BEGIN SELECT RAISE(ABORT, 'card_review is only added to'); END;
        CREATE TRIGGER card_review_stays BEFORE DELETE ON card_review
            BEGIN SELECT RAISE(ABORT, 'card_review is only added to'); END;
        CREATE TABLE drill (
            id TEXT PRIMARY KEY,
            agent TEXT NOT NULL,
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            closing INTEGER NOT NULL,
            category TEXT NOT NULL,
            reason TEXT NOT NULL,
            shown_at TEXT NOT NULL,
            answered_at TEXT,
            answer TEXT NOT NULL DEFAULT '',
            grades TEXT NOT NULL DEFAULT '',
            credit REAL CHECK (credit BETWEEN 0 AND 1)
        );
        CREATE UNIQUE INDEX drill_open ON drill(agent) WHERE answered_at IS NULL;
        CREATE INDEX drill_agent ON drill(agent, answered_at);
        CREATE TABLE week_path (
            version INTEGER PRIMARY KEY AUTOINCREMENT,
            items TEXT NOT NULL,
            changed_by TEXT NOT NULL,
            changed_at TEXT NOT NULL
        );
        CREATE TABLE path_learner (
            agent TEXT PRIMARY KEY,
            assigned_by TEXT NOT NULL,
            assigned_at TEXT NOT NULL
        );
        CREATE TABLE path_read (
            agent TEXT NOT NULL,
            article_id TEXT NOT NULL REFERENCES article(id),
            revision INTEGER NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (agent, article_id)
        );
        CREATE TABLE certificate (
            agent TEXT NOT NULL,
            chapter INTEGER NOT NULL,
            issued_at TEXT NOT NULL,
            low REAL NOT NULL,
            value REAL NOT NULL,
            cases INTEGER NOT NULL,
            PRIMARY KEY (agent, chapter)
        );
        """
    )
