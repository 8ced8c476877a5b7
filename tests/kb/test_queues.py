"""Queues, who has a ticket, and the call after a closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from kb import dispatching
from kb.database import Database
from kb.desk import Closing, Desk
from kb.dispatching import WorkOrder, draft_order
from kb.errors import InvalidInput, StaleVersion, TicketConflict
from kb.queues import QUEUES, due_of, is_late, queue_of
from kb.store import handbook, queues, tickets
from kb.store.queues import QUEUE_SQL, QueueFilter
from kb.ticket import Ticket
from kb.times import format_instant
from tests.kb.small import NOW, make_ticket

AGENT = "甲"
DUE = format_instant(NOW)


def add(database: Database, **changes: Any) -> Ticket:
    ticket = make_ticket(**changes)
    with database.transaction() as connection:
        tickets.add_ticket(connection, ticket, now=NOW)
    return ticket


def create(desk: Desk, **changes: Any) -> Ticket:
    return desk.create(make_ticket(**changes), agent=AGENT, now=NOW)


def close(desk: Desk, ticket: Ticket) -> Ticket:
    closing = Closing(resolution="换了尾纤", none_fit=True)
    return desk.close(ticket.ticket_no, closing, agent=AGENT, now=NOW)


def call(desk: Desk, ticket: Ticket, *, satisfied: bool | None, hours: int) -> Ticket:
    return desk.call_back(
        ticket.ticket_no,
        satisfied=satisfied,
        satisfaction=None,
        comment="",
        agent="乙",
        now=NOW + timedelta(hours=hours),
    )


def test_the_rule_and_its_sql_name_the_same_queue_for_every_kind_of_ticket(
    database: Database,
) -> None:
    kinds = product(("open", "closed"), ("", AGENT), (None, DUE), (None, DUE))
    expected = {}
    for number, (status, assignee, dispatched, callback) in enumerate(kinds):
        ticket = add(
            database,
            ticket_no=f"TS{number}",
            status=status,
            assignee=assignee,
            dispatched_at=dispatched,
            callback_due=callback,
        )
        expected[ticket.ticket_no] = queue_of(ticket)
    found = {
        ticket.ticket_no: queue
        for queue in QUEUES
        for ticket in queues.read_queue(database.connection, QueueFilter(queue))
    }
    assert found == expected
    assert set(QUEUE_SQL) == set(expected.values()) == set(QUEUES)


def test_a_ticket_passes_through_all_queues(desk: Desk) -> None:
    ticket = create(desk)
    passed = [queue_of(ticket)]
    ticket = dispatching.take(desk.database, ticket.ticket_no, agent=AGENT, now=NOW)
    passed.append(queue_of(ticket))
    ticket = close(desk, ticket)
    passed.append(queue_of(ticket))
    ticket = call(desk, ticket, satisfied=True, hours=1)
    passed.append(queue_of(ticket))
    assert passed == list(QUEUES)
    assert queue_of(desk.reopen(ticket.ticket_no, reason="又断", agent=AGENT, now=NOW)) == "working"


def test_what_is_due_first_comes_first_and_no_due_time_last(database: Database) -> None:
    for name, due in (("TS1", None), ("TS2", 3), ("TS3", -5), ("TS4", 1)):
        due_at = None if due is None else format_instant(NOW + timedelta(hours=due))
        add(database, ticket_no=name, due_at=due_at)
    wanted = QueueFilter("waiting")
    found = queues.read_queue(database.connection, wanted)
    assert [ticket.ticket_no for ticket in found] == ["TS3", "TS4", "TS2", "TS1"]
    assert [is_late(ticket, now=NOW) for ticket in found] == [True, False, False, False]
    counts = queues.count_queues(database.connection, now=NOW)
    assert (counts["waiting"].tickets, counts["waiting"].late) == (4, 1)


@pytest.mark.parametrize("queue", QUEUES)
def test_pages_follow_without_gap_or_double(database: Database, queue: str) -> None:
    state: dict[str, dict[str, Any]] = {
        "waiting": {},
        "working": {"assignee": AGENT},
        "callback": {"status": "closed"},
        "archived": {"status": "closed"},
    }
    for number in range(7):
        at = format_instant(NOW + timedelta(hours=number // 2))
        times = {"due_at": at if number % 3 else None, "closed_at": at}
        times["callback_due"] = at if queue == "callback" else None
        add(database, ticket_no=f"TS{number}", **times, **state[queue])
    seen: list[str] = []
    while page := queues.read_queue(
        database.connection, QueueFilter(queue), after=seen[-1] if seen else "", limit=2
    ):
        seen += [ticket.ticket_no for ticket in page]
    whole = queues.read_queue(database.connection, QueueFilter(queue))
    assert seen == [ticket.ticket_no for ticket in whole]
    assert len(set(seen)) == 7


def test_a_queue_is_narrowed_by_person_class_and_department(database: Database) -> None:
    add(database, ticket_no="TS1", assignee=AGENT, category="060101", responsible_dept="装维")
    add(database, ticket_no="TS2", assignee="乙", category="010101", responsible_dept="计费")

    def numbers(**wanted: str) -> list[str]:
        found = queues.read_queue(database.connection, QueueFilter("working", **wanted))
        return [ticket.ticket_no for ticket in found]

    assert numbers() == ["TS1", "TS2"]
    assert (
        numbers(assignee=AGENT) == numbers(category="06") == numbers(department="装维") == ["TS1"]
    )
    assert numbers(category="060101", department="计费") == []
    mine = queues.count_queues(database.connection, assignee="乙", now=NOW)
    assert mine["working"].tickets == 1


def test_two_agents_cannot_both_take_a_ticket(desk: Desk) -> None:
    number = create(desk).ticket_no
    dispatching.take(desk.database, number, agent=AGENT, now=NOW)
    with pytest.raises(TicketConflict, match="已由 甲 认领"):
        dispatching.take(desk.database, number, agent="乙", now=NOW)
    dispatching.take(desk.database, number, agent=AGENT, now=NOW)
    actions = [each.action for each in tickets.read_events(desk.database.connection, number)]
    assert actions == ["created", "assigned"]


def test_a_ticket_given_back_waits_again(desk: Desk) -> None:
    number = create(desk).ticket_no
    order = WorkOrder("家庭客户装维中心", "请上门", person="张工")
    sent = dispatching.dispatch(desk.database, number, order, agent=AGENT, now=NOW)
    assert (sent.assignee, queue_of(sent)) == ("张工", "working")
    back = dispatching.assign(desk.database, number, "", agent=AGENT, now=NOW)
    assert queue_of(back) == "waiting"


def test_a_change_meanwhile_is_not_overwritten(desk: Desk) -> None:
    ticket = create(desk)
    dispatching.take(desk.database, ticket.ticket_no, agent=AGENT, now=NOW)
    with pytest.raises(StaleVersion):
        dispatching.assign(
            desk.database, ticket.ticket_no, "乙", version=ticket.version, agent="丙", now=NOW
        )


def test_an_order_is_written_down_masked_and_whoever_took_it_in_keeps_it(desk: Desk) -> None:
    number = create(desk).ticket_no
    dispatching.take(desk.database, number, agent=AGENT, now=NOW)
    due = format_instant(NOW + timedelta(hours=4))
    order = WorkOrder("网络部", "联系13812345678，查光路", due_at=due)
    sent = dispatching.dispatch(desk.database, number, order, agent=AGENT, now=NOW)
    assert (sent.responsible_dept, sent.assignee) == ("网络部", AGENT)
    event = tickets.read_events(desk.database.connection, number)[-1]
    assert event.action == "dispatched"
    assert event.detail == f"网络部，{due[:16].replace('T', ' ')} 前回单\n联系138****5678，查光路"


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (WorkOrder("", "请上门"), "department"),
        (WorkOrder("网络部", " \n"), "text"),
        (WorkOrder("网络部", "请上门", due_at="2020-01-01T00:00"), "due_at"),
        (WorkOrder("网络部", "请上门", due_at="明天"), "due_at"),
    ],
)
def test_an_order_that_cannot_be_followed_names_what_is_wrong(
    desk: Desk, order: WorkOrder, field: str
) -> None:
    number = create(desk).ticket_no
    with pytest.raises(InvalidInput) as refused:
        dispatching.dispatch(desk.database, number, order, agent=AGENT, now=NOW)
    assert refused.value.field == field
    assert tickets.read_ticket(desk.database.connection, number).dispatched_at is None


def test_a_closed_ticket_is_not_dispatched(desk: Desk) -> None:
    number = close(desk, create(desk)).ticket_no
    with pytest.raises(TicketConflict):
        dispatching.dispatch(
            desk.database, number, WorkOrder("网络部", "请上门"), agent=AGENT, now=NOW
        )


def test_the_draft_of_an_order_says_what_is_known_and_what_must_be_answered(desk: Desk) -> None:
    ticket = create(desk, category="060101", description="断网" * 400, customer_demand="今天修好")
    category = handbook.read_category(desk.database.connection, "060101")
    text = draft_order(ticket, category)
    for words in (ticket.ticket_no, category.name, "今天修好", "请写明已查了什么", "回单请答"):
        assert words in text
    assert len(text) < 1000
    found = draft_order(replace(ticket, root_cause="收光 −29"), None)
    assert "已查明：收光 −29" in found


def test_the_customer_is_called_within_a_day_and_once_more_within_two(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    assert ticket.callback_due == format_instant(NOW + timedelta(hours=24))
    assert due_of(ticket) == ticket.callback_due
    ticket = call(desk, ticket, satisfied=None, hours=3)
    assert ticket.callback_due == format_instant(NOW + timedelta(hours=51))
    ticket = call(desk, ticket, satisfied=None, hours=30)
    assert (queue_of(ticket), ticket.callback_result) == ("archived", "no_answer")


@pytest.mark.parametrize("satisfied", [True, False])
def test_a_customer_who_was_reached_is_not_called_again(desk: Desk, satisfied: bool) -> None:
    ticket = call(desk, close(desk, create(desk)), satisfied=satisfied, hours=3)
    assert queue_of(ticket) == "archived"


def test_each_closing_is_called_about_anew(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    for hours in (1, 2):
        call(desk, ticket, satisfied=None, hours=hours)
    desk.reopen(ticket.ticket_no, reason="又断", agent=AGENT, now=NOW)
    ticket = close(desk, ticket)
    assert (queue_of(ticket), ticket.callback_result) == ("callback", "")
    assert call(desk, ticket, satisfied=None, hours=3).callback_due is not None
