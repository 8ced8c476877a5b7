"""Whether a closing held or came back, whenever it is learnt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import InvalidInput
from kb.importing import import_tickets
from kb.returning import closing_before, plan_return
from kb.store import outcomes, tickets
from kb.ticket import Outcome, Ticket
from kb.times import format_instant
from tests.kb.small import NOW, make_ticket

AGENT = "甲"
CLOSED = Outcome("TS1", 0, "pending", "", None, format_instant(NOW))
HELD = replace(CLOSED, state="stayed_closed", settled_at="x")
BACK = replace(CLOSED, state="came_back", reason="reopened", settled_at="x")


def days(count: float) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(
    ("before", "happened", "learnt", "state", "reason"),
    [
        (CLOSED, 1, 1, "came_back", "repeat"),
        (CLOSED, 30, 30, "came_back", "repeat"),
        (CLOSED, 31, 31, "stayed_closed", ""),
        (HELD, 31, 31, "stayed_closed", ""),
        (HELD, 29, 60, "came_back", "repeat"),
        (CLOSED, 29, 60, "came_back", "repeat"),
        (BACK, 2, 2, "came_back", "reopened"),
        (BACK, 40, 40, "came_back", "reopened"),
    ],
)
def test_a_fact_counts_by_the_day_it_came_about(
    before: Outcome, happened: int, learnt: int, state: str, reason: str
) -> None:
    after = plan_return(
        before, "repeat", happened=NOW + days(happened), now=NOW + days(learnt), repeat_days=30
    )
    assert (after.state, after.reason) == (state, reason)
    if after != before:
        assert after.settled_at == format_instant(NOW + days(learnt))


def test_a_fact_belongs_to_the_closing_it_came_after() -> None:
    second = replace(CLOSED, closing=1, closed_at=format_instant(NOW + days(10)))
    known = [CLOSED, second]
    places = [closing_before(known, NOW + days(count)) for count in (-1, 0, 9, 10, 50)]
    assert [each and each.closing for each in places] == [None, 0, 0, 1, 1]


def closed(desk: Desk, *, at: float = 0.0) -> Ticket:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    closing = Closing("换了尾纤", none_fit=True)
    return desk.close(ticket.ticket_no, closing, agent=AGENT, now=NOW + days(at))


def trace(desk: Desk, ticket: Ticket) -> list[tuple[str, str, str]]:
    changes = outcomes.read_trace(desk.database.connection, ticket.ticket_no)
    return [(each.from_state, each.to_state, each.reason) for each in changes]


CLOSE = ("", "pending", "")
SETTLE = ("pending", "stayed_closed", "")


def escalate(desk: Desk, ticket: Ticket, *, happened: float | None, now: float) -> Ticket:
    return desk.escalate(
        ticket.ticket_no,
        reason="转工信部",
        happened=None if happened is None else NOW + days(happened),
        agent=AGENT,
        now=NOW + days(now),
    )


def call_back(desk: Desk, ticket: Ticket, *, happened: float | None, now: float) -> Ticket:
    return desk.call_back(
        ticket.ticket_no,
        satisfied=False,
        satisfaction=None,
        comment="",
        happened=None if happened is None else NOW + days(happened),
        agent=AGENT,
        now=NOW + days(now),
    )


def take_in_repeat(desk: Desk, ticket: Ticket, *, happened: float, now: float) -> None:
    again = make_ticket(
        repeat_of=ticket.ticket_no, accepted_at=format_instant(NOW + days(happened))
    )
    desk.create(again, agent=AGENT, now=NOW + days(now))


def come_back(desk: Desk, ticket: Ticket, reason: str, *, happened: float, now: float) -> None:
    """The customer was back on a day, which is written down on another."""
    if reason == "repeat":
        take_in_repeat(desk, ticket, happened=happened, now=now)
    elif reason == "escalated":
        escalate(desk, ticket, happened=happened, now=now)
    elif reason == "callback":
        call_back(desk, ticket, happened=happened, now=now)
    else:
        desk.reopen(ticket.ticket_no, reason="又断", agent=AGENT, now=NOW + days(happened))


@pytest.mark.parametrize("reason", ["repeat", "reopened", "escalated", "callback"])
def test_each_reason_within_the_window_brings_a_closing_back(desk: Desk, reason: str) -> None:
    ticket = closed(desk)
    come_back(desk, ticket, reason, happened=29, now=29)
    assert trace(desk, ticket) == [CLOSE, ("pending", "came_back", reason)]
    assert desk.settle(now=NOW + days(60)) == 0


@pytest.mark.parametrize("reason", ["repeat", "reopened", "escalated", "callback"])
def test_each_reason_after_the_window_leaves_a_settled_closing(desk: Desk, reason: str) -> None:
    ticket = closed(desk)
    assert desk.settle(now=NOW + days(31)) == 1
    come_back(desk, ticket, reason, happened=31, now=31)
    assert trace(desk, ticket) == [CLOSE, SETTLE]


@pytest.mark.parametrize("reason", ["repeat", "escalated", "callback"])
def test_a_late_fact_from_within_the_window_turns_a_settled_closing(
    desk: Desk, reason: str
) -> None:
    ticket = closed(desk)
    desk.settle(now=NOW + days(31))
    come_back(desk, ticket, reason, happened=20, now=50)
    assert trace(desk, ticket) == [CLOSE, SETTLE, ("stayed_closed", "came_back", reason)]
    last = outcomes.read_trace(desk.database.connection, ticket.ticket_no)[-1]
    assert (last.at, last.happened_at) == (
        format_instant(NOW + days(50)),
        format_instant(NOW + days(20)),
    )


def test_a_late_fact_reaches_the_closing_before_a_reopening(desk: Desk) -> None:
    ticket = closed(desk)
    desk.reopen(ticket.ticket_no, reason="又断", agent=AGENT, now=NOW + days(40))
    closing = Closing("又换了尾纤", none_fit=True)
    desk.close(ticket.ticket_no, closing, agent=AGENT, now=NOW + days(41))
    escalate(desk, ticket, happened=20, now=50)
    known = outcomes.read_outcomes(desk.database.connection, ticket.ticket_no)
    assert [(each.state, each.reason) for each in known] == [
        ("came_back", "escalated"),
        ("pending", ""),
    ]


def test_an_open_ticket_is_escalated_without_an_outcome(desk: Desk) -> None:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    assert escalate(desk, ticket, happened=None, now=1).escalated
    assert trace(desk, ticket) == []


def test_a_fact_cannot_lie_ahead_or_before_what_it_is_about(desk: Desk) -> None:
    ticket = closed(desk)
    for wrong in (2.0, -1.0):
        with pytest.raises(InvalidInput) as refused:
            escalate(desk, ticket, happened=wrong, now=1)
        assert refused.value.field == "escalated_at"
        with pytest.raises(InvalidInput) as refused:
            call_back(desk, ticket, happened=wrong, now=1)
        assert refused.value.field == "called_at"
    assert trace(desk, ticket) == [CLOSE]


def test_many_outcomes_settle_in_one_call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.desk.SETTLED_AT_ONCE", 2)
    for _ in range(4):
        closed(desk)
    assert desk.settle(now=NOW + days(31)) == 4


# --- learnt from a file ----------------------------------------------------------------------


def row(name: str, *, at: float, **more: str) -> dict[str, str]:
    accepted = format_instant(NOW + days(at))
    return {"id": name, "accepted_at": accepted, "text": "断网", **more}


def take_in(database: Database, *rows: dict[str, str], now: float) -> None:
    report = import_tickets(database, rows, source="crm", now=NOW + days(now), repeat_days=30)
    assert report.refused == []


def imported(database: Database) -> list[tuple[str, str, str]]:
    changes = outcomes.read_trace(database.connection, "TS20260311000001")
    return [(each.from_state, each.to_state, each.reason) for each in changes]


FIRST = row("a", at=0, resolution="换了尾纤", closed_at=format_instant(NOW))


@pytest.mark.parametrize(
    ("again", "last"),
    [(20, [("stayed_closed", "came_back", "repeat")]), (31, []), (-0.5, [])],
)
def test_a_repeat_imported_later_counts_by_its_own_day(
    database: Database, again: float, last: list[tuple[str, str, str]]
) -> None:
    take_in(database, FIRST, now=60)
    assert imported(database) == [("", "stayed_closed", "")]
    take_in(database, row("b", at=again, repeat_of="a"), now=61)
    assert imported(database) == [("", "stayed_closed", ""), *last]
    take_in(database, row("b", at=again, repeat_of="a"), now=62)
    assert len(imported(database)) == 1 + len(last)


def test_a_repeat_in_the_same_file_counts_wherever_it_stands(database: Database) -> None:
    take_in(database, row("b", at=5, repeat_of="a"), FIRST, now=60)
    known = outcomes.read_outcomes(database.connection, "TS20260311000001")
    assert [(each.state, each.reason) for each in known] == [("came_back", "repeat")]


def test_a_row_put_right_after_its_repeat_keeps_what_came_back(database: Database) -> None:
    take_in(database, FIRST, now=10)
    take_in(database, row("b", at=5, repeat_of="a"), now=11)
    take_in(database, FIRST | {"resolution": "换了光猫"}, now=12)
    assert imported(database) == [("", "pending", ""), ("pending", "came_back", "repeat")]
    assert tickets.read_ticket(database.connection, "TS20260311000001").resolution == "换了光猫"


def test_what_a_row_says_of_its_first_outcome_is_traced(database: Database) -> None:
    said = FIRST | {"outcome": "came_back", "came_back_reason": "callback"}
    take_in(database, said, now=60)
    assert imported(database) == [("", "came_back", "callback")]
