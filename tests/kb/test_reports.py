"""Every figure of the reports, counted again by plain SQL over a history of 1,500 tickets."""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from kb.database import Database, create_database
from kb.errors import InvalidInput
from kb.intervals import share_interval
from kb.reports import building
from kb.reports.grouping import tenure_group
from kb.reports.measures import SMALL, Filters, Measure
from kb.store import reports
from tests.history import BEGIN, DAYS, make_history

NOW = BEGIN.replace(month=9)
Count = Callable[..., Any]
WHOLE = Filters()
PART = Filters(since=date(2026, 3, 20), until=date(2026, 5, 15), category="0601", channel="hotline")
SAMPLES = Filters(samples=True, department="计费部", region="江苏")
ALL_FILTERS = pytest.mark.parametrize(
    "filters", [WHOLE, PART, SAMPLES], ids=["all", "part", "samples"]
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = create_database(tmp_path_factory.mktemp("history") / "kb.db")
    make_history(database.connection, tickets=1_500)
    return database


@pytest.fixture(scope="module")
def connection(history: Database) -> sqlite3.Connection:
    return history.connection


def tickets(filters: Filters) -> str:
    """The tickets of a report, said once more and otherwise."""
    return (
        "ticket_no IN (SELECT ticket_no FROM ticket WHERE"
        f" date(accepted_at, '+8 hours') BETWEEN '{filters.since or '2000-01-01'}'"
        f" AND '{filters.until or '2100-01-01'}'"
        f" AND category LIKE '{filters.category}%'"
        f" AND (responsible_dept = '{filters.department}' OR '{filters.department}' = '')"
        f" AND (region = '{filters.region}' OR '{filters.region}' = '')"
        f" AND (channel = '{filters.channel}' OR '{filters.channel}' = '')"
        f" AND is_sample <= {int(filters.samples)})"
    )


def count(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0] or 0)


def measured(connection: sqlite3.Connection, filters: Filters, by: str = "") -> list[Measure]:
    return list(building.build_outcomes(connection, filters, by=by, now=NOW).measures)


def figure(measures: list[Measure], key: str) -> Measure:
    (found,) = [each for each in measures if each.key == key]
    return found


CLOSED = "SELECT count(*) FROM ticket_event AS e WHERE action = 'closed' AND e.{tickets}"
LINK = (
    " AND EXISTS (SELECT 1 FROM ticket_knowledge_link AS l WHERE l.ticket_no = e.ticket_no"
    " AND l.closing = e.closing{more})"
)
SOLUTION = LINK.format(more=" AND knowledge_usage = 'solution'")
STATE = (
    " AND (SELECT state FROM ticket_outcome AS o WHERE o.ticket_no = e.ticket_no"
    " AND o.closing = e.closing) {test}"
)
SEEN = (
    "EXISTS (SELECT 1 FROM suggestion_session AS s, impression AS i WHERE s.id = i.session_id"
    " AND s.ticket_no = e.ticket_no AND s.is_training = 0 AND i.displayed_at IS NOT NULL"
    " AND s.created_at <= e.at)"
)
ADOPTED = (
    "(EXISTS (SELECT 1 FROM ticket_knowledge_link AS l, impression AS i, suggestion_session AS s"
    " WHERE l.ticket_no = e.ticket_no AND l.closing = e.closing AND l.impression_id = i.id"
    " AND i.session_id = s.id AND s.is_training = 0"
    " AND l.knowledge_usage IN ('reference', 'solution'))"
    " OR EXISTS (SELECT 1 FROM suggestion_event AS v, impression AS i, suggestion_session AS s"
    " WHERE v.action = 'answer_copied' AND v.undone_at IS NULL AND v.impression_id = i.id"
    " AND i.session_id = s.id AND s.is_training = 0 AND s.ticket_no = e.ticket_no"
    " AND v.at <= e.at AND v.at > coalesce((SELECT max(b.at) FROM ticket_event AS b"
    " WHERE b.action = 'closed' AND b.ticket_no = e.ticket_no AND b.closing < e.closing), '')))"
)
SHARES: dict[str, tuple[str, str]] = {
    "link_rate": ("", LINK.format(more="")),
    "link_accuracy": (
        SOLUTION + STATE.format(test="<> 'pending'"),
        STATE.format(test="= 'stayed_closed'"),
    ),
    "adoption_rate": (f" AND ({SEEN} OR {ADOPTED})", f" AND {ADOPTED}"),
    "self_found_rate": (
        SOLUTION,
        LINK.format(more=" AND knowledge_usage = 'solution' AND found_by <> 'suggested'"),
    ),
    "none_fit_rate": ("", " AND e.detail = 'none_fit'"),
    "came_back_rate": (
        STATE.format(test="IN ('stayed_closed', 'came_back')"),
        STATE.format(test="= 'came_back'"),
    ),
}


