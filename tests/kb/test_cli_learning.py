"""``kb learn``: what it learns, tells and turns off."""

from __future__ import annotations

from datetime import datetime

import pytest

from kb.desk import Desk
from kb.store import ranker
from kb.times import BEIJING
from tests.kb.closings import Case, close, settle, show
from tests.kb.running import Kb

LONG_AGO = datetime(2025, 3, 3, 9, 0, tzinfo=BEIJING)


@pytest.fixture
def worked(desk: Desk, kb: Kb) -> Kb:
    """Complaints that the procedure in the third place solved, and the first did not."""
    for number in range(26):
        chosen, stayed = ("S42", True) if number % 3 else ("P010101", False)
        shown = ("P010101", "S41", "S42")
        close(desk, Case(chosen=chosen, shown=shown, displayed=shown, stayed=stayed, at=LONG_AGO))
    settle(desk)
    return kb


def test_without_outcomes_there_is_nothing_to_learn(kb: Kb) -> None:
    told = kb("learn", "--json")
    assert told.code == 0
    assert told.data["state"] == "no_outcomes"
    assert "没有" in kb("learn").out


def test_outcomes_make_a_version_that_explains_itself(worked: Kb) -> None:
    learnt = worked("learn", "--json").data
    assert (learnt["state"], learnt["version"]) == ("accepted", "base-1+learned-1")
    assert learnt["choices"] == 26
    assert worked("learn", "--json").data["state"] == "unchanged"
    told = worked("learn", "--explain", "S42", "--json").data
    first = told["changes"][0]
    assert first["before"] == 0
    assert first["after"] > 0
    assert first["solutions"] > first["expected"]
    assert {"shown", "came_back", "expected_came_back", "context", "version"} <= set(first)
    lines = worked("learn", "--explain", "S42").out
    assert "所有投诉" in lines
    assert "应有" in lines
    down = worked("learn", "--explain", "P010101", "--json").data["changes"]
    assert down[0]["after"] < 0


def test_the_switch_and_the_version_can_be_changed_at_once(worked: Kb, desk: Desk) -> None:
    worked("learn")
    assert worked("learn", "--off", "--json").data == {
        "learning": False,
        "current": "base-1+learned-1",
    }
    assert not ranker.read_switch(desk.database.connection).learning
    assert worked("learn", "--on", "--json").data["learning"]
    assert worked("learn", "--use", "base", "--json").data["current"] == "base-1"
    assert worked("learn", "--use", "1", "--json").data["current"] == "base-1+learned-1"
    named = worked("learn", "--versions", "--json").data
    assert [each["name"] for each in named["versions"]] == ["base-1+learned-1"]
    assert named["versions"][0]["settings"]["lanes"]["procedure"]["choices"] == 26
    assert "启用过" in worked("learn", "--versions").out


def test_the_setting_is_told_of(worked: Kb) -> None:
    told = worked("learn", "--on", KB_LEARNING="off")
    assert "停用" in told.out
    assert "KB_LEARNING=off" in told.out


def test_an_article_that_was_never_adjusted_says_so(kb: Kb) -> None:
    assert kb("learn", "--explain", "P060101", "--json").data["changes"] == []
    assert "没有因结果调整过" in kb("learn", "--explain", "P060101").out


def test_a_past_fix_that_was_shown_but_never_adjusted_says_so(kb: Kb, desk: Desk) -> None:
    show(desk, Case(shown=("F060101-0a1b2c3d",), displayed=()))
    assert kb("learn", "--explain", "F060101-0a1b2c3d", "--json").data["changes"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        (("--explain", "NONE"), 1, "article_id"),
        (("--use", "latest"), 2, "--use"),
        (("--use", "7"), 1, "version"),
        (("--off", "--use", "base"), 2, "learn"),
        (("--sideways",), 2, "--sideways"),
    ],
)
def test_what_cannot_be_done_is_refused(
    kb: Kb,
    arguments: tuple[str, ...],
    code: int,
    field: str,
) -> None:
    refused = kb("learn", *arguments, "--json")
    assert refused.code == code
    assert refused.error["field"] == field
