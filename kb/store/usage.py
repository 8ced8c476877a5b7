"""Who uses an article, for what, and what came of it. Training and made-up tickets do not count."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kb.store.rows import parse_row

_OF_ARTICLE = "target_type IN ('article', 'procedure') AND target_id = :id"
_REAL = "ticket_no NOT IN (SELECT ticket_no FROM ticket WHERE is_sample = 1)"


@dataclass(frozen=True)
class VersionUse:
    """One version: how often tied to tickets, by how many agents, and what its solutions became."""

    version: str
    references: int
    solutions: int
    agents: int
    stayed_closed: int
    came_back: int


@dataclass(frozen=True)
class UsedFor:
    """A masked query an agent used the article for; ``state``: what became of the ticket."""

    query: str
    usage: str
    agent: str
    ticket_no: str
    version: str
    at: str
    state: str


@dataclass(frozen=True)
class Complaint:
    """An agent's word against the article, with the masked query it was shown for."""

    action: str
    reason_code: str
    comment: str
    agent: str
    version: str
    at: str
    query: str


@dataclass(frozen=True)
class OwnedUse:
    """One article of an owner, with its numbers."""

    article_id: str
    title: str
    owner: str
    uses: int
    came_back: int
    complaints: int
    tasks: int


def read_version_uses(connection: sqlite3.Connection, article_id: str) -> list[VersionUse]:
    """Counts of each version that was tied to a ticket, the newest first."""
    rows = connection.execute(
        f"""
        SELECT target_version AS version,
            sum(knowledge_usage = 'reference') AS "references",
            sum(knowledge_usage = 'solution') AS solutions,
            count(DISTINCT linked_by) AS agents,
            total(knowledge_usage = 'solution' AND state = 'stayed_closed') AS stayed_closed,
            total(knowledge_usage = 'solution' AND state = 'came_back') AS came_back
        FROM ticket_knowledge_link AS link LEFT JOIN ticket_outcome USING (ticket_no, closing)
        WHERE {_OF_ARTICLE} AND link.{_REAL}
        GROUP BY target_version ORDER BY CAST(target_version AS INTEGER) DESC
        """,
        {"id": article_id},
    )
    return [
        VersionUse(**{**dict(row), "stayed_closed": int(row["stayed_closed"]),
                      "came_back": int(row["came_back"])})
        for row in rows
    ]  # fmt: skip


def read_used_for(connection: sqlite3.Connection, article_id: str, *, most: int) -> list[UsedFor]:
    """The newest queries that the article was tied to a ticket for."""
    rows = connection.execute(
        f"""
        SELECT coalesce(session.query_masked, '') AS query, knowledge_usage AS usage,
            linked_by AS agent, link.ticket_no, link.target_version AS version,
            linked_at AS at, coalesce(state, '') AS state
        FROM ticket_knowledge_link AS link
        LEFT JOIN impression ON impression.id = link.impression_id
        LEFT JOIN suggestion_session AS session ON session.id = impression.session_id
        LEFT JOIN ticket_outcome AS outcome
            ON outcome.ticket_no = link.ticket_no AND outcome.closing = link.closing
        WHERE link.target_type IN ('article', 'procedure') AND link.target_id = :id
            AND link.{_REAL}
        ORDER BY linked_at DESC, link.rowid DESC LIMIT :most
        """,
        {"id": article_id, "most": most},
    )
    return [parse_row(row, UsedFor) for row in rows]


def read_complaints(
    connection: sqlite3.Connection, article_id: str, *, most: int
) -> list[Complaint]:
    """The newest flags and dismissals that were not taken back."""
    rows = connection.execute(
        f"""
        SELECT action, reason_code, comment, event.agent, target_version AS version, at,
            query_masked AS query
        FROM suggestion_event AS event JOIN impression ON impression.id = impression_id
        JOIN suggestion_session AS session ON session.id = session_id
        WHERE {_OF_ARTICLE} AND action IN ('flagged', 'dismissed') AND undone_at IS NULL
            AND is_training = 0
        ORDER BY at DESC, event.id DESC LIMIT :most
        """,
        {"id": article_id, "most": most},
    )
    return [parse_row(row, Complaint) for row in rows]


def read_owned(connection: sqlite3.Connection, owner: str) -> list[OwnedUse]:
    """The articles of one owner (or all, for ""), those with most against them first."""
    rows = connection.execute(
        f"""
        WITH used AS (
            SELECT target_id, count(*) AS uses,
                total(knowledge_usage = 'solution' AND state = 'came_back') AS came_back
            FROM ticket_knowledge_link AS link LEFT JOIN ticket_outcome USING (ticket_no, closing)
            WHERE target_type IN ('article', 'procedure') AND link.{_REAL} GROUP BY target_id
        ), told AS (
            SELECT target_id, count(*) AS complaints
            FROM suggestion_event AS event JOIN impression ON impression.id = impression_id
            JOIN suggestion_session AS session ON session.id = session_id
            WHERE target_type IN ('article', 'procedure') AND undone_at IS NULL
                AND action IN ('flagged', 'dismissed') AND is_training = 0 GROUP BY target_id
        ), tasks AS (
            SELECT target_id, count(*) AS tasks FROM review_task
            WHERE closed_at IS NULL AND target_type IN ('article', 'procedure') GROUP BY target_id
        )
        SELECT article.id AS article_id, revision.title, article.owner,
            coalesce(uses, 0) AS uses, CAST(coalesce(came_back, 0) AS INTEGER) AS came_back,
            coalesce(complaints, 0) AS complaints, coalesce(tasks, 0) AS tasks
        FROM article JOIN revision
            ON revision.article_id = article.id AND revision.number = article.current_revision
        LEFT JOIN used ON used.target_id = article.id
        LEFT JOIN told ON told.target_id = article.id
        LEFT JOIN tasks ON tasks.target_id = article.id
        WHERE :owner IN ('', article.owner) AND revision.status = 'published'
        ORDER BY coalesce(tasks, 0) DESC, coalesce(came_back, 0) + coalesce(complaints, 0) DESC,
            coalesce(uses, 0) DESC, article.id
        """,
        {"owner": owner},
    )
    return [parse_row(row, OwnedUse) for row in rows]


def read_owners(connection: sqlite3.Connection) -> list[str]:
    """Departments that own an article."""
    rows = connection.execute("SELECT DISTINCT owner FROM article WHERE owner <> '' ORDER BY owner")
    return [row["owner"] for row in rows]
