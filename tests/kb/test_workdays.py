"""The working-day calendar follows the State Council's notices, day by day."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest

from kb.handbook import Handbook
from kb.workdays import WorkCalendar, parse_calendar


@pytest.fixture(scope="module")
def calendar(shipped: Handbook) -> WorkCalendar:
    return parse_calendar(shipped.workdays)


def test_every_day_of_2025_and_2026_agrees_with_chinese_calendar(calendar: WorkCalendar) -> None:
    day = date(2025, 1, 1)
    while day < date(2027, 1, 1):
        assert calendar.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", [2025, 2026])
def test_a_published_year_has_248_working_days(calendar: WorkCalendar, year: int) -> None:
    days = (date(year, 1, 1) + timedelta(days=place) for place in range(365))
    assert sum(map(calendar.is_workday, days)) == 248


def test_a_year_without_notice_is_not_published(calendar: WorkCalendar) -> None:
    assert calendar.is_published(date(2026, 12, 31))
    assert not calendar.is_published(date(2027, 1, 1))
    assert not calendar.is_published(date(2024, 12, 31))


def test_statutory_days_of_an_unpublished_year_are_free(calendar: WorkCalendar) -> None:
    assert not calendar.is_workday(date(2027, 1, 1))
    assert calendar.is_workday(date(2027, 1, 4))


def test_a_makeup_day_is_worked_although_it_is_a_weekend(calendar: WorkCalendar) -> None:
    assert date(2026, 2, 14).weekday() == 5
    assert calendar.is_workday(date(2026, 2, 14))


def test_an_empty_calendar_knows_weekends_only() -> None:
    calendar = parse_calendar({})
    assert calendar.is_workday(date(2026, 10, 1))
    assert not calendar.is_workday(date(2026, 10, 3))
