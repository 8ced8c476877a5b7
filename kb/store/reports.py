"""Facts for the reports. Sessions in training, samples and what was undone never count."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from kb.reports.facts import (
    ClosingFact,
    DueFact,
    FixFact,
    SearchFact,
    SessionFact,
    SolutionFact,
    UsageFact,
)
from kb.reports.measures import Filters

F = TypeVar("F", bound=NamedTuple)
_OF_TICKET = "ticket.category, ticket.responsible_dept, ticket.region, ticket.channel"


def read_closings(connection: sqlite3.Connection, filters: Filters) -> list[ClosingFact]:
    """Closings made at the desk of the tickets accepted in the period.

    A suggestion counts for the closing it was made before; a wording copied, for the next closing.
    """
    chosen, values = of_tickets(filters)
    return _read(
        connection,
        ClosingFact,
        f"""
        WITH practised AS MATERIALIZED (
            SELECT impression.id FROM suggestion_session AS session
            JOIN impression ON impression.session_id = session.id WHERE is_training = 1
        ), copied AS MATERIALIZED (
            -- in this order: what was copied is little, what was closed is much
            SELECT DISTINCT session.ticket_no, (SELECT min(next.closing) FROM ticket_event AS next
                WHERE next.action = 'closed' AND next.ticket_no = session.ticket_no
                    AND next.at >= event.at) AS closing
            FROM suggestion_event AS event
            CROSS JOIN impression ON impression.id = event.impression_id
            CROSS JOIN suggestion_session AS session
                ON session.id = impression.session_id AND session.is_training = 0
            WHERE event.action = 'answer_copied' AND event.undone_at IS NULL
        )
        SELECT ticket.ticket_no, closed.closing, ticket.accepted_at, closed.at, closed.agent,
            closed.detail = 'none_fit', {_OF_TICKET}, coalesce(outcome.state, 'pending'),
            (SELECT count(*) FROM ticket_knowledge_link AS link
                WHERE link.ticket_no = closed.ticket_no AND link.closing = closed.closing),
            EXISTS (SELECT 1 FROM suggestion_session AS session
                WHERE session.ticket_no = closed.ticket_no AND is_training = 0
                    AND created_at <= closed.at),
            EXISTS (SELECT 1 FROM suggestion_session AS session
                JOIN impression ON impression.session_id = session.id
                WHERE session.ticket_no = closed.ticket_no AND is_training = 0
                    AND created_at <= closed.at AND displayed_at IS NOT NULL),
            copied.closing IS NOT NULL OR EXISTS (SELECT 1 FROM ticket_knowledge_link AS link
                WHERE link.ticket_no = closed.ticket_no AND link.closing = closed.closing
                    AND knowledge_usage <> 'source' AND impression_id IS NOT NULL
                    AND impression_id NOT IN practised),
            coalesce((SELECT json_extract(request, '$.view') FROM suggestion_session AS session
                WHERE session.ticket_no = closed.ticket_no AND is_training = 0
                    AND created_at <= closed.at ORDER BY created_at DESC, rowid DESC LIMIT 1), ''),
            coalesce(solution.found_by, ''),
            CASE WHEN solution.impression_id NOT IN practised
                THEN (SELECT position FROM impression WHERE id = solution.impression_id) END
        FROM ticket CROSS JOIN ticket_event AS closed
            ON closed.ticket_no = ticket.ticket_no AND closed.action = 'closed'
        LEFT JOIN ticket_outcome AS outcome
            ON outcome.ticket_no = closed.ticket_no AND outcome.closing = closed.closing
        LEFT JOIN ticket_knowledge_link AS solution
            ON solution.ticket_no = closed.ticket_no AND solution.closing = closed.closing
            AND solution.knowledge_usage = 'solution'
        LEFT JOIN copied
            ON copied.ticket_no = closed.ticket_no AND copied.closing = closed.closing
        WHERE {chosen} ORDER BY ticket.ticket_no, closed.closing
        """,
        values,
    )


def read_sessions(connection: sqlite3.Connection, filters: Filters) -> list[SessionFact]:
    """Calls for suggestions in the period; those without a ticket only if none is asked for."""
    chosen, values = of_records(filters, "session")
    return _read(
        connection,
        SessionFact,
        "SELECT coalesce(session.ticket_no, ''), session.created_at, session.agent, abstained,"
        " coalesce(ticket.category, ''), coalesce(ticket.responsible_dept, ''),"
        " coalesce(ticket.region, ''), coalesce(ticket.channel, ''),"
        " coalesce(json_extract(request, '$.view'), '')"
        " FROM suggestion_session AS session LEFT JOIN ticket USING (ticket_no)"
        f" WHERE {chosen} ORDER BY session.created_at, session.id",
        values,
    )


def read_searches(connection: sqlite3.Connection, filters: Filters) -> list[SearchFact]:
    """Explicit searches in the period; those without a ticket only if none is asked for."""
    chosen, values = of_records(filters, "search")
    return _read(
        connection,
        SearchFact,
        "SELECT search.id, previous, query_masked, hits, search.created_at, search.agent"
        " FROM search_record AS search LEFT JOIN ticket USING (ticket_no)"
        f" WHERE {chosen} ORDER BY search.created_at, search.rowid",
        values,
    )


def count_due(connection: sqlite3.Connection, filters: Filters, *, now: str) -> list[DueFact]:
    """Tickets with a due time, and those of them closed late or open past it."""
    chosen, values = of_tickets(filters)
    return _read(
        connection,
        DueFact,
        "SELECT category, responsible_dept,"
        " sum(overdue OR (status = 'open' AND due_at < ?)), count(*) FROM ticket"
        f" WHERE due_at IS NOT NULL AND {chosen} GROUP BY category, responsible_dept",
        [now, *values],
    )


def count_solutions(connection: sqlite3.Connection, filters: Filters) -> list[SolutionFact]:
    """Settled closings by the version of the article or procedure that solved them."""
    chosen, values = of_tickets(filters)
    return _read(
        connection,
        SolutionFact,
        "SELECT target_type, target_id, target_version, ticket.category,"
        " sum(state = 'came_back'), count(*)"
        " FROM ticket_knowledge_link AS link JOIN ticket_outcome USING (ticket_no, closing)"
        " JOIN ticket USING (ticket_no)"
        " WHERE knowledge_usage = 'solution' AND state <> 'pending'"
        f" AND target_type IN ('article', 'procedure') AND {chosen}"
        " GROUP BY target_type, target_id, target_version, ticket.category",
        values,
    )


def count_fixes(connection: sqlite3.Connection, filters: Filters) -> list[FixFact]:
    """Tickets whose last closing is settled, by the way of fixing."""
    chosen, values = of_tickets(filters)
    return _read(
        connection,
        FixFact,
        "SELECT category, fix, sum(state = 'came_back'), count(*) FROM ticket"
        " JOIN ticket_outcome AS outcome ON outcome.ticket_no = ticket.ticket_no"
        " AND outcome.closing = ticket.closings - 1"
        f" WHERE fix <> '' AND state <> 'pending' AND {chosen} GROUP BY category, fix",
        values,
    )


def count_usage(connection: sqlite3.Connection, filters: Filters) -> list[UsageFact]:
    """How often each article or procedure was seen and linked, on the tickets of the period."""
    chosen, values = of_tickets(filters)
    return _read(
        connection,
        UsageFact,
        f"""
        WITH chosen AS MATERIALIZED (SELECT ticket_no FROM ticket WHERE {chosen}),
        seen AS (
            SELECT target_type, target_id, count(*) AS shown
            FROM suggestion_session AS session JOIN chosen USING (ticket_no)
            JOIN impression ON impression.session_id = session.id
            WHERE is_training = 0 AND displayed_at IS NOT NULL
                AND target_type IN ('article', 'procedure')
            GROUP BY target_type, target_id
        ), used AS (
            SELECT target_type, target_id, sum(knowledge_usage = 'reference') AS referred,
                sum(knowledge_usage = 'solution') AS solved
            FROM ticket_knowledge_link JOIN chosen USING (ticket_no)
            WHERE target_type IN ('article', 'procedure') GROUP BY target_type, target_id
        ), known AS (
            SELECT target_type, target_id FROM seen UNION SELECT target_type, target_id FROM used
        )
        SELECT target_type, target_id, coalesce(shown, 0), coalesce(referred, 0),
            coalesce(solved, 0)
        FROM known LEFT JOIN seen USING (target_type, target_id)
        LEFT JOIN used USING (target_type, target_id)
        ORDER BY 5 DESC, 3 DESC, target_id
        """,
        values,
    )


def read_first_days(connection: sqlite3.Connection) -> dict[str, str]:
    """The instant at which each agent's name first stands in a record of work, not of practice."""
    rows = connection.execute(
        "SELECT agent, min(at) AS at FROM (SELECT agent, min(at) AS at FROM ticket_event"
        " GROUP BY agent UNION ALL SELECT agent, min(created_at) FROM suggestion_session"
        " WHERE is_training = 0 GROUP BY agent UNION ALL SELECT agent, min(created_at)"
        " FROM search_record WHERE is_training = 0 GROUP BY agent) GROUP BY agent"
    )
    return {row["agent"]: row["at"] for row in rows}


