"""Time limits, and when they fall due."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kb.category import covers
from kb.due import DueRequest, bound_as_dict, due_limits, limit_as_dict
from kb.limit import TimeLimit
from kb.store import handbook
from kb.times import format_instant, parse_instant
from web.bodies import DueBody, LimitList
from web.idempotency import idempotent
from web.parsing import read_body, read_query
from web.services import current

blueprint = Blueprint("api-limits", __name__, url_prefix="/api/v1/time-limits")


@blueprint.get("")
def get_limits() -> Response:
    """Time limits; a filter keeps what could bind such a complaint."""
    query = read_query(LimitList)
    found = handbook.read_limits(current().database.connection).values()
    kept = [limit_as_dict(limit) for limit in found if _fits(limit, query)]
    return jsonify({"time_limits": kept})


def _fits(limit: TimeLimit, query: LimitList) -> bool:
    if limit.is_retired(current().clock().date()) and not query.retired:
        return False
    if query.category and not _binds(limit, query.category):
        return False
    if query.region and limit.region and not query.region.startswith(limit.region):
        return False
    if query.area and limit.area and limit.area != query.area:
        return False
    if query.authority and limit.authority != query.authority:
        return False
    return query.subject in limit.subject


def _binds(limit: TimeLimit, category: str) -> bool:
    return not limit.categories or any(covers(code, category) for code in limit.categories)


@blueprint.post("/due")
@idempotent
def create_due() -> Response:
    """When one limit, or every limit that binds a class, falls due."""
    body = read_body(DueBody)
    start = parse_instant(body.start, field="from")
    request = DueRequest(
        start,
        limit_id=body.limit_id or "",
        category=body.category or "",
        region=body.region,
        area=body.area,
        priority=body.priority,
    )
    bound = due_limits(current().database.connection, request)
    return jsonify(
        {"from": format_instant(start), "time_limits": [bound_as_dict(each) for each in bound]}
    )
