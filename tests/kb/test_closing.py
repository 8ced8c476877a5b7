"""Tickets closed, and what comes afterwards: reopening, callbacks, settling."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from kb.chain import Chain, chain_as_dict, read_chain
from kb.database import Database
from kb.desk import Desk
from kb.errors import (
    ArticleNotFound,
    InvalidInput,
    TicketConflict,
    TicketNotFound,
)
from kb.linking import Target
from kb.store import links, outcomes, tickets
from kb.ticket import Outcome, Ticket
from tests.kb.small import NOW
from tests.kb.test_desk import AGENT, LIMIT, PROCEDURE, close, create, link, reopen, show, states

# --- closing ---------------------------------------------------------------------------------


def test_a_closing_needs_a_solution_or_says_that_none_fits(desk: Desk) -> None:
    ticket = create(desk)
    with pytest.raises(InvalidInput) as refused:
        close(desk, ticket, solution=None)
    assert refused.value.field == "solution"
    assert close(desk, ticket, none_fit=True).none_fit


def test_a_solution_linked_before_is_enough(desk: Desk) -> None:
    ticket = create(desk)
    link(desk, ticket, PROCEDURE, "solution")
    assert close(desk, ticket, solution=None).status == "closed"


def test_a_solution_and_none_fit_contradict_each_other(desk: Desk) -> None:
    ticket = create(desk)
    with pytest.raises(InvalidInput):
        close(desk, ticket, solution=PROCEDURE, none_fit=True)
    link(desk, ticket, PROCEDURE, "solution")
    with pytest.raises(InvalidInput) as refused:
        close(desk, ticket, none_fit=True)
    assert refused.value.field == "none_fit"


def test_the_solution_given_at_closing_replaces_the_one_before(desk: Desk) -> None:
    ticket = create(desk)
    link(desk, ticket, LIMIT, "solution")
    close(desk, ticket, solution=PROCEDURE)
    chain = read_chain(desk.database.connection, ticket.ticket_no)
    solutions = [item.target_id for item in chain.links if item.knowledge_usage == "solution"]
    assert solutions == ["P060101"]
    assert chain.solution is not None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"resolution": "  "}, "resolution"),
        ({"satisfaction": 0}, "satisfaction"),
        ({"satisfaction": 11}, "satisfaction"),
    ],
)
def test_a_wrong_closing_is_refused_by_field(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    ticket = create(desk)
    with pytest.raises(InvalidInput) as refused:
        close(desk, ticket, **changes)
    assert refused.value.field == field


def test_what_is_written_at_closing_is_masked(desk: Desk) -> None:
    closed = close(desk, create(desk), resolution="回电13812345678", root_cause="机主：张三丰，")
    assert (closed.resolution, closed.root_cause) == ("回电138****5678", "机主：张**，")


def test_a_closing_after_the_due_time_is_overdue(desk: Desk) -> None:
    assert not close(desk, create(desk)).overdue
    assert close(desk, create(desk), days=2).overdue


def test_a_ticket_is_closed_once(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    with pytest.raises(TicketConflict):
        close(desk, ticket)


def test_a_refused_closing_leaves_no_trace(desk: Desk) -> None:
    ticket = create(desk)
    target = Target(target_type="article", target_id="P999999")
    with pytest.raises(ArticleNotFound):
        close(desk, ticket, solution=target)
    chain = read_chain(desk.database.connection, ticket.ticket_no)
    assert chain.ticket == ticket
    assert [event.action for event in chain.events] == ["created"]


# --- afterwards ------------------------------------------------------------------------------


def test_the_whole_life_of_a_ticket_can_be_followed(desk: Desk, database: Database) -> None:
    ticket = create(desk)
    impression = show(database, ticket_no=ticket.ticket_no)
    close(desk, ticket, solution=Target(impression_id=impression))
    assert states(desk, ticket) == [(0, "pending", "")]
    reopen(desk, ticket)
    assert states(desk, ticket) == [(0, "came_back", "reopened")]
    again = close(desk, ticket, days=2, solution=LIMIT, resolution="换了光猫")
    assert (again.reopened, again.closings, again.status) == (1, 2, "closed")
    assert desk.settle(now=NOW + timedelta(days=31)) == 0
    assert desk.settle(now=NOW + timedelta(days=33)) == 1
    assert states(desk, ticket) == [(0, "came_back", "reopened"), (1, "stayed_closed", "")]
    chain: Chain = read_chain(database.connection, ticket.ticket_no)
    assert [event.action for event in chain.events] == [
        "created",
        "linked",
        "closed",
        "came_back",
        "reopened",
        "linked",
        "closed",
    ]
    assert [(item.target_id, item.closing) for item in chain.links] == [
        ("P060101", 0),
        ("TL001", 1),
    ]
    told = chain_as_dict(chain)
    assert told["sessions"][0]["impressions"][0]["events"][0]["action"] == "linked"
    assert "number_hash" not in told
    stayed = tickets.solution_outcomes(database.connection, ["P060101", "TL001"])
    assert stayed == {"P060101": (0, 1), "TL001": (1, 1)}


def test_only_a_closed_ticket_is_reopened_or_called_back(desk: Desk) -> None:
    ticket = create(desk)
    with pytest.raises(TicketConflict):
        reopen(desk, ticket)
    with pytest.raises(TicketConflict):
        call_back(desk, ticket, satisfied=True)


def call_back(desk: Desk, ticket: Ticket, *, satisfied: bool | None, days: int = 1) -> Ticket:
    return desk.call_back(
        ticket.ticket_no,
        satisfied=satisfied,
        satisfaction=None if satisfied is None else 9,
        comment="打13812345678说的",
        agent=AGENT,
        now=NOW + timedelta(days=days),
    )


@pytest.mark.parametrize(
    ("satisfied", "result", "state"),
    [
        (True, "satisfied", "pending"),
        (False, "dissatisfied", "came_back"),
        (None, "no_answer", "pending"),
    ],
)
def test_a_callback_settles_the_closing_only_when_the_customer_is_not_satisfied(
    desk: Desk, satisfied: bool | None, result: str, state: str
) -> None:
    ticket = close(desk, create(desk))
    called = call_back(desk, ticket, satisfied=satisfied)
    assert called.callback_result == result
    assert states(desk, ticket)[0][1] == state
    history = tickets.read_events(desk.database.connection, ticket.ticket_no)
    assert history[-1].detail == "打138****5678说的"


def test_a_wrong_mark_at_callback_is_refused(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    with pytest.raises(InvalidInput):
        desk.call_back(
            ticket.ticket_no, satisfied=True, satisfaction=11, comment="", agent=AGENT, now=NOW
        )


def test_after_the_window_a_closing_is_final(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    reopened = reopen(desk, ticket, days=40)
    assert reopened.status == "open"
    assert states(desk, ticket) == [(0, "stayed_closed", "")]


def test_what_came_back_stays_so_after_the_window(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    call_back(desk, ticket, satisfied=False)
    reopen(desk, ticket, days=40)
    assert states(desk, ticket) == [(0, "came_back", "callback")]


def test_settling_again_settles_nothing(desk: Desk) -> None:
    close(desk, create(desk))
    close(desk, create(desk), days=20)
    assert desk.settle(now=NOW + timedelta(days=31)) == 1
    assert desk.settle(now=NOW + timedelta(days=31)) == 0


def test_the_database_itself_keeps_one_solution_a_closing(desk: Desk, database: Database) -> None:
    ticket = create(desk)
    link(desk, ticket, PROCEDURE, "solution")
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute(
            "INSERT INTO ticket_knowledge_link SELECT ticket_no, 'time_limit', 'TL001', '1',"
            " 'solution', NULL, 'searched', '', linked_at, closing, NULL FROM ticket_knowledge_link"
        )


def test_an_unknown_ticket_is_named(desk: Desk) -> None:
    with pytest.raises(TicketNotFound):
        read_chain(desk.database.connection, "TS0")
    with pytest.raises(TicketNotFound):
        desk.reopen("TS0", reason="x", agent=AGENT, now=NOW)


def test_the_outcome_of_the_last_closing_is_what_past_fixes_see(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    reopen(desk, ticket)
    close(desk, ticket, days=2)
    with desk.database.transaction() as connection:
        stayed = Outcome(ticket.ticket_no, 1, "stayed_closed", "", None)
        outcomes.save_outcome(connection, stayed, now=NOW)
    resolved = tickets.read_resolved(desk.database.connection, [ticket.ticket_no])
    assert [item.state for item in resolved] == ["stayed_closed"]


def test_a_solution_taken_back_leaves_a_trace_and_makes_room(
    desk: Desk, database: Database
) -> None:
    ticket = create(desk)
    desk.link(ticket.ticket_no, PROCEDURE, "solution", agent=AGENT, now=NOW)
    desk.withdraw_solution(ticket.ticket_no, agent="乙", now=NOW)
    assert links.read_links(database.connection, ticket.ticket_no) == []
    history = tickets.read_events(database.connection, ticket.ticket_no)
    assert (history[-1].action, history[-1].agent) == ("unlinked", "乙")
    assert close(desk, ticket, none_fit=True).status == "closed"
