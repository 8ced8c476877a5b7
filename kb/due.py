"""From a class or one limit, and an instant, to due times."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kb.deadlines import compute_deadline
from kb.errors import InvalidInput
from kb.limit import (
    AUTHORITIES,
    INTERNAL,
    BoundLimit,
    LimitRequest,
    TimeLimit,
    bind_limits,
    describe_amount,
)
from kb.store import handbook
from kb.times import format_instant
from kb.workdays import parse_calendar


@dataclass(frozen=True)
class DueRequest:
    """When one limit (``limit_id``), or all that bind a class (``category``), fall due."""

    start: datetime
    limit_id: str = ""
    category: str = ""
    region: str = ""
    area: str = ""
    priority: str = ""


def due_limits(connection: sqlite3.Connection, request: DueRequest) -> list[BoundLimit]:
    """The limits asked for with their due times.

    A limit asked for by its id runs from ``start`` whatever event starts it; those of a class run
    from ``start`` only when it is the acceptance that starts them. Raise TimeLimitNotFound,
    CategoryNotFound.
    """
    if bool(request.limit_id) == bool(request.category):
        raise InvalidInput("limit_id 和 category 要给且只给一个", field="limit_id")
    calendar = parse_calendar(handbook.read_vocabulary(connection, "workdays") or {})
    start = request.start
    if request.limit_id:
        limit = handbook.read_limit(connection, request.limit_id)
        deadline = compute_deadline(start, limit.limit_value, limit.limit_unit, calendar=calendar)
        return [BoundLimit(limit, deadline.due_at, deadline.provisional, is_specific=True)]
    category = handbook.read_category(connection, request.category)
    wanted = LimitRequest(
        category.id,
        request.region,
        request.area,
        request.priority or category.default_priority,
        _procedure_limits(connection, category.id, start),
    )
    limits = handbook.read_limits(connection).values()
    return bind_limits(limits, wanted, accepted_at=start, calendar=calendar)


def _procedure_limits(
    connection: sqlite3.Connection, category: str, start: datetime
) -> tuple[str, ...]:
    """Ids of the limits that the articles for exactly this class name."""
    found = handbook.read_articles(connection, on=start.date())
    named = (
        limit
        for article in found
        if category in article.revision.categories
        for limit in article.revision.time_limits
    )
    return tuple(dict.fromkeys(named))


def limit_as_dict(limit: TimeLimit) -> dict[str, Any]:
    """A time limit as JSON, with its authority in words and whether it may be called law."""
    return vars(limit) | {
        "categories": list(limit.categories),
        "amount": describe_amount(limit),
        "authority_label": AUTHORITIES[limit.authority],
        "is_verified": limit.is_verified,
        "is_internal": limit.authority in INTERNAL,
    }


def bound_as_dict(bound: BoundLimit) -> dict[str, Any]:
    """A limit that binds, with its due time, as JSON."""
    return limit_as_dict(bound.limit) | {
        "due_at": format_instant(bound.due_at) if bound.due_at else None,
        "provisional": bound.provisional,
    }


def bound_details(bound: BoundLimit) -> dict[str, Any]:
    """What a limit adds to a suggestion's JSON; its own confidence goes by another name there."""
    values = bound_as_dict(bound)
    values["source_confidence"] = values.pop("confidence")
    left_out = ("id", "revision", "retired_on")
    return {name: value for name, value in values.items() if name not in left_out}
