"""Reports as JSON and CSV; gaps and review tasks, and what was done about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from kb.gaps import mark_gap
from kb.reports import building
from kb.reviewing import close_review
from kb.store import reviews
from web.bodies import GapMarkBody, GapQuery, ReportQuery, TaskCloseBody, TaskQuery
from web.idempotency import idempotent
from web.parsing import agent_name, read_body, read_query
from web.reporting import (
    GAP_COLUMNS,
    MEASURE_COLUMNS,
    Json,
    find_gap,
    find_gaps,
    gap_rows,
    gaps_as_dict,
    read_filters,
    read_task_id,
    rule_as_dict,
    send_sheet,
)
from web.services import current

blueprint = Blueprint("api-reports", __name__, url_prefix="/api/v1/reports")


@blueprint.get("/outcomes")
def get_outcomes() -> Response:
    """Figures of the outcome loop."""
    query = read_query(ReportQuery)
    filters, services = read_filters(query), current()
    report = building.build_outcomes(
        services.database.connection, filters, by=query.by or "", now=services.clock()
    )
    tables = {
        "measures": report.measures,
        "overdue_by_category": report.overdue_classes,
        "overdue_by_department": report.overdue_departments,
    }
    return _answer(
        query,
        "outcomes",
        lambda: building.outcomes_as_dict(report, filters),
        lambda: building.sheet_of(tables),
    )


@blueprint.get("/search")
def get_searches() -> Response:
    """Figures of explicit searches."""
    query = read_query(ReportQuery)
    filters = read_filters(query)
    report = building.build_searches(current().database.connection, filters)
    return _answer(
        query,
        "search",
        lambda: building.searches_as_dict(report, filters),
        lambda: building.sheet_of({"measures": report.measures, "lost": report.lost}),
    )


@blueprint.get("/articles")
def get_articles() -> Response:
    """Figures of articles and ways of fixing."""
    query = read_query(ReportQuery)
    filters = read_filters(query)
    report = building.build_articles(current().database.connection, filters)
    return _answer(
        query,
        "articles",
        lambda: building.articles_as_dict(report, filters),
        lambda: building.sheet_of({"versions": report.versions, "fixes": report.fixes}),
    )


def _answer(
    query: ReportQuery, name: str, as_json: Callable[[], Json], rows: Callable[[], list[Json]]
) -> Response:
    if query.format == "csv":
        return send_sheet(name, MEASURE_COLUMNS, rows())
    return jsonify(as_json())


@blueprint.get("/gaps")
def get_gaps() -> Response:
    """What the handbook lacks, dearest first."""
    query = read_query(GapQuery)
    filters = read_filters(query)
    found = find_gaps(filters, state=query.state or "", limit=query.limit)
    if query.format == "csv":
        return send_sheet("gaps", GAP_COLUMNS, gap_rows(found))
    return jsonify(gaps_as_dict(found, filters))


@blueprint.post("/gaps/<gap_id>/mark")
@idempotent
def mark(gap_id: str) -> Response:
    """Mark a gap as done or dismissed, with the reason."""
    body, services = read_body(GapMarkBody), current()
    cluster = find_gap(gap_id)
    mark_gap(
        services.database,
        cluster,
        state=body.state,
        reason=body.reason,
        agent=agent_name(),
        now=services.clock(),
    )
    return jsonify({"id": gap_id, "state": body.state, "evidence": len(cluster.evidence)})


@blueprint.get("/tasks")
def get_tasks() -> Response:
    """Review tasks."""
    query = read_query(TaskQuery)
    found = reviews.read_tasks(
        current().database.connection, with_closed=query.closed == "1", owner=query.owner
    )
    return jsonify({"tasks": [asdict(task) for task in found], "rule": rule_as_dict()})


@blueprint.post("/tasks/<task_id>/close")
@idempotent
def close_task(task_id: str) -> Response:
    """Close a review task with what was done."""
    body, services = read_body(TaskCloseBody), current()
    task = close_review(
        services.database,
        read_task_id(task_id),
        verdict=body.verdict,
        done=body.done,
        agent=agent_name(),
        now=services.clock(),
    )
    return jsonify(asdict(task))
