"""Due times by the Civil Code, articles 200-204."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.deadlines import compute_deadline
from kb.errors import InvalidInput
from kb.handbook import read_workdays
from kb.settings import shipped_handbook
from kb.times import BEIJING, parse_instant
from kb.workdays import parse_calendar

CALENDAR = parse_calendar(read_workdays(shipped_handbook() / "tables" / "workdays.json"))


def due(start: str, value: float, unit: str) -> tuple[str, bool]:
    deadline = compute_deadline(parse_instant(start, field=""), value, unit, calendar=CALENDAR)
    return deadline.due_at.isoformat(), deadline.provisional


@pytest.mark.parametrize(
    ("start", "value", "unit", "day"),
    [
        ("2026-09-30T10:00", 15, "day", "2026-10-15"),
        ("2026-09-28T10:00", 5, "workday", "2026-10-10"),
        ("2026-02-12T10:00", 5, "workday", "2026-02-26"),
    ],
)
def test_the_worked_examples_of_the_domain_page(
    start: str, value: int, unit: str, day: str
) -> None:
    assert due(start, value, unit) == (f"{day}T23:59:59+08:00", False)


def test_days_that_end_on_a_rest_day_run_to_the_next_working_day() -> None:
    assert due("2026-09-17T08:00", 15, "day") == ("2026-10-08T23:59:59+08:00", False)
    assert due("2026-03-06T08:00", 8, "day") == ("2026-03-16T23:59:59+08:00", False)


def test_a_makeup_weekend_is_no_rest_day() -> None:
    assert due("2026-10-05T08:00", 5, "day") == ("2026-10-10T23:59:59+08:00", False)


@pytest.mark.parametrize(
    ("value", "unit", "at"),
    [
        (48, "hour", "2026-10-02T16:40:00+08:00"),
        (30, "minute", "2026-09-30T17:10:00+08:00"),
        (15, "second", "2026-09-30T16:40:15+08:00"),
        (0.5, "hour", "2026-09-30T17:10:00+08:00"),
    ],
)
def test_hours_run_on_through_holidays(value: float, unit: str, at: str) -> None:
    assert due("2026-09-30T16:40", value, unit) == (at, False)


def test_a_deadline_in_a_year_without_calendar_is_provisional() -> None:
    assert due("2026-12-25T10:00", 5, "workday")[1]
    assert due("2026-12-20T10:00", 15, "day")[1]
    assert not due("2026-12-20T10:00", 5, "workday")[1]
    assert not due("2026-12-30T10:00", 48, "hour")[1]


def test_days_pushed_by_new_year_s_rest_into_an_unknown_year_are_provisional() -> None:
    assert due("2026-12-25T10:00", 9, "day") == ("2027-01-04T23:59:59+08:00", True)


def test_the_starting_day_is_beijing_s_day() -> None:
    assert due("2026-03-10T17:00Z", 1, "workday")[0] == "2026-03-12T23:59:59+08:00"


@pytest.mark.parametrize(
    ("value", "unit", "field"),
    [
        (0, "day", "limit_value"),
        (-1, "hour", "limit_value"),
        (4000, "day", "limit_value"),
        (1.5, "workday", "limit_value"),
        (float("nan"), "hour", "limit_value"),
        (float("inf"), "hour", "limit_value"),
        (5, "month", "limit_unit"),
        (5, "", "limit_unit"),
    ],
)
def test_an_impossible_limit_is_refused(value: float, unit: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        due("2026-03-11T09:20", value, unit)
    assert refused.value.field == field


starts = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without zone
    max_value=datetime(2026, 11, 30),  # noqa: DTZ001
    timezones=st.just(BEIJING),
)


@given(starts, st.integers(min_value=1, max_value=60))
def test_working_days_count_exactly_the_worked_days_after_the_start(
    start: datetime, value: int
) -> None:
    last = compute_deadline(start, value, "workday", calendar=CALENDAR).due_at.date()
    span = (last - start.date()).days
    days = [start.date() + timedelta(days=place) for place in range(1, span + 1)]
    assert sum(map(CALENDAR.is_workday, days)) == value
    assert CALENDAR.is_workday(last)


@given(starts, st.integers(min_value=1, max_value=60))
def test_days_end_on_the_first_working_day_not_before_their_last(
    start: datetime, value: int
) -> None:
    last = compute_deadline(start, value, "day", calendar=CALENDAR).due_at.date()
    natural = start.date() + timedelta(days=value)
    between: list[date] = [
        natural + timedelta(days=place) for place in range((last - natural).days)
    ]
    assert last >= natural
    assert CALENDAR.is_workday(last)
    assert not any(map(CALENDAR.is_workday, between))


@given(starts, st.integers(min_value=1, max_value=40), st.sampled_from(["day", "workday", "hour"]))
def test_a_longer_limit_never_ends_earlier(start: datetime, value: int, unit: str) -> None:
    shorter = compute_deadline(start, value, unit, calendar=CALENDAR)
    longer = compute_deadline(start, value + 1, unit, calendar=CALENDAR)
    assert shorter.due_at <= longer.due_at


@given(starts, st.integers(min_value=1, max_value=500))
def test_hours_are_exact(start: datetime, value: int) -> None:
    deadline = compute_deadline(start, value, "hour", calendar=CALENDAR)
    assert deadline.due_at - start == timedelta(hours=value)
