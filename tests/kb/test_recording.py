"""What is written down while agents work: once, and taken back for a few seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import (
    DecisionNotFound,
    EventKeyConflict,
    EventNotFound,
    ImpressionNotFound,
    InvalidInput,
    SessionNotFound,
    TicketConflict,
    TicketNotFound,
    UndoRefused,
)
from kb.linking import Target
from kb.recording import Act, decide, record_act, record_search, undo_act, undo_decision
from kb.searching import SearchQuery, SearchResult
from kb.store import decisions, links, searches, sessions
from tests.kb.small import NOW, make_ticket
from tests.kb.test_desk import show

AGENT = "甲"
ARTICLE = Target(target_type="procedure", target_id="P060101")


def act(database: Database, impression: str, *, after: float = 0.0, **given: str) -> int:
    with database.transaction() as connection:
        return record_act(
            connection,
            impression,
            Act(**({"action": "clicked"} | given)),  # type: ignore[arg-type]
            agent=AGENT,
            now=NOW + timedelta(seconds=after),
        )


def search(
    database: Database,
    text: str,
    *,
    at: datetime = NOW,
    agent: str = AGENT,
    is_training: bool = False,
    ticket_no: str | None = None,
) -> str:
    query = SearchQuery(
        text, date(2026, 3, 11), agent=agent, is_training=is_training, ticket_no=ticket_no
    )
    result = SearchResult((), text, (), 1.0, "g1", "hybrid", "")
    with database.transaction() as connection:
        return record_search(connection, query, result, masked=text, now=at)


def previous(database: Database, search_id: str) -> str | None:
    return searches.read_search(database.connection, search_id).previous


# --- acts ------------------------------------------------------------------------------------


def test_an_act_sent_twice_counts_once_and_answers_the_same(database: Database) -> None:
    impression = show(database)
    first = act(database, impression, event_key="k1")
    assert act(database, impression, event_key="k1", after=3) == first
    assert act(database, impression, event_key="k2") != first
    assert act(database, impression) != act(database, impression)
    assert len(sessions.read_events(database.connection, "s1")) == 4


def test_a_key_names_one_act_only(database: Database) -> None:
    impression, other = show(database), show(database, name="s2")
    act(database, impression, event_key="k1")
    with pytest.raises(EventKeyConflict):
        act(database, impression, event_key="k1", action="dismissed")
    with pytest.raises(EventKeyConflict):
        act(database, other, event_key="k1")


def test_a_comment_is_masked(database: Database) -> None:
    impression = show(database)
    act(database, impression, action="flagged", comment="打13812345678问的")
    (event,) = sessions.read_events(database.connection, "s1")
    assert "13812345678" not in event.comment


@pytest.mark.parametrize(("after", "is_taken_back"), [(0, True), (10, True), (11, False)])
def test_an_act_is_taken_back_for_ten_seconds(
    database: Database, after: int, is_taken_back: bool
) -> None:
    event = act(database, show(database))
    now = NOW + timedelta(seconds=after)
    if is_taken_back:
        with database.transaction() as connection:
            assert undo_act(connection, event, now=now).undone_at is not None
    else:
        with pytest.raises(UndoRefused), database.transaction() as connection:
            undo_act(connection, event, now=now)
    assert bool(sessions.read_events(database.connection, "s1")) != is_taken_back


def test_taking_back_twice_is_taking_back_once(database: Database) -> None:
    impression = show(database)
    event = act(database, impression, event_key="k1")
    with database.transaction() as connection:
        first = undo_act(connection, event, now=NOW)
        assert undo_act(connection, event, now=NOW + timedelta(hours=1)) == first
    assert act(database, impression, event_key="k1") == event
    assert sessions.read_events(database.connection, "s1") == []


@pytest.mark.parametrize("action", ["displayed", "linked"])
def test_what_is_no_choice_of_the_agent_is_not_taken_back(database: Database, action: str) -> None:
    event = act(database, show(database), action=action)
    with pytest.raises(UndoRefused), database.transaction() as connection:
        undo_act(connection, event, now=NOW)


def test_an_unknown_impression_or_event_is_named(database: Database) -> None:
    with pytest.raises(ImpressionNotFound):
        act(database, "nowhere")
    with pytest.raises(EventNotFound), database.transaction() as connection:
        undo_act(connection, 99, now=NOW)


# --- decisions -------------------------------------------------------------------------------


def test_a_decision_counts_once_and_can_be_taken_back(database: Database) -> None:
    show(database)
    with database.transaction() as connection:
        first = decide(connection, "s1", "gap", comment="没写 ", agent=AGENT, now=NOW)
        assert decide(connection, "s1", "gap", agent=AGENT, now=NOW) == first
        other = decide(connection, "s1", "none_fit", agent=AGENT, now=NOW)
        assert first.comment == "没写"
        undone = undo_decision(connection, first.id, now=NOW + timedelta(seconds=10))
        assert undo_decision(connection, first.id, now=NOW + timedelta(days=1)) == undone
    assert decisions.read_decisions(database.connection, "s1") == [other]
    with pytest.raises(UndoRefused), database.transaction() as connection:
        undo_decision(connection, other.id, now=NOW + timedelta(seconds=11))


def test_a_decision_needs_a_session_and_a_known_word(database: Database) -> None:
    with database.transaction() as connection:
        with pytest.raises(SessionNotFound):
            decide(connection, "s9", "gap", agent=AGENT, now=NOW)
        with pytest.raises(InvalidInput):
            decide(connection, "s9", "other", agent=AGENT, now=NOW)
        with pytest.raises(DecisionNotFound):
            undo_decision(connection, "d9", now=NOW)


def test_closing_with_nothing_that_fits_is_a_decision_on_what_was_shown_last(
    desk: Desk, database: Database
) -> None:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    for name in ("s1", "s2"):
        show(database, ticket_no=ticket.ticket_no, name=name)
    closing = Closing("用户自己重启好了", none_fit=True)
    desk.close(ticket.ticket_no, closing, agent=AGENT, now=NOW)
    assert decisions.read_decisions(database.connection, "s1") == []
    (decision,) = decisions.read_decisions(database.connection, "s2")
    assert (decision.decision, decision.agent) == ("none_fit", AGENT)


# --- links taken back, and links from a search -----------------------------------------------


def test_a_link_taken_back_counts_nowhere(desk: Desk, database: Database) -> None:
    impression = show(database)
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    target = Target(impression_id=impression)
    desk.link(ticket.ticket_no, target, "reference", agent=AGENT, now=NOW)
    desk.link(ticket.ticket_no, target, "solution", agent=AGENT, now=NOW)
    taken = ("procedure", "P060101")
    desk.unlink(ticket.ticket_no, taken, "solution", agent=AGENT, now=NOW)
    (left,) = links.read_links(database.connection, ticket.ticket_no)
    assert left.knowledge_usage == "reference"
    (event,) = sessions.read_events(database.connection, "s1")
    assert event.reason_code == "reference"


def test_a_link_names_the_search_it_was_found_by(desk: Desk, database: Database) -> None:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    found = search(database, "断网")
    target = Target(target_type="procedure", target_id="P060101", search_id=found)
    link = desk.link(ticket.ticket_no, target, "solution", agent=AGENT, now=NOW)
    assert (link.found_by, link.search_id) == ("searched", found)
    assert searches.read_searches_of(database.connection, ticket.ticket_no)[0].id == found


def test_only_something_found_by_searching_names_a_search(desk: Desk, database: Database) -> None:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    found = search(database, "断网")
    wrong = (
        Target(impression_id=show(database), search_id=found),
        Target(None, "procedure", "P060101", "", "created", found),
        Target(None, "procedure", "P060101", "", "searched", "nowhere"),
    )
    for target in wrong:
        with pytest.raises(InvalidInput) as refused:
            desk.link(ticket.ticket_no, target, "reference", agent=AGENT, now=NOW)
        assert refused.value.field == "search_id"


def test_practice_never_reaches_a_ticket(desk: Desk, database: Database) -> None:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    show(database)
    with database.transaction() as connection:
        connection.execute("UPDATE suggestion_session SET is_training = 1")
    practised = search(database, "断网", is_training=True)
    for target in (
        Target(impression_id="s1-i1"),
        Target(target_type="procedure", target_id="P060101", search_id=practised),
    ):
        with pytest.raises(TicketConflict):
            desk.link(ticket.ticket_no, target, "reference", agent=AGENT, now=NOW)


# --- searches --------------------------------------------------------------------------------


def test_a_search_worded_anew_points_at_the_one_before(database: Database) -> None:
    first = search(database, "断网")
    second = search(database, "红灯", at=NOW + timedelta(seconds=119))
    again = search(database, "红灯", at=NOW + timedelta(seconds=130))
    third = search(database, "光猫", at=NOW + timedelta(seconds=140))
    assert [previous(database, each) for each in (first, second, again, third)] == [
        None,
        first,
        first,
        again,
    ]


def test_another_agent_a_pause_or_a_practice_starts_a_new_search(database: Database) -> None:
    search(database, "断网")
    others = (
        search(database, "红灯", agent="乙"),
        search(database, "红灯", agent="丙", is_training=True),
        search(database, "红灯", is_training=True),
        search(database, "红灯", at=NOW + timedelta(seconds=121)),
    )
    assert [previous(database, each) for each in others] == [None] * 4


def test_callers_without_a_name_are_not_one_agent(database: Database) -> None:
    search(database, "断网", agent="")
    assert previous(database, search(database, "红灯", agent="")) is None


def test_a_link_ends_the_search(desk: Desk, database: Database) -> None:
    ticket = desk.create(make_ticket(), agent=AGENT, now=NOW)
    search(database, "断网")
    linked = NOW + timedelta(seconds=3)
    desk.link(ticket.ticket_no, ARTICLE, "reference", agent=AGENT, now=linked)
    later = search(database, "红灯", at=NOW + timedelta(seconds=5))
    assert previous(database, later) is None


def test_a_search_for_an_unknown_ticket_is_refused(database: Database) -> None:
    with pytest.raises(TicketNotFound):
        search(database, "断网", ticket_no="TS0")
