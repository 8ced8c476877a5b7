"""Calls that ring, and links that open them once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from kb.calls import follow_link, read_caller, sign_link, take_call
from kb.database import Database
from kb.desk import Desk
from kb.errors import CallNotFound, InvalidInput, LinkSpent
from kb.store import calls
from tests.kb.small import NOW, make_ticket

NUMBER = "13912345678"


def ring(database: Database, call_id: str = "c1", *, days: int = 0, text: str = "") -> calls.Call:
    at = NOW + timedelta(days=days)
    return take_call(database, call_id, number=NUMBER, queue="宽带", text=text, now=at)


def test_only_the_mask_and_the_hash_of_a_number_are_kept(database: Database) -> None:
    call = ring(database, text="我的号13912345678断网了")
    row = dict(database.connection.execute("SELECT * FROM call").fetchone())
    assert NUMBER not in json.dumps(row)
    assert call.service_number == "139****5678"
    assert len(call.number_hash) == 64


def test_a_call_told_again_takes_the_place_of_what_was_told(database: Database) -> None:
    ring(database)
    ring(database, text="断网了")
    assert calls.read_call(database.connection, "c1").text == "断网了"


def test_calls_are_forgotten_after_a_week(database: Database) -> None:
    ring(database)
    ring(database, "c2", days=8)
    with pytest.raises(CallNotFound):
        calls.read_call(database.connection, "c1")


def test_a_number_that_is_none_is_refused_without_repeating_it(database: Database) -> None:
    with pytest.raises(InvalidInput) as refused:
        take_call(database, "c1", number="139****5678", queue="", text="", now=NOW)
    assert "139" not in str(refused.value)


def test_a_link_opens_its_call_once_and_for_a_minute(database: Database) -> None:
    token = sign_link(database, "来电/1", now=NOW)
    assert NUMBER not in token
    assert follow_link(database, token, now=NOW + timedelta(seconds=59)) == "来电/1"
    with pytest.raises(LinkSpent):
        follow_link(database, token, now=NOW + timedelta(seconds=59))
    late = sign_link(database, "c1", now=NOW)
    with pytest.raises(LinkSpent):
        follow_link(database, late, now=NOW + timedelta(seconds=62))


@pytest.mark.parametrize("place", ["payload", "signature"])
def test_a_link_that_was_tampered_with_opens_nothing(database: Database, place: str) -> None:
    payload, signature = sign_link(database, "c1", now=NOW).split(".")
    other = sign_link(database, "c2", now=NOW).split(".")
    token = f"{other[0]}.{signature}" if place == "payload" else f"{payload}.{'0' * 64}"
    with pytest.raises(LinkSpent):
        follow_link(database, token, now=NOW)


@pytest.mark.parametrize("token", ["", ".", "x", "x.y", "é.é"])
def test_what_is_no_link_opens_nothing(database: Database, token: str) -> None:
    with pytest.raises(LinkSpent):
        follow_link(database, token, now=NOW)


def test_a_caller_is_known_by_the_tickets_of_ninety_days(desk: Desk) -> None:
    for days, text in ((120, "很早"), (60, "早些"), (5, "最近")):
        at = NOW - timedelta(days=days)
        ticket = make_ticket(description=text, accepted_at=at.isoformat(), status="open")
        ticket = desk.create(ticket, number=NUMBER, agent="甲", now=at)
        if days > 90:
            desk.database.connection.execute(
                "UPDATE ticket SET status = 'closed', closed_at = ? WHERE ticket_no = ?",
                (at.isoformat(), ticket.ticket_no),
            )
    call = ring(desk.database)
    caller = read_caller(desk.database.connection, call, repeat_days=30, now=NOW)
    assert [ticket.description for ticket in caller.tickets] == ["最近", "早些"]
    assert (caller.count, caller.recent) == (2, 1)
    unknown = take_call(desk.database, "c9", number="", queue="", text="", now=NOW)
    assert read_caller(desk.database.connection, unknown, repeat_days=30, now=NOW).count == 0
