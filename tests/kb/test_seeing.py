"""Which view of the desk somebody gets who never chose one."""

from __future__ import annotations

from datetime import datetime

import pytest

from kb.seeing import VIEWS, view_by_tenure
from kb.times import BEIJING

NOW = datetime(2026, 11, 20, 0, 30, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (None, "novice"),
        ("2026-11-19T23:59:00+08:00", "novice"),
        ("2026-08-23T00:00:00+08:00", "novice"),
        ("2026-08-22T23:59:00+08:00", "regular"),
        ("2020-01-01T00:00:00+08:00", "regular"),
    ],
)
def test_the_first_ninety_days_are_those_of_a_novice(first: str | None, code: str) -> None:
    assert view_by_tenure(first, NOW) == code


def test_only_the_view_of_a_novice_explains_and_only_that_of_an_expert_is_brief() -> None:
    assert [code for code, view in VIEWS.items() if view.explains and view.steps] == ["novice"]
    assert [code for code, view in VIEWS.items() if view.is_brief] == ["expert"]
    assert VIEWS["expert"].items < VIEWS["regular"].items
