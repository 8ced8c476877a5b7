"""Ways of fixing: how many tickets were closed by each, and what became of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

FixName = tuple[str, str]
"""A way of fixing: class and label."""


@dataclass(frozen=True)
class FixTally:
    """What is known of all closed tickets of one way of fixing. ``median_hours``: from acceptance
    to closing; ``last_seen``: when the newest was closed."""

    category: str
    fix: str
    tickets: int
    stayed_closed: int
    came_back: int
    median_hours: float
    last_seen: str
    is_sample: bool


def read_fix_versions(
    connection: sqlite3.Connection, fixes: Collection[FixName] | None = None
) -> dict[FixName, int]:
    """The number of each of these ways of fixing, or of all: it rises when anything changes."""
    chosen, values = "1 = 1", list[str]()
    if fixes is not None:
        chosen = f"(category, fix) IN (VALUES {_pairs(fixes)})"
        values = [value for pair in fixes for value in pair]
    rows = connection.execute(
        f"SELECT category, fix, version FROM fix_version WHERE {chosen}", values
    )
    return {(row["category"], row["fix"]): row["version"] for row in rows}


def tally_fixes(
    connection: sqlite3.Connection, fixes: Collection[FixName] | None = None
) -> dict[FixName, FixTally]:
    """Count the closed tickets of these ways of fixing, or of all."""
    chosen, values = "fix <> ''", list[str]()
    if fixes is not None:
        chosen = f"fix <> '' AND (category, fix) IN (VALUES {_pairs(fixes)})"
        values = [value for pair in fixes for value in pair]
    rows = connection.execute(
        "WITH timed AS (SELECT ticket_no, category, fix, closings, closed_at, is_sample,"
        " (julianday(closed_at) - julianday(accepted_at)) * 24 AS hours FROM ticket"
        f" WHERE status = 'closed' AND resolution <> '' AND {chosen}),"
        " ranked AS (SELECT *, row_number() OVER (PARTITION BY category, fix ORDER BY hours)"
        " AS place, count(*) OVER (PARTITION BY category, fix) AS size FROM timed)"
        " SELECT category, fix, count(*) AS tickets,"
        " total(state = 'stayed_closed') AS stayed_closed, total(state = 'came_back') AS came_back,"
        " avg(CASE WHEN place IN ((size + 1) / 2, (size + 2) / 2) THEN hours END) AS median_hours,"
        " max(ranked.closed_at) AS last_seen, min(is_sample) AS is_sample FROM ranked"
        " LEFT JOIN ticket_outcome ON ticket_outcome.ticket_no = ranked.ticket_no"
        " AND ticket_outcome.closing = ranked.closings - 1 GROUP BY category, fix",
        values,
    )
    return {
        (row["category"], row["fix"]): FixTally(
            category=row["category"],
            fix=row["fix"],
            tickets=row["tickets"],
            stayed_closed=int(row["stayed_closed"]),
            came_back=int(row["came_back"]),
            median_hours=round(row["median_hours"], 1),
            last_seen=row["last_seen"],
            is_sample=bool(row["is_sample"]),
        )
        for row in rows
    }


def _pairs(fixes: Collection[FixName]) -> str:
    return ", ".join("(?, ?)" for _ in fixes) or "(NULL, NULL)"