@ALL_FILTERS
@pytest.mark.parametrize("key", SHARES)
def test_a_share_of_closings_is_what_sql_counts(
    connection: sqlite3.Connection, filters: Filters, key: str
) -> None:
    among, counts = SHARES[key]
    closed = CLOSED.format(tickets=tickets(filters))
    total = count(connection, closed + among)
    found = figure(measured(connection, filters), key)
    assert total > 20
    assert (found.count, found.total) == (count(connection, closed + among + counts), total)
    assert found.interval == share_interval(found.count or 0, total)


def session_clause(filters: Filters) -> str:
    period = (
        f" AND date(s.created_at, '+8 hours') BETWEEN '{filters.since or '2000-01-01'}'"
        f" AND '{filters.until or '2100-01-01'}'"
    )
    whole = Filters(
        category=filters.category,
        department=filters.department,
        region=filters.region,
        channel=filters.channel,
        samples=filters.samples,
    )
    return f"s.is_training = 0 AND s.{tickets(whole)}" + period


@ALL_FILTERS
def test_coverage_and_abstention_are_what_sql_counts(
    connection: sqlite3.Connection, filters: Filters
) -> None:
    clause = session_clause(filters)
    measures = measured(connection, filters)
    asked = f"SELECT count(DISTINCT s.ticket_no) FROM suggestion_session AS s WHERE {clause}"
    found = figure(measures, "coverage")
    assert found.total == count(connection, asked)
    assert found.count == count(connection, asked + " AND s.abstained = 0")
    sessions = f"SELECT count(*) FROM suggestion_session AS s WHERE {clause}"
    found = figure(measures, "abstention_rate")
    assert found.total == count(connection, sessions) > 20
    assert found.count == count(connection, sessions + " AND s.abstained = 1")


@ALL_FILTERS
def test_the_mean_reciprocal_rank_is_what_sql_counts(
    connection: sqlite3.Connection, filters: Filters
) -> None:
    rows = connection.execute(
        "SELECT (SELECT i.position FROM impression AS i, suggestion_session AS s"
        " WHERE i.id = l.impression_id AND s.id = i.session_id AND s.is_training = 0) AS place"
        " FROM ticket_event AS e JOIN ticket_knowledge_link AS l USING (ticket_no, closing)"
        f" WHERE action = 'closed' AND knowledge_usage = 'solution' AND e.{tickets(filters)}"
        " AND EXISTS (SELECT 1 FROM suggestion_session AS s WHERE s.ticket_no = e.ticket_no"
        " AND s.is_training = 0 AND s.created_at <= e.at)"
    ).fetchall()
    ranks = [1 / row["place"] if row["place"] else 0.0 for row in rows]
    found = figure(measured(connection, filters), "solution_mrr")
    assert found.total == len(ranks) > 20
    assert found.interval is not None
    assert found.interval.value == pytest.approx(statistics.fmean(ranks))
    assert found.interval.low < found.interval.value < found.interval.high


@ALL_FILTERS
@pytest.mark.parametrize(("key", "sign"), [("hours_adopted", ""), ("hours_other", "NOT ")])
def test_the_median_hours_are_what_sql_counts(
    connection: sqlite3.Connection, filters: Filters, key: str, sign: str
) -> None:
    rows = connection.execute(
        "SELECT (julianday(e.at) - julianday(ticket.accepted_at)) * 24 FROM ticket_event AS e"
        " JOIN ticket USING (ticket_no) WHERE action = 'closed' AND e.closing = 0"
        f" AND e.{tickets(filters)} AND {sign}{ADOPTED}"
    ).fetchall()
    found = figure(measured(connection, filters), key)
    assert found.total == len(rows) > 20
    assert found.interval is not None
    wanted = statistics.median(row[0] for row in rows)
    assert found.interval.value == pytest.approx(wanted, abs=0.001)
    assert found.interval.low <= wanted <= found.interval.high + 0.001


