"""What came from outside: the last import of the handbook's files; what articles were made of."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What came from outside: the last import of the handbook's files; what articles were made of.

    ``handbook_import`` holds one row. ``conflicts``: JSON, what files and database had both
    changed, with the file's texts. ``article_source``: tickets and evidence of gaps that a draft
    was started from. A gap may be marked as being worked on.
    """
    db.executescript(
        """
        CREATE TABLE handbook_import (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            at TEXT NOT NULL,
            revised INTEGER NOT NULL,
            merged INTEGER NOT NULL,
            kept INTEGER NOT NULL,
            conflicts TEXT NOT NULL,
            problem TEXT NOT NULL
        );
        CREATE TABLE article_source (
            article_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('ticket', 'gap')),
            source_id TEXT NOT NULL,
            started_by TEXT NOT NULL,
            started_at TEXT NOT NULL,
            PRIMARY KEY (article_id, kind, source_id)
        ) WITHOUT ROWID;
        CREATE INDEX article_source_source ON article_source(kind, source_id);
        CREATE TABLE gap_mark_new (
            id INTEGER PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('working', 'done', 'dismissed')),
            label TEXT NOT NULL,
            reason TEXT NOT NULL,
            agent TEXT NOT NULL,
            at TEXT NOT NULL
        );
        INSERT INTO gap_mark_new SELECT id, state, label, reason, agent, at FROM gap_mark;
        CREATE TABLE gap_evidence_new (
            mark_id INTEGER NOT NULL REFERENCES gap_mark_new(id),
            evidence TEXT NOT NULL,
            PRIMARY KEY (mark_id, evidence)
        ) WITHOUT ROWID;
        INSERT INTO gap_evidence_new SELECT mark_id, evidence FROM gap_evidence;
        DROP TABLE gap_evidence;
        DROP TABLE gap_mark;
        ALTER TABLE gap_mark_new RENAME TO gap_mark;
        ALTER TABLE gap_evidence_new RENAME TO gap_evidence;
        """
    )
