"""Resolved tickets become ways of fixing, counted whole and shown without copies."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import pytest

from indexer.engine import Engine
from indexer.past_fixes import (
    FixTallies,
    choose_examples,
    fix_id,
    group_fixes,
    stay_rate,
    thin_copies,
)
from kb.database import Database
from kb.store.fixes import FixTally, read_fix_versions, tally_fixes
from kb.store.outcomes import save_outcome
from kb.store.tickets import ResolvedTicket, add_ticket, update_ticket
from kb.suggestion import SuggestionRequest
from kb.ticket import Outcome, Ticket
from tests.conftest import START

PIGTAIL = ("060101", "换光猫尾纤")


def resolved(number: str, fix: str, state: str = "stayed_closed", **other: str) -> ResolvedTicket:
    values = {
        "ticket_no": number,
        "accepted_at": "2026-03-01T09:00:00+08:00",
        "closed_at": "2026-03-01T15:00:00+08:00",
        "region": "",
        "category": "060101",
        "title": "",
        "description": f"{number}家的红灯",
        "root_cause": "尾纤",
        "resolution": "网友您好。已更换入户尾纤，复测正常。",
        "reason": "",
        **other,
    }
    return ResolvedTicket(fix=fix, state=state, is_sample=True, **values)


def tally(fix: str, stayed: int, came_back: int = 0) -> FixTally:
    day = "2026-03-01T15:00:00+08:00"
    return FixTally("060101", fix, stayed + came_back, stayed, came_back, 6.0, day, True)


def close(
    connection: sqlite3.Connection, number: str, *, hours: int, state: str, fix: str = PIGTAIL[1]
) -> None:
    ticket = Ticket(
        ticket_no=number,
        accepted_at="2026-03-01T09:00:00+08:00",
        closed_at=f"2026-03-01T{9 + hours:02}:00:00+08:00",
        category=PIGTAIL[0],
        description="红灯",
        fix=fix,
        resolution="已换",
        status="closed",
        closings=1,
    )
    add_ticket(connection, ticket, now=START)
    save_outcome(connection, outcome(number, state), now=START)


def outcome(number: str, state: str) -> Outcome:
    return Outcome(ticket_no=number, closing=0, settled_at=None, state=state, reason="")


@pytest.fixture
def connection(database: Database) -> sqlite3.Connection:
    """A database with five tickets of one way of fixing."""
    for number, hours, state in (
        ("X1", 2, "stayed_closed"),
        ("X2", 3, "stayed_closed"),
        ("X3", 8, "came_back"),
        ("X4", 5, "pending"),
        ("X5", 1, "stayed_closed"),
    ):
        close(database.connection, number, hours=hours, state=state)
    return database.connection


def test_all_tickets_of_a_fix_are_counted_in_the_database(connection: sqlite3.Connection) -> None:
    found = tally_fixes(connection, [PIGTAIL])[PIGTAIL]
    assert (found.tickets, found.stayed_closed, found.came_back) == (5, 3, 1)
    assert found.median_hours == 3.0
    assert found.last_seen == "2026-03-01T17:00:00+08:00"
    assert not found.is_sample
    assert tally_fixes(connection)[PIGTAIL] == found


def test_the_median_of_an_even_number_lies_between_both(connection: sqlite3.Connection) -> None:
    close(connection, "X6", hours=4, state="pending")
    assert tally_fixes(connection, [PIGTAIL])[PIGTAIL].median_hours == 3.5


def test_counts_follow_every_change_at_once(connection: sqlite3.Connection) -> None:
    tallies = FixTallies()
    tallies.load(connection)
    assert tallies.read(connection, [PIGTAIL])[PIGTAIL].came_back == 1
    save_outcome(connection, outcome("X4", "came_back"), now=START)
    assert tallies.read(connection, [PIGTAIL])[PIGTAIL].came_back == 2
    close(connection, "X6", hours=4, state="stayed_closed")
    assert tallies.read(connection, [PIGTAIL])[PIGTAIL].tickets == 6
    update_ticket(connection, "X6", {"fix": "换光猫"}, now=START)
    found = tallies.read(connection, [PIGTAIL, ("060101", "换光猫")])
    assert found[PIGTAIL].tickets == 5
    assert found["060101", "换光猫"].tickets == 1


def test_a_fix_whose_tickets_are_all_open_again_is_gone(connection: sqlite3.Connection) -> None:
    tallies = FixTallies()
    tallies.load(connection)
    for number in ("X1", "X2", "X3", "X4", "X5"):
        update_ticket(connection, number, {"status": "open"}, now=START)
    assert tallies.read(connection, [PIGTAIL]) == {}


def test_the_number_of_a_fix_never_falls(connection: sqlite3.Connection) -> None:
    before = read_fix_versions(connection, [PIGTAIL])[PIGTAIL]
    save_outcome(connection, outcome("X4", "pending"), now=START)
    save_outcome(connection, outcome("X4", "pending"), now=START)
    assert read_fix_versions(connection, [PIGTAIL])[PIGTAIL] > before


def test_tickets_of_one_class_and_label_are_one_fix() -> None:
    near = [resolved("a", "换尾纤"), resolved("b", "换尾纤"), resolved("c", "换光猫")]
    tallies = {("060101", "换尾纤"): tally("换尾纤", 31), ("060101", "换光猫"): tally("换光猫", 1)}
    fixes = group_fixes(near, {"a": 0.9, "b": 0.2, "c": 0.5}, {}, tallies)
    assert [(fix.id, fix.tally.tickets) for fix in fixes] == [
        (fix_id("060101", "换尾纤"), 31),
        (fix_id("060101", "换光猫"), 1),
    ]
    assert [ticket.ticket_no for ticket in fixes[0].examples] == ["a", "b"]


def test_a_fix_that_keeps_coming_back_falls_behind_an_equally_near_one() -> None:
    near = [resolved("a", "重启"), resolved("b", "换尾纤")]
    tallies = {("060101", "重启"): tally("重启", 0, 3), ("060101", "换尾纤"): tally("换尾纤", 3)}
    fixes = group_fixes(near, {"a": 0.8, "b": 0.8}, {}, tallies)
    assert [fix.label for fix in fixes] == ["换尾纤", "重启"]
    assert fixes[1].tally.came_back == 3


def test_tickets_without_a_label_are_grouped_by_what_was_written() -> None:
    near = [resolved("a", ""), resolved("b", ""), resolved("c", "", resolution="已退费到账")]
    terms = {"a": frozenset(["更换", "尾纤", "复测"]), "b": frozenset(["更换", "尾纤"])}
    terms["c"] = frozenset(["退费", "到账"])
    fixes = group_fixes(near, {"a": 0.9, "b": 0.8, "c": 0.7}, terms, {})
    assert [fix.tally.tickets for fix in fixes] == [2, 1]
    assert fixes[0].label == "已更换入户尾纤，复测正常"


def test_nearly_the_same_words_stand_once_among_the_examples() -> None:
    said = "昨晚打雷以后家里的宽带就断了，光猫上的红灯一直亮着，重启了三次都没有用"
    near = [
        resolved("a", "换尾纤", description=said),
        resolved("b", "换尾纤", description=f"{said}！"),
        resolved("c", "换尾纤", description=said.replace("三次", "两次")),
        resolved("d", "换尾纤", description="搬了沙发以后没网"),
    ]
    assert [ticket.ticket_no for ticket in choose_examples(near)] == ["a", "d"]


def test_copies_of_one_ticket_leave_room_for_others() -> None:
    found = [(place, 0.9) for place in range(50)] + [(50, 0.8), (51, 0.7)]
    assert thin_copies(found, most=5) == [(0, 0.9), (1, 0.9), (2, 0.9), (50, 0.8), (51, 0.7)]


def test_few_outcomes_move_the_stay_rate_little() -> None:
    assert stay_rate(0, 0) == pytest.approx(0.8)
    assert stay_rate(1, 0) < stay_rate(30, 0)
    assert stay_rate(0, 30) < 0.2


def test_a_suggested_fix_counts_all_its_tickets(engine: Engine, database: Database) -> None:
    now: datetime = START
    answer = engine.preview(SuggestionRequest("家里断网了光猫红灯"), now=now)
    shown = answer.past_fixes[0]
    counted = tally_fixes(database.connection)[str(shown.details["category"]), shown.title]
    assert shown.details["tickets"] == counted.tickets
    assert shown.details["median_hours"] == counted.median_hours
    assert shown.why.outcomes_total == counted.stayed_closed + counted.came_back