@ALL_FILTERS
@pytest.mark.parametrize(
    ("part", "column"), [("classes", "substr(category, 1, 2)"), ("departments", "responsible_dept")]
)
def test_overdue_is_what_sql_counts(
    connection: sqlite3.Connection, filters: Filters, part: str, column: str
) -> None:
    if filters.category:
        column = column.replace("1, 2", "1, 6")
    report = building.build_outcomes(connection, filters, by="", now=NOW)
    measures = report.overdue_classes if part == "classes" else report.overdue_departments
    rows = connection.execute(
        f"SELECT {column} AS code, total(CASE WHEN closed_at > due_at THEN 1"
        f" WHEN status = 'open' AND due_at < '{NOW.isoformat()}' THEN 1 END) AS late, count(*) AS n"
        f" FROM ticket WHERE due_at IS NOT NULL AND {tickets(filters)} GROUP BY code"
    ).fetchall()
    assert {each.group: (each.count, each.total) for each in measures} == {
        row["code"]: (int(row["late"]), row["n"]) for row in rows
    }
    assert rows


@ALL_FILTERS
def test_weeks_add_up_to_all_closings(connection: sqlite3.Connection, filters: Filters) -> None:
    report = building.build_outcomes(connection, filters, by="", now=NOW)
    rows = connection.execute(
        "SELECT date(e.at, '+8 hours', '-6 days', 'weekday 1') AS monday, state, count(*) AS n"
        " FROM ticket_event AS e JOIN ticket_outcome USING (ticket_no, closing)"
        f" WHERE action = 'closed' AND e.{tickets(filters)} GROUP BY monday, state"
    ).fetchall()
    found = {
        (group.code, state): number
        for group, states in report.weeks
        for state, number in states.items()
        if number
    }
    assert found == {(row["monday"], row["state"]): row["n"] for row in rows}


@ALL_FILTERS
def test_versions_and_fixes_that_come_back_are_what_sql_counts(
    connection: sqlite3.Connection, filters: Filters
) -> None:
    report = building.build_articles(connection, filters)
    rows = connection.execute(
        "SELECT target_id || '@' || target_version AS item, total(state = 'came_back') AS back,"
        " count(*) AS n FROM ticket_knowledge_link AS l JOIN ticket_outcome USING"
        " (ticket_no, closing) WHERE knowledge_usage = 'solution' AND state <> 'pending'"
        f" AND target_type = 'procedure' AND l.{tickets(filters)} GROUP BY item"
    ).fetchall()
    assert {each.group: (each.count, each.total) for each in report.versions} == {
        row["item"]: (int(row["back"]), row["n"]) for row in rows
    }
    rows = connection.execute(
        "SELECT t.category || ':' || t.fix AS item, total(state = 'came_back') AS back,"
        " count(*) AS n FROM ticket AS t JOIN ticket_outcome AS o ON o.ticket_no = t.ticket_no"
        " WHERE o.closing = (SELECT max(closing) FROM ticket_outcome WHERE ticket_no = t.ticket_no)"
        f" AND fix <> '' AND state <> 'pending' AND t.{tickets(filters)} GROUP BY item"
    ).fetchall()
    wanted = {row["item"]: (int(row["back"]), row["n"]) for row in rows if row["back"]}
    assert {each.group: (each.count, each.total) for each in report.fixes} == wanted
    assert len(wanted) >= 2


def test_the_use_of_articles_is_what_sql_counts(connection: sqlite3.Connection) -> None:
    for each in building.build_articles(connection, PART).usage:
        seen = count(
            connection,
            "SELECT count(*) FROM impression JOIN suggestion_session AS s ON s.id = session_id"
            f" WHERE target_id = '{each.target_id}' AND displayed_at IS NOT NULL"
            f" AND is_training = 0 AND s.{tickets(PART)}",
        )
        used = [
            count(
                connection,
                "SELECT count(*) FROM ticket_knowledge_link WHERE"
                f" target_id = '{each.target_id}' AND knowledge_usage = '{usage}'"
                f" AND {tickets(PART)}",
            )
            for usage in ("reference", "solution")
        ]
        assert [each.shown, each.references, each.solutions] == [seen, *used]
        assert seen > 0


