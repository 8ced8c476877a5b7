"""Reports for supervisors: figures with charts, gaps of the handbook, review tasks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.errors import KBError
from kb.gap import FORMULA, KINDS
from kb.gap import STATES as GAP_STATES
from kb.gaps import mark_gap
from kb.reports import building
from kb.reports.grouping import DIMENSIONS
from kb.reports.measures import SMALL, Filters, Measure
from kb.reports.outcomes import (
    DEFINITIONS,
    HOURS_ADOPTED,
    HOURS_OTHER,
    MRR,
    OBSERVED,
    OVERDUE,
)
from kb.review import FALSE_ALARMS, LEAST_OTHERS, LEAST_SETTLED, VERDICTS
from kb.reviewing import close_review
from kb.store import editing, handbook, reports, reviews
from web import charts
from web.bodies import GapQuery, ReportQuery, TaskQuery
from web.errors import describe
from web.forms import short_field
from web.guard import check_form
from web.pages.view import group_classes
from web.parsing import agent_name
from web.reporting import find_gap, find_gaps, read_filters, read_page_query, read_task_id
from web.services import current

blueprint = Blueprint("reports", __name__, url_prefix="/reports")
Answered = str | tuple[str, int] | Response
Q = TypeVar("Q", bound=ReportQuery)
TIMES = (HOURS_ADOPTED.key, HOURS_OTHER.key)
MEANS = {each.key: each.means for each in (*DEFINITIONS, OVERDUE)}


@dataclass(frozen=True)
class Asked:
    """What a page was asked for, and why it was refused, if it was."""

    query: ReportQuery
    filters: Filters
    status: int = 200
    problem: Any = None


def _ask(model: type[Q]) -> tuple[Q, Asked]:
    """Read the form; what cannot be read is told, and the whole report shown instead."""
    try:
        query = read_page_query(model)
        return query, Asked(query, read_filters(query))
    except KBError as error:
        problem = describe(error)
        query = model()
        return query, Asked(query, Filters(), problem.status, problem)


def _render(template: str, asked: Asked, **values: Any) -> tuple[str, int]:
    connection = current().database.connection
    page = render_template(
        template,
        query=asked.query,
        filters=asked.filters,
        problem=asked.problem,
        class_groups=group_classes(),
        departments=reports.read_departments(connection),
        dimensions=DIMENSIONS,
        charts=charts,
        small=SMALL,
        means=MEANS,
        typed={name: text for name, text in request.args.items() if text},
        **values,
    )
    return page, asked.status


@blueprint.get("")
def show_outcomes() -> Answered:
    """What was suggested, used and closed, and whether it stayed closed."""
    query, asked = _ask(ReportQuery)
    report = building.build_outcomes(
        current().database.connection,
        asked.filters,
        by=query.by or "",
        now=current().clock(),
    )
    tables = {
        key: list(found) for key, found in groupby(report.measures, key=lambda each: each.key)
    }
    return _render(
        "reports.html",
        asked,
        report=report,
        shares=_tables(tables, "share"),
        times=[measure for key in TIMES for measure in tables[key]] if not query.by else [],
        time_tables=[(tables[key][0].name, tables[key]) for key in TIMES if key in tables],
        ranks=tables.get(MRR.key, []),
        observed=OBSERVED,
        tenure_note=building.TENURE_NOTE,
    )


def _tables(tables: dict[str, list[Measure]], kind: str) -> list[tuple[str, list[Measure]]]:
    """Figures of one kind, a table each, by name."""
    return [(found[0].name, found) for found in tables.values() if found[0].kind == kind]


@blueprint.get("/search")
def show_searches() -> Answered:
    """Explicit searches without result, and worded anew."""
    _, asked = _ask(ReportQuery)
    report = building.build_searches(current().database.connection, asked.filters)
    return _render("reports_search.html", asked, report=report)


@blueprint.get("/articles")
def show_articles() -> Answered:
    """How often what a version of an article, or a way of fixing, solved came back."""
    _, asked = _ask(ReportQuery)
    report = building.build_articles(current().database.connection, asked.filters)
    return _render("reports_articles.html", asked, report=report)


@blueprint.get("/gaps")
def show_gaps() -> Answered:
    """What the handbook lacks, dearest first."""
    query, asked = _ask(GapQuery)
    return _gaps_page(query, asked)


def _gaps_page(query: GapQuery, asked: Asked, typed: dict[str, str] | None = None) -> Answered:
    state = query.state or ""
    return _render(
        "reports_gaps.html",
        asked,
        found=find_gaps(asked.filters, state=state, limit=query.limit),
        state=state,
        kinds=KINDS,
        states=GAP_STATES,
        formula=FORMULA,
        refused=typed or {},
    )


@blueprint.post("/gaps/<gap_id>/mark")
def mark(gap_id: str) -> Answered:
    """Mark a gap as done or dismissed; a refusal keeps what was typed."""
    check_form()
    services = current()
    state, reason = short_field("state"), request.form.get("reason", "")
    try:
        cluster = find_gap(gap_id)
        mark_gap(
            services.database,
            cluster,
            state=state,
            reason=reason,
            agent=agent_name(short_field("agent")),
            now=services.clock(),
        )
    except KBError as error:
        problem = describe(error)
        query = GapQuery()
        typed = {"id": gap_id, "reason": reason, "agent": request.form.get("agent", "")}
        return _gaps_page(query, Asked(query, Filters(), problem.status, problem), typed)
    return redirect(url_for("reports.show_gaps", state=state), 303)


@blueprint.get("/tasks")
def show_tasks() -> Answered:
    """Articles and ways of fixing to be reviewed."""
    return _tasks_page(read_page_query(TaskQuery))


def _tasks_page(query: TaskQuery, **values: Any) -> str:
    connection = current().database.connection
    tasks = reviews.read_tasks(connection, with_closed=True)
    today = current().clock().date()
    page: str = render_template(
        "reports_tasks.html",
        tasks=[
            task
            for task in tasks
            if task.is_open == (query.closed == "0") and query.owner in ("", task.owner)
        ],
        counts=Counter(task.is_open for task in tasks),
        due=editing.read_due_reviews(connection, on=today, owner=query.owner),
        today=today,
        query=query,
        classes=handbook.read_categories(connection),
        verdicts=VERDICTS,
        rule={"settled": LEAST_SETTLED, "others": LEAST_OTHERS, "alarms": FALSE_ALARMS},
        **{"refused": {}, "problem": None, **values},
    )
    return page


@blueprint.post("/tasks/<task_id>/close")
def close_task(task_id: str) -> Answered:
    """Close a review task; a refusal keeps what was typed."""
    check_form()
    services = current()
    done = request.form.get("done", "")
    try:
        close_review(
            services.database,
            read_task_id(task_id),
            verdict=short_field("verdict"),
            done=done,
            agent=agent_name(short_field("agent")),
            now=services.clock(),
        )
    except KBError as error:
        problem = describe(error)
        typed = {"id": task_id, **request.form}
        return _tasks_page(TaskQuery(), problem=problem, refused=typed), problem.status
    return redirect(url_for("reports.show_tasks"), 303)
