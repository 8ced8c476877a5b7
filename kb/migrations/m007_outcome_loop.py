"""What the outcome loop needs: how a session was asked, searches, decisions, what was undone."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """What the outcome loop needs: how a session was asked, searches, decisions, what was undone.

    ``request``: the session's request as JSON, without text and number, so that it can be asked
    again. ``previous``: the search that this one words anew. ``event_key``: chosen by the sender,
    so that an event sent twice counts once. ``outcome_trace``: every change of an outcome's state;
    ``at``: when it was learnt, ``happened_at``: when it came about. ``closed_at``: when the closing
    an outcome belongs to was made. ``search_id``: the search a link was found by.
    """
    db.executescript(
        """
        ALTER TABLE ticket ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
        ALTER TABLE suggestion_session ADD COLUMN request TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE suggestion_session ADD COLUMN is_training INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE suggestion_event ADD COLUMN event_key TEXT;
        ALTER TABLE suggestion_event ADD COLUMN undone_at TEXT;
        CREATE UNIQUE INDEX suggestion_event_key ON suggestion_event(event_key)
            WHERE event_key IS NOT NULL;
        CREATE INDEX suggestion_session_created ON suggestion_session(created_at);
        CREATE TABLE session_decision (
            id TEXT PRIMARY KEY,
            session_id TEXT NOT NULL REFERENCES suggestion_session(id),
            decision TEXT NOT NULL CHECK (decision IN ('none_fit', 'gap')),
            at TEXT NOT NULL,
            agent TEXT NOT NULL,
            comment TEXT NOT NULL,
            undone_at TEXT
        );
        CREATE INDEX session_decision_session ON session_decision(session_id);
        CREATE TABLE search_record (
            id TEXT PRIMARY KEY,
            agent TEXT NOT NULL,
            ticket_no TEXT REFERENCES ticket(ticket_no),
            channel TEXT NOT NULL,
            query_masked TEXT NOT NULL,
            query_hash TEXT NOT NULL,
            query_used TEXT NOT NULL,
            filters TEXT NOT NULL,
            hits INTEGER NOT NULL,
            mode TEXT NOT NULL,
            index_generation TEXT NOT NULL,
            previous TEXT REFERENCES search_record(id),
            is_training INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL
        );
        CREATE INDEX search_record_created ON search_record(created_at);
        CREATE TABLE outcome_trace (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            closing INTEGER NOT NULL,
            from_state TEXT NOT NULL,
            to_state TEXT NOT NULL,
            reason TEXT NOT NULL,
            at TEXT NOT NULL,
            happened_at TEXT NOT NULL
        );
        CREATE INDEX outcome_trace_ticket ON outcome_trace(ticket_no, closing);
        ALTER TABLE ticket_knowledge_link ADD COLUMN search_id TEXT REFERENCES search_record(id);
        ALTER TABLE ticket_outcome ADD COLUMN closed_at TEXT;
        UPDATE ticket_outcome SET closed_at = coalesce(
            (SELECT max(at) FROM ticket_event WHERE action = 'closed'
                AND ticket_event.ticket_no = ticket_outcome.ticket_no
                AND ticket_event.closing = ticket_outcome.closing),
            (SELECT closed_at FROM ticket WHERE ticket_no = ticket_outcome.ticket_no),
            settled_at);
        CREATE INDEX ticket_outcome_pending ON ticket_outcome(closed_at) WHERE state = 'pending';
        """
    )
