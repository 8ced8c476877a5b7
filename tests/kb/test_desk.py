"""A ticket from taking in to what came after its closing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kb.chain import read_chain
from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import (
    ArticleNotFound,
    CategoryNotFound,
    ImpressionNotFound,
    InvalidInput,
    StaleVersion,
    TicketConflict,
    TicketNotFound,
    TimeLimitNotFound,
)
from kb.linking import Target
from kb.store import links, outcomes, sessions, tickets
from kb.store.sessions import Impression, Session
from kb.ticket import Ticket
from kb.times import format_instant
from tests.kb.small import NOW, make_ticket

PROCEDURE = Target(target_type="procedure", target_id="P060101")
LIMIT = Target(target_type="time_limit", target_id="TL001")
AGENT = "甲"


def create(desk: Desk, *, number: str = "", **changes: Any) -> Ticket:
    return desk.create(make_ticket(**changes), number=number, agent=AGENT, now=NOW)


def close(desk: Desk, ticket: Ticket, *, days: int = 0, **changes: Any) -> Ticket:
    given: dict[str, Any] = {"resolution": "换了尾纤"} | changes
    if "solution" not in given and "none_fit" not in given:
        given["solution"] = PROCEDURE
    closing = Closing(**given)
    return desk.close(ticket.ticket_no, closing, agent=AGENT, now=NOW + timedelta(days=days))


def reopen(desk: Desk, ticket: Ticket, *, days: int = 1) -> Ticket:
    at = NOW + timedelta(days=days)
    return desk.reopen(ticket.ticket_no, reason="又断了", agent=AGENT, now=at)


def states(desk: Desk, ticket: Ticket) -> list[tuple[int, str, str]]:
    known = outcomes.read_outcomes(desk.database.connection, ticket.ticket_no)
    return [(item.closing, item.state, item.reason) for item in known]


def show(database: Database, *, ticket_no: str | None = None, name: str = "s1") -> str:
    """Record a session that showed one procedure; return the impression's id."""
    session = Session(
        id=name,
        ticket_no=ticket_no,
        agent=AGENT,
        channel="api",
        query_masked="断网",
        query_hash="x",
        created_at=format_instant(NOW),
        index_generation="g1",
        ranker_version="r1",
        arm="",
        mode="hybrid",
        abstained=False,
        top_confidence="HIGH",
        took_ms=1.0,
    )
    impression = Impression(
        id=f"{name}-i1",
        session_id=name,
        target_type="procedure",
        target_id="P060101",
        target_version="1",
        position=1,
        score=0.9,
        confidence="HIGH",
        propensity=1.0,
        matched_terms=("断网",),
        title="宽带全断的处理",
        displayed_at=None,
    )
    with database.transaction() as connection:
        sessions.add_session(connection, session, [impression])
    return impression.id


# --- taking in -------------------------------------------------------------------------------


def test_a_new_ticket_gets_number_department_priority_and_due_time(desk: Desk) -> None:
    ticket = create(desk, area="urban")
    assert ticket.ticket_no == "TS20260311000001"
    assert (ticket.responsible_dept, ticket.urgency) == ("装维中心", "P2")
    assert ticket.due_at == "2026-03-12T09:20:00+08:00"
    assert create(desk).ticket_no == "TS20260311000002"
    assert tickets.read_ticket(desk.database.connection, ticket.ticket_no) == ticket


def test_a_ticket_without_class_is_taken_in_undated(desk: Desk) -> None:
    ticket = create(desk, category="")
    assert (ticket.due_at, ticket.urgency, ticket.responsible_dept) == (None, "", "")


def test_what_the_agent_says_of_department_and_priority_stands(desk: Desk) -> None:
    ticket = create(desk, responsible_dept="别的部门", urgency="P1")
    assert (ticket.responsible_dept, ticket.urgency) == ("别的部门", "P1")


def test_personal_data_is_masked_and_the_number_hashed(desk: Desk) -> None:
    ticket = create(
        desk,
        number="13812345678",
        description="我叫李明，打13812345678找我",
        region="金水区经三路8号",
    )
    assert ticket.description == "我叫李*，打138****5678找我"
    assert ticket.region == "金水区经三路***"
    assert ticket.service_number == "138****5678"
    assert len(ticket.number_hash) == 64
    assert "13812345678" not in "\n".join(desk.database.connection.iterdump())