def read_first_day(connection: sqlite3.Connection, agent: str) -> str | None:
    """The instant at which one agent's name first stands in a record of work; None for none."""
    row = connection.execute(
        "SELECT min(at) AS at FROM (SELECT min(at) AS at FROM ticket_event WHERE agent = :agent"
        " UNION ALL SELECT min(created_at) FROM suggestion_session"
        " WHERE agent = :agent AND is_training = 0 UNION ALL SELECT min(created_at)"
        " FROM search_record WHERE agent = :agent AND is_training = 0)",
        {"agent": agent},
    ).fetchone()
    return None if row["at"] is None else str(row["at"])


def read_departments(connection: sqlite3.Connection) -> list[str]:
    """Departments that tickets are with."""
    rows = connection.execute(
        "SELECT DISTINCT responsible_dept FROM ticket WHERE responsible_dept <> '' ORDER BY 1"
    )
    return [row["responsible_dept"] for row in rows]


def of_tickets(filters: Filters) -> tuple[str, list[Any]]:
    """Which tickets a report is about: those accepted in the period."""
    clauses, values = _period(filters, "ticket.accepted_at")
    more, further = _ticket_facts(filters)
    if not filters.samples:
        more.append("ticket.is_sample = 0")
    return " AND ".join([*clauses, *more]), values + further


