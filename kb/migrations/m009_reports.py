"""Reports: closings and what was seen found at once; gaps dealt with; review tasks."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Reports: closings and what was seen found at once; gaps dealt with; review tasks.

    ``gap_evidence``: the sessions, closings and searches a mark was made for, by kind and id.
    ``review_task``: opened by the counts beside it; for one version in one class one is open at a
    time, and evidence settled up to ``evidence_until`` never opens another.
    """
    db.executescript(
        """
        CREATE INDEX ticket_event_closed ON ticket_event(ticket_no, closing, at, agent, detail)
            WHERE action = 'closed';
        CREATE INDEX impression_shown ON impression(session_id) WHERE displayed_at IS NOT NULL;
        CREATE INDEX suggestion_session_training ON suggestion_session(id) WHERE is_training = 1;
        CREATE TABLE gap_mark (
            id INTEGER PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('done', 'dismissed')),
            label TEXT NOT NULL,
            reason TEXT NOT NULL,
            agent TEXT NOT NULL,
            at TEXT NOT NULL
        );
        CREATE TABLE gap_evidence (
            mark_id INTEGER NOT NULL REFERENCES gap_mark(id),
            evidence TEXT NOT NULL,
            PRIMARY KEY (mark_id, evidence)
        ) WITHOUT ROWID;
        CREATE TABLE review_task (
            id INTEGER PRIMARY KEY,
            target_type TEXT NOT NULL,
            target_id TEXT NOT NULL,
            target_version TEXT NOT NULL,
            category TEXT NOT NULL,
            compared_with TEXT NOT NULL,
            title TEXT NOT NULL,
            owner TEXT NOT NULL,
            came_back INTEGER NOT NULL,
            settled INTEGER NOT NULL,
            others_came_back INTEGER NOT NULL,
            others_settled INTEGER NOT NULL,
            chance REAL NOT NULL,
            adjusted REAL NOT NULL,
            evidence_until TEXT NOT NULL,
            opened_at TEXT NOT NULL,
            closed_at TEXT,
            closed_by TEXT NOT NULL DEFAULT '',
            verdict TEXT NOT NULL DEFAULT '',
            done TEXT NOT NULL DEFAULT ''
        );
        CREATE UNIQUE INDEX review_task_open
            ON review_task(target_type, target_id, target_version, category)
            WHERE closed_at IS NULL;
        """
    )
