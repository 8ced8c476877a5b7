"""Tickets, what happened to them, and the knowledge tied to them."""

from __future__ import annotations

from sqlite_utils import Database


def apply(db: Database) -> None:
    """Tickets, what happened to them, and the knowledge tied to them."""
    db.executescript(
        """
        CREATE TABLE ticket (
            ticket_no TEXT PRIMARY KEY,
            accepted_at TEXT NOT NULL,
            channel TEXT NOT NULL,
            title TEXT NOT NULL,
            service_number TEXT NOT NULL,
            number_hash TEXT NOT NULL,
            region TEXT NOT NULL,
            area TEXT NOT NULL,
            category TEXT NOT NULL,
            urgency TEXT NOT NULL,
            description TEXT NOT NULL,
            customer_demand TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('open', 'closed')),
            due_at TEXT,
            responsible_dept TEXT NOT NULL,
            root_cause TEXT NOT NULL,
            fix TEXT NOT NULL,
            resolution TEXT NOT NULL,
            closed_at TEXT,
            satisfaction INTEGER CHECK (satisfaction BETWEEN 1 AND 10),
            callback_result TEXT NOT NULL,
            is_repeat INTEGER NOT NULL,
            repeat_of TEXT,
            reopened INTEGER NOT NULL,
            escalated INTEGER NOT NULL,
            overdue INTEGER NOT NULL,
            none_fit INTEGER NOT NULL,
            closings INTEGER NOT NULL,
            is_sample INTEGER NOT NULL,
            external_source TEXT NOT NULL,
            external_id TEXT NOT NULL,
            version INTEGER NOT NULL
        );
        CREATE INDEX ticket_fix ON ticket(category, fix) WHERE fix <> '';
        CREATE INDEX ticket_accepted ON ticket(accepted_at);
        CREATE INDEX ticket_number ON ticket(number_hash) WHERE number_hash <> '';
        CREATE UNIQUE INDEX ticket_external ON ticket(external_source, external_id)
            WHERE external_id <> '';
        CREATE TABLE ticket_event (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            at TEXT NOT NULL,
            action TEXT NOT NULL,
            agent TEXT NOT NULL,
            closing INTEGER NOT NULL,
            detail TEXT NOT NULL
        );
        CREATE INDEX ticket_event_ticket ON ticket_event(ticket_no, seq);
        CREATE TABLE ticket_outcome (
            ticket_no TEXT NOT NULL REFERENCES ticket(ticket_no),
            closing INTEGER NOT NULL,
            settled_at TEXT,
            state TEXT NOT NULL CHECK (state IN ('stayed_closed', 'came_back', 'pending')),
            reason TEXT NOT NULL,
            PRIMARY KEY (ticket_no, closing)
        );
        """
    )
