"""Review tasks, and the counts that open them."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from kb.errors import ReviewTaskNotFound
from kb.review import Finding, Record, ReviewTask, Subject, Tally
from kb.store.rows import parse_row
from kb.times import format_instant

_VERSION = "CASE target_type WHEN 'past_fix' THEN '' ELSE target_version END"
"""A past fix has no versions: the number kept with its link counts its tickets of that day."""
_SETTLED = (
    "FROM ticket_outcome AS outcome JOIN ticket USING (ticket_no)"
    " WHERE state <> 'pending' AND is_sample = 0"
)


def read_records(connection: sqlite3.Connection) -> list[Record]:
    """What became of the closings that each subject solved; fresh is what no task judged yet."""
    rows = connection.execute(
        f"""
        WITH solved AS (
            SELECT target_type, target_id, {_VERSION} AS version, ticket.category,
                state = 'came_back' AS came_back, coalesce(settled_at, '') AS settled_at
            FROM ticket_knowledge_link AS link
            JOIN ticket_outcome USING (ticket_no, closing) JOIN ticket USING (ticket_no)
            WHERE knowledge_usage = 'solution' AND state <> 'pending' AND is_sample = 0
                AND target_type IN ('article', 'procedure', 'past_fix')
        ), judged AS (
            SELECT target_type, target_id, target_version AS version, category,
                max(evidence_until) AS until FROM review_task GROUP BY 1, 2, 3, 4
        )
        SELECT target_type, target_id, version, category, max(settled_at) AS until,
            sum(came_back) AS came_back, count(*) AS settled,
            total(CASE WHEN settled_at > coalesce(until, '') THEN came_back END) AS fresh_back,
            count(CASE WHEN settled_at > coalesce(until, '') THEN 1 END) AS fresh
        FROM solved LEFT JOIN judged USING (target_type, target_id, version, category)
        GROUP BY target_type, target_id, version, category
        ORDER BY target_type, target_id, version, category
        """
    )
    return [
        Record(
            subject=Subject(row["target_type"], row["target_id"], row["version"], row["category"]),
            fresh=Tally(int(row["fresh_back"]), row["fresh"]),
            whole=Tally(row["came_back"], row["settled"]),
            until=row["until"],
        )
        for row in rows
    ]


def count_classes(connection: sqlite3.Connection) -> dict[str, Tally]:
    """All settled closings by third-level class."""
    rows = connection.execute(
        "SELECT category, sum(state = 'came_back') AS came_back, count(*) AS settled"
        f" {_SETTLED} GROUP BY category"
    )
    return {row["category"]: Tally(row["came_back"], row["settled"]) for row in rows}


def read_open_subjects(connection: sqlite3.Connection) -> set[Subject]:
    """What is under review now."""
    rows = connection.execute(
        "SELECT target_type, target_id, target_version, category FROM review_task"
        " WHERE closed_at IS NULL"
    )
    return {Subject(*row) for row in rows}


def add_task(connection: sqlite3.Connection, finding: Finding, *, now: datetime) -> None:
    """Open a task for the owner of the item: an article's owner, a past fix's department."""
    subject, fresh = finding.record.subject, finding.record.fresh
    connection.execute(
        f"""
        INSERT INTO review_task (target_type, target_id, target_version, category, compared_with,
            title, owner, came_back, settled, others_came_back, others_settled, chance, adjusted,
            evidence_until, opened_at)
        SELECT :target_type, :target_id, :target_version, :category, :compared_with,
            coalesce({_TITLE}, :target_id), coalesce({_OWNER}, ''),
            :came_back, :settled, :others_came_back, :others_settled, :chance, :adjusted,
            :until, :now
        """,
        {
            "target_type": subject.target_type,
            "target_id": subject.target_id,
            "target_version": subject.target_version,
            "category": subject.category,
            "compared_with": finding.compared_with,
            "came_back": fresh.came_back,
            "settled": fresh.settled,
            "others_came_back": finding.others.came_back,
            "others_settled": finding.others.settled,
            "chance": finding.chance,
            "adjusted": finding.adjusted,
            "until": finding.record.until,
            "now": format_instant(now),
        },
    )


_TITLE = (
    "CASE :target_type WHEN 'past_fix' THEN (SELECT title FROM impression"
    " WHERE target_type = 'past_fix' AND target_id = :target_id ORDER BY rowid DESC LIMIT 1)"
    " ELSE (SELECT title FROM revision WHERE article_id = :target_id"
    " AND number = CAST(:target_version AS INTEGER)) END"
)
_OWNER = (
    "CASE :target_type WHEN 'past_fix'"
    " THEN (SELECT responsible_dept FROM category WHERE id = :category)"
    " ELSE (SELECT owner FROM article WHERE id = :target_id) END"
)


def read_tasks(
    connection: sqlite3.Connection, *, with_closed: bool, owner: str = ""
) -> list[ReviewTask]:
    """Tasks of one owner or all, open ones first, newest first."""
    rows = connection.execute(
        "SELECT * FROM review_task WHERE (:closed OR closed_at IS NULL)"
        " AND :owner IN ('', owner) ORDER BY closed_at IS NOT NULL, opened_at DESC, id DESC",
        {"closed": with_closed, "owner": owner},
    )
    return [parse_row(row, ReviewTask) for row in rows]


def read_task(connection: sqlite3.Connection, task_id: int) -> ReviewTask:
    """One task; raise ReviewTaskNotFound."""
    row = connection.execute("SELECT * FROM review_task WHERE id = ?", (task_id,)).fetchone()
    if row is None:
        raise ReviewTaskNotFound(str(task_id), field="task_id")
    return parse_row(row, ReviewTask)


def finish_task(
    connection: sqlite3.Connection,
    task_id: int,
    *,
    verdict: str,
    done: str,
    agent: str,
    now: datetime,
) -> None:
    """Close a task with what was done."""
    connection.execute(
        "UPDATE review_task SET closed_at = ?, closed_by = ?, verdict = ?, done = ? WHERE id = ?",
        (format_instant(now), agent, verdict, done, task_id),
    )