def test_a_number_in_no_known_form_is_not_kept_either(desk: Desk) -> None:
    assert create(desk, number="62345678").service_number == "62****78"
    assert create(desk, service_number="ad12345678").service_number == "ad******78"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"description": "  ", "title": ""}, "description"),
        ({"channel": "pigeon"}, "channel"),
        ({"area": "moon"}, "area"),
        ({"urgency": "P9"}, "urgency"),
        ({"accepted_at": "昨天"}, "accepted_at"),
        ({"description": "长" * 20_001}, "description"),
        ({"repeat_of": "TS20200101000001"}, "repeat_of"),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_nothing_is_kept(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(desk, **changes)
    assert refused.value.field == field
    assert tickets.read_tickets(desk.database.connection) == []


def test_an_unknown_class_is_refused(desk: Desk) -> None:
    with pytest.raises(CategoryNotFound):
        create(desk, category="990101")


def test_a_ticket_number_is_given_once(desk: Desk) -> None:
    create(desk, ticket_no="TS20260311000009")
    with pytest.raises(TicketConflict):
        create(desk, ticket_no="TS20260311000009")
    assert create(desk).ticket_no == "TS20260311000010"


def test_numbers_of_another_form_do_not_disturb_the_count(desk: Desk) -> None:
    create(desk, ticket_no="TS20260311000000X")
    create(desk, ticket_no="TS202603110000001")
    assert create(desk).ticket_no == "TS20260311000001"


# --- repeats ---------------------------------------------------------------------------------


def repeat(desk: Desk, first: Ticket, **changes: Any) -> Ticket:
    """Take in a ticket of the same number that is decided to repeat ``first``."""
    return desk.create(
        make_ticket(**changes),
        number="138-1234-5678",
        find_repeat=lambda _: first.ticket_no,
        agent=AGENT,
        now=NOW,
    )


def test_a_ticket_found_to_repeat_is_tied_and_the_closing_came_back(desk: Desk) -> None:
    first = close(desk, create(desk, number="13812345678"))
    second = repeat(desk, first, accepted_at="2026-03-20T10:00")
    assert (second.is_repeat, second.repeat_of) == (True, first.ticket_no)
    assert states(desk, first) == [(0, "came_back", "repeat")]


def test_what_is_asked_about_repeats_is_the_ticket_as_it_will_be_kept(desk: Desk) -> None:
    first = create(desk, number="13812345678")
    asked: list[Ticket] = []

    def find(ticket: Ticket) -> None:
        asked.append(ticket)

    given = make_ticket(description="我叫李明，网又断了")
    kept = desk.create(given, number="+86 138 1234 5678", find_repeat=find, agent=AGENT, now=NOW)
    assert asked == [kept]
    assert kept.number_hash == first.number_hash
    assert "李明" not in asked[0].description
    assert (kept.is_repeat, kept.repeat_of) == (False, None)


def test_without_a_number_nothing_is_asked_about_repeats(desk: Desk) -> None:
    asked: list[Ticket] = []
    desk.create(make_ticket(), find_repeat=asked.append, agent=AGENT, now=NOW)
    assert asked == []


def test_a_return_long_after_the_closing_leaves_it_closed(desk: Desk) -> None:
    first = close(desk, create(desk, number="13812345678"))
    later = NOW + timedelta(days=40)
    again = make_ticket(repeat_of=first.ticket_no, accepted_at=format_instant(later))
    desk.create(again, number="13812345678", agent=AGENT, now=later)
    assert states(desk, first) == [(0, "stayed_closed", "")]


def test_an_agent_may_name_what_is_repeated(desk: Desk) -> None:
    first = close(desk, create(desk))
    second = create(desk, repeat_of=first.ticket_no)
    assert second.is_repeat
    assert states(desk, first) == [(0, "came_back", "repeat")]


def test_repeating_an_open_ticket_settles_nothing(desk: Desk) -> None:
    first = create(desk, number="13812345678")
    second = repeat(desk, first)
    assert second.repeat_of == first.ticket_no
    assert states(desk, first) == []


# --- changing --------------------------------------------------------------------------------


def test_a_new_class_brings_its_department_and_due_time(desk: Desk) -> None:
    ticket = create(desk, category="", area="urban")
    changed = desk.update(ticket.ticket_no, {"category": "060101"}, version=1, agent=AGENT, now=NOW)
    assert changed.due_at == "2026-03-12T09:20:00+08:00"
    assert (changed.responsible_dept, changed.version) == ("装维中心", 2)


def test_a_stale_version_is_refused(desk: Desk) -> None:
    ticket = create(desk)
    desk.update(ticket.ticket_no, {"title": "一"}, version=1, agent=AGENT, now=NOW)
    with pytest.raises(StaleVersion):
        desk.update(ticket.ticket_no, {"title": "二"}, version=1, agent=AGENT, now=NOW)
    assert tickets.read_ticket(desk.database.connection, ticket.ticket_no).title == "一"


@pytest.mark.parametrize("field", ["status", "closings", "ticket_no", "number_hash", "version"])
def test_what_is_not_the_agent_s_to_change_is_refused(desk: Desk, field: str) -> None:
    ticket = create(desk)
    with pytest.raises(InvalidInput) as refused:
        desk.update(ticket.ticket_no, {field: "x"}, version=None, agent=AGENT, now=NOW)
    assert refused.value.field == field


def test_a_change_is_masked_too(desk: Desk) -> None:
    ticket = create(desk)
    changes: dict[str, object] = {"description": "打13812345678"}
    changed = desk.update(ticket.ticket_no, changes, version=None, agent=AGENT, now=NOW)
    assert changed.description == "打138****5678"


def test_a_closed_ticket_is_not_changed(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    with pytest.raises(TicketConflict):
        desk.update(ticket.ticket_no, {"title": "x"}, version=None, agent=AGENT, now=NOW)


# --- linking ---------------------------------------------------------------------------------


def link(desk: Desk, ticket: Ticket, target: Target, usage: str = "reference") -> str:
    made = desk.link(ticket.ticket_no, target, usage, agent=AGENT, now=NOW)
    return f"{made.knowledge_usage} {made.target_type} {made.target_id} v{made.target_version}"


def test_knowledge_found_by_hand_is_pinned_to_its_version(desk: Desk) -> None:
    ticket = create(desk)
    assert link(desk, ticket, PROCEDURE) == "reference procedure P060101 v1"
    assert link(desk, ticket, LIMIT, "source") == "source time_limit TL001 v1"
    chain = read_chain(desk.database.connection, ticket.ticket_no)
    assert [item.found_by for item in chain.links] == ["searched", "searched"]


def test_linking_twice_keeps_one_link(desk: Desk) -> None:
    ticket = create(desk)
    link(desk, ticket, PROCEDURE)
    link(desk, ticket, PROCEDURE)
    assert len(links.read_links(desk.database.connection, ticket.ticket_no)) == 1


def test_a_closing_has_one_solution(desk: Desk) -> None:
    ticket = create(desk)
    link(desk, ticket, PROCEDURE, "solution")
    with pytest.raises(TicketConflict):
        link(desk, ticket, LIMIT, "solution")


@pytest.mark.parametrize(
    ("target", "usage", "error"),
    [
        (PROCEDURE, "praise", InvalidInput),
        (Target(target_type="poem", target_id="x"), "reference", InvalidInput),
        (Target(target_type="article", target_id="P999999"), "reference", ArticleNotFound),
        (Target(target_type="time_limit", target_id="TL999"), "reference", TimeLimitNotFound),
        (Target(target_type="ticket", target_id="TS1"), "reference", TicketNotFound),
        (Target(impression_id="none"), "reference", ImpressionNotFound),
    ],
)
def test_a_link_to_nothing_is_refused(
    desk: Desk, target: Target, usage: str, error: type[Exception]
) -> None:
    ticket = create(desk)
    with pytest.raises(error):
        link(desk, ticket, target, usage)
    assert links.read_links(desk.database.connection, ticket.ticket_no) == []


def test_an_item_shown_is_linked_as_suggested_and_its_session_joins_the_ticket(
    desk: Desk, database: Database
) -> None:
    ticket = create(desk)
    impression = show(database)
    assert link(desk, ticket, Target(impression_id=impression)) == "reference procedure P060101 v1"
    chain = read_chain(database.connection, ticket.ticket_no)
    assert [record.session.id for record in chain.sessions] == ["s1"]
    assert [event.action for event in chain.sessions[0].events_of(impression)] == ["linked"]
    assert chain.links[0].found_by == "suggested"


def test_an_item_shown_for_another_ticket_is_refused(desk: Desk, database: Database) -> None:
    first, second = create(desk), create(desk)
    impression = show(database, ticket_no=first.ticket_no)
    with pytest.raises(TicketConflict) as refused:
        link(desk, second, Target(impression_id=impression))
    assert refused.value.field == "impression_id"


def test_a_closed_ticket_takes_no_links(desk: Desk) -> None:
    ticket = close(desk, create(desk))
    with pytest.raises(TicketConflict):
        link(desk, ticket, LIMIT)
