"""Ticket files are taken in row by row: kept or refused with the reason, and known again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb.database import Database
from kb.desk import Closing, Desk
from kb.importing import ImportReport, import_tickets
from kb.rows import Refusal
from kb.store import queue, tickets
from kb.store.outcomes import read_outcomes
from kb.ticket import Ticket
from tests.kb.small import NOW

ROW: dict[str, Any] = {
    "key": "a-1",
    "category": "060101",
    "accepted_at": "2026-01-05T09:00",
    "description": "家里断网，红灯亮",
    "root_cause": "尾纤折断",
    "fix": "更换尾纤",
    "resolution": "上门换了尾纤，光功率正常",
    "hours": 5.5,
    "satisfaction": 9,
    "outcome": "stayed_closed",
}


def row(**changes: Any) -> dict[str, Any]:
    return ROW | changes


def take(database: Database, *rows: Mapping[str, Any], source: str = "old") -> ImportReport:
    return import_tickets(database, iter(rows), source=source, now=NOW, repeat_days=30)


def found(database: Database, key: str = "a-1", source: str = "old") -> Ticket:
    ticket = tickets.find_external(database.connection, source, key)
    assert ticket is not None
    return ticket


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, len(report.refused)


def reason(database: Database, **changes: Any) -> str:
    report = take(database, row(**changes))
    assert counts(report) == (0, 0, 0, 1)
    return report.refused[0].reason


def test_a_row_with_a_resolution_is_a_closed_ticket(database: Database) -> None:
    assert counts(take(database, row())) == (1, 0, 0, 0)
    ticket = found(database)
    assert (ticket.status, ticket.closings) == ("closed", 1)
    assert ticket.closed_at == "2026-01-05T14:30:00+08:00"
    assert ticket.ticket_no == "TS20260105000001"
    assert (ticket.urgency, ticket.responsible_dept) == ("P2", "装维中心")
    outcomes = read_outcomes(database.connection, ticket.ticket_no)
    assert [(item.closing, item.state) for item in outcomes] == [(0, "stayed_closed")]
    resolved = tickets.read_resolved(database.connection, [ticket.ticket_no])
    assert [item.state for item in resolved] == ["stayed_closed"]


def test_a_row_without_resolution_is_an_open_ticket(database: Database) -> None:
    take(database, row(resolution="", outcome=""))
    ticket = found(database)
    assert (ticket.status, ticket.closings, ticket.closed_at) == ("open", 0, None)
    assert read_outcomes(database.connection, ticket.ticket_no) == []


def test_importing_again_changes_nothing(database: Database) -> None:
    rows = [
        row(),
        row(key="a-2", outcome="", number="13812345678"),
        row(key="a-3", repeat_of="a-1"),
    ]
    take(database, *rows)
    before = [found(database, key) for key in ("a-1", "a-2", "a-3")]
    queued = queue.last_queued(database.connection)
    assert counts(take(database, *rows)) == (0, 0, 3, 0)
    assert [found(database, key) for key in ("a-1", "a-2", "a-3")] == before
    assert queue.last_queued(database.connection) == queued


def test_a_row_that_says_something_new_updates_its_ticket(database: Database) -> None:
    take(database, row())
    number = found(database).ticket_no
    assert counts(take(database, row(root_cause="接头脏"))) == (0, 1, 0, 0)
    ticket = found(database)
    assert (ticket.ticket_no, ticket.root_cause, ticket.version) == (number, "接头脏", 2)
    assert counts(take(database, row(root_cause="接头脏"))) == (0, 0, 1, 0)


def test_the_same_words_in_another_file_form_are_no_news(database: Database) -> None:
    take(database, row())
    assert counts(take(database, row(hours="5.5", satisfaction="9"))) == (0, 0, 1, 0)


def test_a_changed_outcome_alone_is_taken_over(database: Database) -> None:
    take(database, row())
    changed = row(outcome="came_back", came_back_reason="reopened")
    assert counts(take(database, changed)) == (0, 1, 0, 0)
    outcomes = read_outcomes(database.connection, found(database).ticket_no)
    assert [(item.state, item.reason) for item in outcomes] == [("came_back", "reopened")]


def test_a_row_never_undoes_what_happened_at_the_desk(database: Database, desk: Desk) -> None:
    take(database, row())
    number = found(database).ticket_no
    desk.reopen(number, reason="又断了", agent="甲", now=NOW)
    take(database, row(description="家里又断网", resolution="别的办法"))
    ticket = found(database)
    assert ticket.description == "家里又断网"
    assert (ticket.status, ticket.reopened) == ("open", 1)
    assert ticket.resolution == ROW["resolution"]


def test_a_desk_s_closing_is_kept_when_the_row_brings_another(
    database: Database, desk: Desk
) -> None:
    take(database, row(resolution="", outcome=""))
    number = found(database).ticket_no
    desk.close(number, Closing("坐席办结", none_fit=True), agent="甲", now=NOW)
    take(database, row(resolution="别处办结"))
    assert found(database).resolution == "坐席办结"
    assert found(database).none_fit


def test_an_open_ticket_is_closed_by_a_later_row(database: Database) -> None:
    take(database, row(resolution="", outcome=""))
    assert counts(take(database, row())) == (0, 1, 0, 0)
    assert found(database).status == "closed"
    assert len(read_outcomes(database.connection, found(database).ticket_no)) == 1


def test_two_sources_may_use_the_same_ids(database: Database) -> None:
    take(database, row(), source="one")
    assert counts(take(database, row(), source="two")) == (1, 0, 0, 0)
    assert found(database, source="one").ticket_no != found(database, source="two").ticket_no


def test_a_refused_row_stops_no_other(database: Database) -> None:
    report = take(database, row(), row(key="a-2", accepted_at=""), row(key="a-3"))
    assert counts(report) == (2, 0, 0, 1)
    assert report.refused == [Refusal(2, "a-2", "accepted_at：缺受理时间")]
    assert report.rows == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"key": ""}, "id"),
        ({"key": "x" * 201}, "id"),
        ({"accepted_at": "昨天"}, "accepted_at"),
        ({"accepted_at": "2026-02-30"}, "accepted_at"),
        ({"accepted_at": "0001-01-01"}, "accepted_at"),
        ({"closed_at": "2026-01-04"}, "closed_at"),
        ({"closed_at": "x"}, "closed_at"),
        ({"category": "999999"}, "category"),
        ({"channel": "telepathy"}, "channel"),
        ({"area": "moon"}, "area"),
        ({"urgency": "P9"}, "urgency"),
        ({"satisfaction": 11}, "satisfaction"),
        ({"satisfaction": 0}, "satisfaction"),
        ({"satisfaction": 7.5}, "satisfaction"),
        ({"satisfaction": "好"}, "satisfaction"),
        ({"satisfaction": True}, "satisfaction"),
        ({"hours": -1}, "hours"),
        ({"hours": 1e300}, "hours"),
        ({"hours": [1]}, "hours"),
        ({"outcome": "gone"}, "outcome"),
        ({"outcome": "came_back", "came_back_reason": "magic"}, "came_back_reason"),
        ({"description": ["x"]}, "description"),
        ({"description": {"x": 1}}, "description"),
        ({"description": True}, "description"),
        ({"description": 1.5}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"description": "长" * 20_001}, "description"),
        ({"description": "", "title": ""}, "description"),
        ({"description": "\x00\x01"}, "description"),
        ({"number": "1.38E+10"}, "number"),
        ({"number": "1" * 33}, "number"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_refusal_names_the_field(database: Database, changes: dict[str, Any], field: str) -> None:
    assert reason(database, **changes).startswith(f"{field}：")


def test_words_of_another_scheme_leave_the_class_open(database: Database) -> None:
    take(database, row(category="城乡建设"), row(key="a-2", category=None))
    assert found(database).category == found(database, "a-2").category == ""


def test_a_code_that_lost_its_zero_gets_it_back(database: Database) -> None:
    take(database, row(category=60101))
    assert found(database).category == "060101"


def test_spreadsheet_times_are_read(database: Database) -> None:
    take(database, row(accepted_at="2026/1/5 9:05"), row(key="a-2", accepted_at="2026.1.5"))
    assert found(database).accepted_at == "2026-01-05T09:05:00+08:00"
    assert found(database, "a-2").accepted_at == "2026-01-05T00:00:00+08:00"


def test_personal_data_is_masked_before_anything_is_kept(database: Database) -> None:
    said = "我叫李明，电话13812345678，身份证11010519491231002X"
    take(database, row(description=said, resolution="已回电13812345678", number="13812345678"))
    ticket = found(database)
    assert ticket.description == "我叫李*，电话138****5678，身份证110***********002X"
    assert ticket.resolution == "已回电138****5678"
    assert ticket.service_number == "138****5678"
    assert len(ticket.number_hash) == 64
    dump = "\n".join(database.connection.iterdump())
    assert "13812345678" not in dump
    assert "11010519491231002" not in dump


def test_a_repeat_is_tied_to_what_it_repeats_wherever_that_stands(database: Database) -> None:
    take(
        database,
        row(key="later", repeat_of="first"),
        row(key="first"),
        row(key="lost", repeat_of="nowhere"),
    )
    assert found(database, "later").repeat_of == found(database, "first").ticket_no
    assert found(database, "later").is_repeat
    assert found(database, "lost").is_repeat
    assert found(database, "lost").repeat_of is None
    take(database, row(key="second", repeat_of="first"))
    assert found(database, "second").repeat_of == found(database, "first").ticket_no


def test_an_outcome_not_told_follows_from_the_age_of_the_closing(database: Database) -> None:
    take(
        database,
        row(key="old", outcome="", accepted_at="2026-01-05"),
        row(key="new", outcome="", accepted_at="2026-03-01"),
    )
    for key, state in (("old", "stayed_closed"), ("new", "pending")):
        outcomes = read_outcomes(database.connection, found(database, key).ticket_no)
        assert [item.state for item in outcomes] == [state]


def test_samples_are_marked_as_such(database: Database) -> None:
    take(database, row(), source="sample")
    take(database, row(), source="old")
    assert found(database, source="sample").is_sample
    assert not found(database, source="old").is_sample


def test_ticket_numbers_follow_on_within_a_day(database: Database) -> None:
    take(database, *(row(key=f"k{place}") for place in range(120)))
    numbers = sorted(found(database, f"k{place}").ticket_no for place in range(120))
    assert numbers == [f"TS20260105{place:06d}" for place in range(1, 121)]


def test_finding_rows_again_uses_the_indexes(database: Database) -> None:
    connection = database.connection
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    take(database, row(number="13812345678"), row())
    connection.set_trace_callback(None)
    queries = [query for query in asked if query.startswith("SELECT") and "FROM ticket " in query]
    assert queries
    for query in queries:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        assert all("SEARCH" in step["detail"] for step in plan), query


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.uuids(),
    st.dictionaries(
        st.sampled_from([*ROW, "number", "title", "repeat_of", "closed_at", "wrong"]), values
    ),
)
def test_any_row_is_kept_or_refused(
    database: Database, source: object, noise: dict[str, Any]
) -> None:
    report = take(database, row() | noise, row(key="good"), source=str(source))
    assert report.rows == 2
    assert len(report.refused) <= 1