def of_records(filters: Filters, table: str) -> tuple[str, list[Any]]:
    """Which sessions or searches a report is about, beside the ticket they may belong to."""
    clauses, values = _period(filters, f"{table}.created_at")
    more, further = _ticket_facts(filters)
    if not filters.samples:
        more.append("coalesce(ticket.is_sample, 0) = 0")
    return " AND ".join([f"{table}.is_training = 0", *clauses, *more]), values + further


def _period(filters: Filters, column: str) -> tuple[list[str], list[Any]]:
    clauses, values = ["1 = 1"], list[Any]()
    for bound, sign in ((filters.starts, ">="), (filters.ends, "<")):
        if bound:
            clauses.append(f"{column} {sign} ?")
            values.append(bound)
    return clauses, values


def _ticket_facts(filters: Filters) -> tuple[list[str], list[Any]]:
    clauses, values = list[str](), list[Any]()
    if filters.category:
        clauses.append("substr(ticket.category, 1, length(?)) = ?")
        values += [filters.category, filters.category]
    for column, value in (
        ("responsible_dept", filters.department),
        ("region", filters.region),
        ("channel", filters.channel),
    ):
        if value:
            clauses.append(f"ticket.{column} = ?")
            values.append(value)
    return clauses, values


def _read(
    connection: sqlite3.Connection, kind: type[F], sql: str, values: Sequence[Any]
) -> list[F]:
    """Rows as named tuples: a report reads up to some hundred thousand of them."""
    cursor = connection.cursor()
    cursor.row_factory = lambda _, row: kind._make(row)
    return cursor.execute(sql, tuple(values)).fetchall()
