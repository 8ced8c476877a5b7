"""What the reports' pages and API have in common: what was asked for, and the gaps told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from flask import Response, request
from pydantic import BaseModel

from indexer.engine import Engine
from indexer.gaps import cluster_evidence
from kb.bounds import Bounds
from kb.errors import GapNotFound, ReviewTaskNotFound
from kb.gap import (
    FORMULA,
    Cluster,
    Evidence,
    Gap,
    drop_unfinished,
    narrow_clusters,
    plan_gaps,
)
from kb.gaps import find_cluster
from kb.reports.building import filters_as_dict
from kb.reports.measures import Filters
from kb.reports.sheet import write_sheet
from kb.review import FALSE_ALARMS, LEAST_OTHERS, LEAST_SETTLED
from kb.store import gaps as gap_store
from kb.store import handbook
from kb.suggestion import Suggestion
from kb.times import format_instant
from web.auditing import note_read
from web.bodies import ReportQuery
from web.parsing import agent_name, parse_model
from web.services import current

Json = dict[str, Any]
Q = TypeVar("Q", bound=BaseModel)
MEASURE_COLUMNS = (
    *("table", "key", "name", "group", "group_name", "kind"),
    *("value", "low", "high", "count", "total", "is_small", "says"),
)
GAP_COLUMNS = (
    *("id", "label", "state", "points", "cases", "returns", "overdue_hours"),
    *("home_id", "home_section", "home_title", "samples"),
)
MOST_DIGITS = 18
"""A longer number is larger than any the database holds."""


def read_filters(query: ReportQuery) -> Filters:
    """What a report is about; raise CategoryNotFound, InvalidInput."""
    if query.category:
        handbook.read_category(current().database.connection, query.category)
    return Filters(
        since=date.fromisoformat(query.since) if query.since else None,
        until=date.fromisoformat(query.until) if query.until else None,
        category=query.category,
        department=query.department,
        region=query.region,
        channel=query.channel or "",
        samples=query.samples == "1",
    )


def read_page_query(model: type[Q]) -> Q:
    """The query of a page's form, where an empty field asks for nothing."""
    return parse_model(model, {name: text for name, text in request.args.items() if text})


def send_sheet(name: str, columns: tuple[str, ...], rows: list[Json]) -> Response:
    """Rows as a CSV file to be kept; each says who took it out, and when."""
    note_read(f"report:{name}")
    mark = {"exported_by": agent_name(), "exported_at": format_instant(current().clock())}
    marked = write_sheet((*columns, *mark), [{**row, **mark} for row in rows])
    response = Response(marked, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@dataclass(frozen=True)
class PlacedGap:
    """A gap with the article nearest to it: where an answer would belong."""

    gap: Gap
    home: Suggestion | None


def find_clusters(filters: Filters) -> list[Cluster]:
    """Evidence of gaps, grouped by wording, whatever else is asked for; then what is asked for."""
    whole = Filters(samples=filters.samples)
    clusters = cluster_evidence(drop_unfinished(_evidence(whole)), current().engine.analyzer)
    if filters == whole:
        return clusters
    return narrow_clusters(clusters, {each.id for each in _evidence(filters)})


def _evidence(filters: Filters) -> list[Evidence]:
    services = current()
    now = format_instant(services.clock())
    return gap_store.read_evidence(services.database.connection, filters, now=now)


def find_gap(gap_id: str) -> Cluster:
    """The group that holds this evidence, among samples when nowhere else; raise GapNotFound."""
    try:
        return find_cluster(find_clusters(Filters()), gap_id)
    except GapNotFound:
        return find_cluster(find_clusters(Filters(samples=True)), gap_id)


def find_gaps(filters: Filters, *, state: str, limit: int) -> list[PlacedGap]:
    """The dearest gaps of a state ("" for those that wait: open, there again, being written)."""
    services = current()
    marks = gap_store.read_marks(services.database.connection)
    wanted = (state,) if state else ("open", "again", "working")
    found = [gap for gap in plan_gaps(find_clusters(filters), marks) if gap.state in wanted]
    generation = services.engine.status().index_generation
    day = services.clock().replace(hour=12, minute=0, second=0, microsecond=0)
    return [
        PlacedGap(
            gap,
            _home(services.engine, generation, gap.samples[0], day, services.database.bounds),
        )
        for gap in found[:limit]
    ]


@lru_cache(maxsize=512)
def _home(
    engine: Engine, generation: str, text: str, day: datetime, bounds: Bounds | None
) -> Suggestion | None:
    """Where a text belongs, kept while the index stays what it is (``generation``), for those who
    see alike (``bounds``)."""
    del generation, bounds
    return engine.find_home(text, now=day)


def gap_as_dict(placed: PlacedGap) -> Json:
    """A gap as JSON."""
    gap, home = placed.gap, placed.home
    return {
        "id": gap.id,
        "label": gap.label,
        "state": gap.state,
        "points": round(gap.cost.points, 2),
        "cases": gap.cost.cases,
        "returns": gap.cost.returns,
        "overdue_hours": round(gap.cost.overdue_hours, 1),
        "kinds": dict(gap.kinds),
        "samples": list(gap.samples),
        "first_at": gap.first_at,
        "last_at": gap.last_at,
        "found": [{"target": target, "times": times} for target, times in gap.found],
        "home": {
            "article_id": home.target_id,
            "title": home.title,
            "chapter": home.details["chapter"],
            "section": home.details["section"],
            "section_name": home.details["section_name"],
            "confidence": home.confidence,
        }
        if home
        else None,
        "mark": {
            "state": gap.mark.state,
            "reason": gap.mark.reason,
            "agent": gap.mark.agent,
            "at": gap.mark.at,
        }
        if gap.mark
        else None,
    }


def gaps_as_dict(found: list[PlacedGap], filters: Filters) -> Json:
    """The list of gaps as JSON."""
    return {
        "filters": filters_as_dict(filters),
        "formula": FORMULA,
        "gaps": [gap_as_dict(each) for each in found],
    }


def gap_rows(found: list[PlacedGap]) -> list[Json]:
    """The list of gaps as rows."""
    rows = []
    for each in found:
        row = gap_as_dict(each)
        home = row["home"] or {}
        rows.append(
            row
            | {
                "samples": " ／ ".join(row["samples"]),
                "home_id": home.get("article_id", ""),
                "home_section": home.get("section", ""),
                "home_title": home.get("title", ""),
            }
        )
    return rows


def rule_as_dict() -> Json:
    """When a review task opens by itself."""
    return {
        "test": "Fisher exact, one-sided; Benjamini-Hochberg",
        "least_settled": LEAST_SETTLED,
        "least_others": LEAST_OTHERS,
        "false_alarms": FALSE_ALARMS,
    }


def read_task_id(text: str) -> int:
    """The number of a review task as it stands in an address; raise ReviewTaskNotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise ReviewTaskNotFound(text, field="task_id")
    return int(text)
