"""Instants and lengths of time as words on pages."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kb.times import BEIJING
from web.labels import describe_hours, describe_remaining, format_clock


def test_a_clock_time_is_that_of_beijing() -> None:
    assert format_clock("2026-03-13T01:20:00+00:00") == "2026-03-13 周五 09:20"
    assert format_clock(None) == ""


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (59, "还有 59 分"),
        (200, "还有 3 小时 20 分"),
        (3000, "还有 2 天 2 小时"),
        (-61, "已超 1 小时 1 分"),
    ],
)
def test_time_left_is_told_in_two_units(minutes: int, words: str) -> None:
    now = datetime(2026, 3, 11, 9, 20, tzinfo=BEIJING)
    due = (now + timedelta(minutes=minutes)).isoformat()
    assert describe_remaining(due, now) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [(None, "不详"), (0.5, "30 分钟"), (18.5, "18.5 小时"), (96.0, "4 天")],
)
def test_a_length_of_time_is_told_in_a_fitting_unit(hours: float | None, words: str) -> None:
    assert describe_hours(hours) == words
