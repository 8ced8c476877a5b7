"""What was shown, what the agent did with it, and what it was used for."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What was shown, what the agent did with it, and what it was used for."""
    db.executescript(
        """
        CREATE TABLE suggestion_session (
            id TEXT PRIMARY KEY,
            ticket_no TEXT REFERENCES ticket(ticket_no),
            agent TEXT NOT NULL,
            channel TEXT NOT NULL,
            query_masked TEXT NOT NULL,
            query_hash TEXT NOT NULL,
            created_at TEXT NOT NULL,
            index_generation TEXT NOT NULL,
            ranker_version TEXT NOT NULL,
            arm TEXT NOT NULL,
            mode TEXT NOT NULL,
            abstained INTEGER NOT NULL,
            top_confidence TEXT NOT NULL,
            took_ms REAL NOT NULL
        );
        CREATE INDEX suggestion_session_ticket ON suggestion_session(ticket_no);
        CREATE TABLE impression (
            id TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES suggestion_session(id),
            target_type TEXT NOT NULL,
            target_id TEXT NOT NULL,
            target_version TEXT NOT NULL,
            position INTEGER NOT NULL,
            score REAL NOT NULL,
            confidence TEXT NOT NULL,
            propensity REAL NOT NULL,
            matched_terms TEXT NOT NULL,
            title TEXT NOT NULL,
            displayed_at TEXT
        );
        CREATE INDEX impression_session ON impression(session_id);
        CREATE INDEX impression_target ON impression(target_type, target_id);
        CREATE TABLE suggestion_event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            impression_id TEXT NOT NULL REFERENCES impression(id),
            action TEXT NOT NULL,
            at TEXT NOT NULL,
            agent TEXT NOT NULL,
            dwell_ms INTEGER,
            reason_code TEXT NOT NULL,
            comment TEXT NOT NULL
        );
        CREATE INDEX suggestion_event_impression ON suggestion_event(impression_id);
        CREATE TABLE ticket_knowledge_link (
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            target_type TEXT NOT NULL,
            target_id TEXT NOT NULL,
            target_version TEXT NOT NULL,
            knowledge_usage TEXT NOT NULL
                CHECK (knowledge_usage IN ('reference', 'solution', 'source')),
            impression_id TEXT REFERENCES impression(id),
            found_by TEXT NOT NULL CHECK (found_by IN ('suggested', 'searched', 'created')),
            linked_by TEXT NOT NULL,
            linked_at TEXT NOT NULL,
            closing INTEGER NOT NULL,
            UNIQUE (ticket_no, closing, target_type, target_id, knowledge_usage)
        );
        CREATE UNIQUE INDEX one_solution_per_closing
            ON ticket_knowledge_link(ticket_no, closing) WHERE knowledge_usage = 'solution';
        CREATE INDEX ticket_knowledge_link_target
            ON ticket_knowledge_link(target_type, target_id);
        """
    )