def test_searches_are_what_plain_counting_gives(connection: sqlite3.Connection) -> None:
    rows = [
        dict(row) for row in connection.execute("SELECT * FROM search_record WHERE is_training = 0")
    ]
    known = {row["id"] for row in rows}
    followers = {row["previous"] for row in rows}
    last = [row for row in rows if row["id"] not in followers]
    reworded = [row for row in last if row["previous"] in known]
    measures = list(building.build_searches(connection, WHOLE).measures)
    lost = figure(measures, "no_result_rate")
    assert (lost.count, lost.total) == (sum(row["hits"] == 0 for row in rows), len(rows))
    again = figure(measures, "reworded_rate")
    assert (again.count, again.total) == (len(reworded), len(last))
    given_up = figure(measures, "given_up_rate")
    assert given_up.count == sum(row["hits"] == 0 for row in last)
    each = figure(measures, "searches_each")
    assert each.interval is not None
    assert each.interval.value == pytest.approx(len(rows) / len(last))
    assert len(reworded) > 20


def test_lost_words_and_chains_are_told(connection: sqlite3.Connection) -> None:
    report = building.build_searches(connection, WHOLE)
    first = report.lost[0]
    row = connection.execute(
        "SELECT sum(hits = 0), count(*) FROM search_record WHERE is_training = 0"
        " AND query_masked = ?",
        (first.group,),
    ).fetchone()
    assert (first.count, first.total) == tuple(row)
    assert not report.chains[0].found
    assert len(report.chains[0].queries) == 3


@pytest.mark.parametrize(
    "by", ["tenure", "view", "category", "department", "region", "channel", "week"]
)
def test_groups_add_up_to_the_whole(connection: sqlite3.Connection, by: str) -> None:
    whole = {each.key: each for each in measured(connection, PART)}
    parts: dict[str, list[Measure]] = {}
    for each in measured(connection, PART, by):
        parts.setdefault(each.key, []).append(each)
    for key, found in parts.items():
        if key == "coverage":
            continue  # two agents may ask for one ticket
        assert sum(each.total for each in found) == whole[key].total
        if whole[key].count is not None:
            assert sum(each.count or 0 for each in found) == whole[key].count


def test_tenure_runs_from_the_first_record_of_the_name(connection: sqlite3.Connection) -> None:
    first = {
        row["agent"]: row["day"]
        for row in connection.execute(
            "SELECT agent, min(at) AS day FROM (SELECT agent, at FROM ticket_event UNION ALL"
            " SELECT agent, created_at FROM suggestion_session UNION ALL"
            " SELECT agent, created_at FROM search_record) GROUP BY agent"
        )
    }
    rows = connection.execute(
        f"SELECT agent, at FROM ticket_event AS e WHERE action = 'closed' AND {tickets(WHOLE)}"
    ).fetchall()
    wanted: dict[str, int] = {}
    for row in rows:
        days = (
            date.fromisoformat(row["at"][:10]) - date.fromisoformat(first[row["agent"]][:10])
        ).days
        code = "0" if days < 30 else "1" if days < 90 else "2"
        wanted[code] = wanted.get(code, 0) + 1
    found = [each for each in measured(connection, WHOLE, "tenure") if each.key == "link_rate"]
    assert {each.group: each.total for each in found} == wanted
    assert len(wanted) == 3


@pytest.mark.parametrize(
    ("first", "code"),
    [("", "9"), ("2026-03-01", "0"), ("2026-02-01", "1"), ("2025-12-01", "2"), ("2024-01-01", "3")],
)
def test_tenure_is_told_in_four_steps(first: str, code: str) -> None:
    assert tenure_group(first, "2026-03-11T09:00:00+08:00").code == code


def test_few_cases_are_said_in_words(connection: sqlite3.Connection) -> None:
    narrow = Filters(since=BEGIN.date(), until=BEGIN.date())
    found = figure(measured(connection, narrow), "link_rate")
    assert 0 < found.total < SMALL
    assert found.is_small
    assert found.says == f"只有 {found.total} 次办结，样本太少，仅供参考"
    nothing = figure(measured(connection, Filters(category="99")), "link_rate")
    assert nothing.interval is None
    assert nothing.says == "没有办结，算不出"


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        Filters(since=date(2026, 3, 2), until=date(2026, 3, 1))
    assert refused.value.field == "until"


def test_the_whole_history_is_within_its_days(connection: sqlite3.Connection) -> None:
    facts = reports.read_closings(connection, WHOLE)
    assert min(fact.accepted_at for fact in facts) >= BEGIN.isoformat()
    assert len({fact.accepted_at[:10] for fact in facts}) > DAYS // 2
