"""Instants are aware, at Beijing time, and sort as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import InvalidInput
from kb.times import BEIJING, format_instant, now_beijing, parse_instant, to_beijing


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-11", "2026-03-11T00:00:00+08:00"),
        ("2026-03-11T09:20", "2026-03-11T09:20:00+08:00"),
        ("2026-03-11 09:20", "2026-03-11T09:20:00+08:00"),
        ("2026-03-11T09:20:30+08:00", "2026-03-11T09:20:30+08:00"),
        ("2026-03-11T01:20:00Z", "2026-03-11T09:20:00+08:00"),
        ("2026-03-10T23:20:00-02:00", "2026-03-11T09:20:00+08:00"),
        (" 2026-03-11T09:20 ", "2026-03-11T09:20:00+08:00"),
    ],
)
def test_an_instant_without_zone_is_beijing_time(text: str, meant: str) -> None:
    assert format_instant(parse_instant(text, field="from")) == meant


@pytest.mark.parametrize(
    "text",
    ["", "昨天", "2026-02-30", "2026-13-01", "1999-01-01", "2101-01-01", "0001-01-01T00:00Z"],
)
def test_what_is_no_instant_is_refused_by_the_field_s_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_instant(text, field="accepted_at")
    assert refused.value.field == "accepted_at"


moments = st.datetimes(
    min_value=datetime(2001, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without zone
    max_value=datetime(2099, 1, 1),  # noqa: DTZ001
)


@given(moments, moments)
def test_texts_sort_as_time_passes(one: datetime, other: datetime) -> None:
    one, other = one.replace(microsecond=0, tzinfo=UTC), other.replace(microsecond=0, tzinfo=UTC)
    assert (format_instant(one) < format_instant(other)) == (one < other)


@given(moments)
def test_a_formatted_instant_reads_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_instant(format_instant(moment), field="") == moment


def test_the_wall_clock_is_at_beijing_time() -> None:
    assert now_beijing().utcoffset() == BEIJING.utcoffset(None)
    assert to_beijing(now_beijing()).tzinfo is BEIJING
