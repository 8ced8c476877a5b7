"""Evidence of what the handbook lacks, and what somebody decided about it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from kb.gap import Evidence, Mark
from kb.reports.measures import Filters
from kb.store.reports import of_records, of_tickets
from kb.store.rows import parse_row
from kb.times import format_instant

MOST_EVIDENCE = 5_000
"""The newest that are looked at: what nobody asked for since is no gap any more."""
_TICKET_TEXT = "trim(ticket.title || char(10) || ticket.description, char(10))"


def read_evidence(connection: sqlite3.Connection, filters: Filters, *, now: str) -> list[Evidence]:
    """Sessions without an answer, «none fits», self-found solutions, searches without result.

    A session counts if no other of its ticket was answered, a search if what it was worded into
    found nothing either. Oldest first, the newest MOST_EVIDENCE.
    """
    sessions, of_sessions = of_records(filters, "session")
    searches, of_searches = of_records(filters, "search")
    tickets, of_closings = of_tickets(filters)
    rows = connection.execute(
        f"""
        WITH noted (kind, record, text, at, agent, ticket_no, found) AS (
            SELECT 'abstained', session.id, query_masked, session.created_at, session.agent,
                session.ticket_no, ''
            FROM suggestion_session AS session LEFT JOIN ticket USING (ticket_no)
            WHERE abstained = 1 AND {sessions} AND NOT EXISTS (SELECT 1
                FROM suggestion_session AS other WHERE other.ticket_no = session.ticket_no
                AND other.abstained = 0 AND other.is_training = 0)
            UNION ALL
            SELECT decision.decision, decision.id, query_masked, decision.at, decision.agent,
                session.ticket_no, ''
            FROM session_decision AS decision
            JOIN suggestion_session AS session ON session.id = decision.session_id
            LEFT JOIN ticket USING (ticket_no)
            WHERE decision.undone_at IS NULL AND {sessions}
            UNION ALL
            SELECT 'none_fit', ticket.ticket_no || '-' || event.closing, {_TICKET_TEXT}, event.at,
                event.agent, ticket.ticket_no, ''
            FROM ticket_event AS event JOIN ticket USING (ticket_no)
            WHERE event.action = 'closed' AND event.detail = 'none_fit' AND {tickets}
            UNION ALL
            SELECT 'self_found', ticket.ticket_no || '-' || link.closing, {_TICKET_TEXT},
                link.linked_at, link.linked_by, ticket.ticket_no,
                link.target_type || ':' || link.target_id
            FROM ticket_knowledge_link AS link JOIN ticket USING (ticket_no)
            WHERE knowledge_usage = 'solution' AND found_by <> 'suggested' AND {tickets}
            UNION ALL
            SELECT 'no_result', search.id, query_masked, search.created_at, search.agent,
                search.ticket_no, ''
            FROM search_record AS search LEFT JOIN ticket USING (ticket_no)
            WHERE hits = 0 AND {searches} AND search.id NOT IN (SELECT previous FROM search_record
                WHERE hits > 0 AND previous IS NOT NULL)
        ), newest AS (SELECT * FROM noted WHERE text <> '' ORDER BY at DESC, record LIMIT ?)
        SELECT kind || ':' || record AS id, kind, text, at, agent,
            coalesce(newest.ticket_no, '') AS ticket_no, coalesce(ticket.category, '') AS category,
            EXISTS (SELECT 1 FROM ticket_outcome AS outcome
                WHERE outcome.ticket_no = newest.ticket_no AND state = 'came_back') AS came_back,
            max(0, coalesce((julianday(min(coalesce(ticket.closed_at, ?), ?))
                - julianday(ticket.due_at)) * 24, 0)) AS overdue_hours, found
        FROM newest LEFT JOIN ticket ON ticket.ticket_no = newest.ticket_no
        ORDER BY at, id
        """,
        (
            *of_sessions,
            *of_sessions,
            *of_closings,
            *of_closings,
            *of_searches,
            MOST_EVIDENCE,
            now,
            now,
        ),
    )
    return [parse_row(row, Evidence) for row in rows]


def read_marks(connection: sqlite3.Connection) -> list[Mark]:
    """Every word given on a gap."""
    evidence: dict[int, set[str]] = defaultdict(set)
    for row in connection.execute("SELECT mark_id, evidence FROM gap_evidence"):
        evidence[row["mark_id"]].add(row["evidence"])
    return [
        Mark(
            id=row["id"],
            state=row["state"],
            label=row["label"],
            reason=row["reason"],
            agent=row["agent"],
            at=row["at"],
            evidence=frozenset(evidence[row["id"]]),
        )
        for row in connection.execute("SELECT * FROM gap_mark ORDER BY id")
    ]


def add_mark(
    connection: sqlite3.Connection,
    evidence: Iterable[str],
    *,
    state: str,
    label: str,
    reason: str,
    agent: str,
    now: datetime,
) -> None:
    """Keep what was decided about this evidence."""
    cursor = connection.execute(
        "INSERT INTO gap_mark (state, label, reason, agent, at) VALUES (?, ?, ?, ?, ?)",
        (state, label, reason, agent, format_instant(now)),
    )
    connection.executemany(
        "INSERT INTO gap_evidence (mark_id, evidence) VALUES (?, ?)",
        [(cursor.lastrowid, each) for each in evidence],
    )
