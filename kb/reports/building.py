"""Whole reports: facts read, figures counted, names looked up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from kb.errors import InvalidInput
from kb.reports.articles import measure_fixes, measure_versions
from kb.reports.facts import UsageFact
from kb.reports.grouping import DIMENSIONS, Names
from kb.reports.measures import Filters, Group, Measure, measure_as_dict
from kb.reports.outcomes import OBSERVED, count_weeks, measure_outcomes, measure_overdue
from kb.reports.searches import Chain, list_chains, measure_lost, measure_searches
from kb.store import handbook, reports
from kb.times import format_instant

Json = dict[str, Any]
MOST_USED = 50
TENURE_NOTE = "还没有账号：坐席工龄从这个名字第一次出现在记录里的那天算起。"


@dataclass(frozen=True)
class OutcomeReport:
    """What was suggested, used and closed, and whether it stayed closed."""

    by: str
    measures: tuple[Measure, ...]
    weeks: tuple[tuple[Group, Mapping[str, int]], ...]
    overdue_classes: tuple[Measure, ...]
    overdue_departments: tuple[Measure, ...]


@dataclass(frozen=True)
class SearchReport:
    """Explicit searches, and what they did not find."""

    measures: tuple[Measure, ...]
    lost: tuple[Measure, ...]
    chains: tuple[Chain, ...]


@dataclass(frozen=True)
class Usage:
    """How often an article was seen and linked."""

    target_type: str
    target_id: str
    title: str
    shown: int
    references: int
    solutions: int


@dataclass(frozen=True)
class ArticleReport:
    """What came back, by the version of the article and by the way of fixing."""

    versions: tuple[Measure, ...]
    fixes: tuple[Measure, ...]
    usage: tuple[Usage, ...]


def build_outcomes(
    connection: sqlite3.Connection, filters: Filters, *, by: str, now: datetime
) -> OutcomeReport:
    """The report of the outcome loop, told apart by one of DIMENSIONS or not ("")."""
    if by and by not in DIMENSIONS:
        raise InvalidInput(f"应为 {'、'.join(DIMENSIONS)} 之一", field="by")
    categories = handbook.read_categories(connection)
    first_days = reports.read_first_days(connection) if by == "tenure" else {}
    names = Names(categories, first_days, filters.category)
    closings = reports.read_closings(connection, filters)
    sessions = reports.read_sessions(connection, filters)
    due = reports.count_due(connection, filters, now=format_instant(now))
    classes, departments = measure_overdue(due, names)
    return OutcomeReport(
        by=by,
        measures=tuple(measure_outcomes(closings, sessions, by, names)),
        weeks=tuple(count_weeks(closings)),
        overdue_classes=tuple(classes),
        overdue_departments=tuple(departments),
    )


def build_searches(connection: sqlite3.Connection, filters: Filters) -> SearchReport:
    """The report of explicit searches."""
    facts = reports.read_searches(connection, filters)
    return SearchReport(
        measures=tuple(measure_searches(facts)),
        lost=tuple(measure_lost(facts)),
        chains=tuple(list_chains(facts)),
    )


def build_articles(connection: sqlite3.Connection, filters: Filters) -> ArticleReport:
    """The report of articles and ways of fixing."""
    solutions = reports.count_solutions(connection, filters)
    usage = reports.count_usage(connection, filters)[:MOST_USED]
    versions = {(fact.target_id, fact.target_version) for fact in solutions}
    titles = handbook.read_titles(connection, sorted(versions))
    newest = handbook.read_newest_titles(connection, [fact.target_id for fact in usage])
    return ArticleReport(
        versions=tuple(measure_versions(solutions, titles)),
        fixes=tuple(
            measure_fixes(
                reports.count_fixes(connection, filters), handbook.read_categories(connection)
            )
        ),
        usage=tuple(_named(fact, newest) for fact in usage),
    )


def _named(fact: UsageFact, titles: Mapping[str, str]) -> Usage:
    title = titles.get(fact.target_id, fact.target_id)
    return Usage(
        fact.target_type, fact.target_id, title, fact.shown, fact.references, fact.solutions
    )


def filters_as_dict(filters: Filters) -> Json:
    """What a report is about, as JSON."""
    return {
        "from": filters.since.isoformat() if filters.since else None,
        "until": filters.until.isoformat() if filters.until else None,
        "category": filters.category,
        "department": filters.department,
        "region": filters.region,
        "channel": filters.channel,
        "samples": filters.samples,
    }


def outcomes_as_dict(report: OutcomeReport, filters: Filters) -> Json:
    """The report as JSON."""
    return {
        "filters": filters_as_dict(filters),
        "by": report.by,
        "measures": _dicts(report.measures),
        "weeks": [{"week": group.code, **states} for group, states in report.weeks],
        "overdue_by_category": _dicts(report.overdue_classes),
        "overdue_by_department": _dicts(report.overdue_departments),
        "notes": [OBSERVED, TENURE_NOTE],
    }


def searches_as_dict(report: SearchReport, filters: Filters) -> Json:
    """The report as JSON."""
    return {
        "filters": filters_as_dict(filters),
        "measures": _dicts(report.measures),
        "lost": _dicts(report.lost),
        "chains": [asdict(chain) | {"queries": list(chain.queries)} for chain in report.chains],
    }


def articles_as_dict(report: ArticleReport, filters: Filters) -> Json:
    """The report as JSON."""
    return {
        "filters": filters_as_dict(filters),
        "versions": _dicts(report.versions),
        "fixes": _dicts(report.fixes),
        "usage": [asdict(each) for each in report.usage],
    }


def sheet_of(tables: Mapping[str, Iterable[Measure]]) -> list[Json]:
    """Figures as rows of one table; ``table`` says which part of the report they are of."""
    return [
        {"table": name, **measure_as_dict(measure)}
        for name, measures in tables.items()
        for measure in measures
    ]


def _dicts(measures: Iterable[Measure]) -> list[Json]:
    return [measure_as_dict(measure) for measure in measures]
