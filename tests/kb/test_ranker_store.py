"""Which closings may teach, and how versions, ledger and switch are kept."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from kb.database import Database
from kb.desk import Desk
from kb.errors import InvalidInput, RankerVersionNotFound
from kb.ranker import Boost, Choice, contexts_of, digest_boosts, name_version, parse_version
from kb.store import ranker, sessions, tickets
from tests.kb.closings import LATER, Case, close, settle, show
from tests.kb.small import NOW

BOOST = Boost("procedure", "B", "060101", 0.05, 20, 9.0, 4.2, 1.0, 2.0)


def choices(desk: Desk, *, days: float = 0) -> list[Choice]:
    now = LATER + timedelta(days=days)
    return ranker.read_choices(desk.database.connection, repeat_days=30, now=now)


def test_a_settled_closing_is_one_choice_among_what_was_displayed(desk: Desk) -> None:
    close(desk, Case(boost=0.04, propensity=0.95))
    settle(desk)
    (found,) = choices(desk)
    assert (found.lane, found.context, found.stayed) == ("procedure", "060101", True)
    assert [item.target_id for item in found.shown] == ["A", "B", "C"]
    assert found.shown[found.chosen].target_id == "B"
    assert found.shown[0].score == pytest.approx(0.65), "what was learnt is taken off again"
    assert found.shown[0].propensity == 0.95
    assert found.age_days == pytest.approx(90)


def test_what_came_back_is_a_choice_that_did_not_hold(desk: Desk) -> None:
    close(desk, Case(stayed=False))
    settle(desk)
    assert [each.stayed for each in choices(desk)] == [False]


def test_nothing_counts_before_its_window_is_over(desk: Desk) -> None:
    close(desk, Case(stayed=False))
    day_20 = NOW + timedelta(days=20)
    connection = desk.database.connection
    assert ranker.read_choices(connection, repeat_days=30, now=day_20) == []
    day_31 = NOW + timedelta(days=31)
    assert len(ranker.read_choices(connection, repeat_days=30, now=day_31)) == 1


@pytest.mark.parametrize(
    "case",
    [
        Case(is_training=True),
        Case(is_sample=True),
        Case(displayed="AC"),
        Case(displayed=""),
    ],
    ids=["training", "sample", "solution never displayed", "nothing displayed"],
)
def test_what_does_not_count_teaches_nothing(desk: Desk, case: Case) -> None:
    close(desk, case)
    settle(desk)
    assert choices(desk) == []


@pytest.mark.parametrize(("is_training", "pairs"), [(False, 1), (True, 0)])
def test_the_encoder_learns_from_solutions_too_but_not_from_training(
    desk: Desk, is_training: bool, pairs: int
) -> None:
    name = ("P060101",)
    close(desk, Case("P060101", shown=name, displayed=name, is_training=is_training))
    settle(desk)
    assert len(tickets.read_proven_articles(desk.database.connection)) == pairs


def test_items_that_were_not_displayed_are_not_held_against_anyone(desk: Desk) -> None:
    close(desk, Case(displayed="AB"))
    settle(desk)
    assert [item.target_id for item in choices(desk)[0].shown] == ["A", "B"]


def test_a_list_without_a_closing_teaches_nothing(desk: Desk) -> None:
    show(desk, Case())
    assert choices(desk) == []


def test_a_dismissal_counts_until_it_is_undone(desk: Desk) -> None:
    close(desk, Case())
    settle(desk)
    with desk.database.transaction() as connection:
        impression = connection.execute(
            "SELECT id FROM impression WHERE target_id = 'A'"
        ).fetchone()["id"]
        sessions.add_event(connection, impression, "dismissed", agent="甲", now=NOW)
    assert [item.dismissed for item in choices(desk)[0].shown] == [True, False, False]
    desk.database.connection.execute("UPDATE suggestion_event SET undone_at = 'x'")
    assert not any(item.dismissed for each in choices(desk) for item in each.shown)


def test_a_link_that_was_undone_teaches_nothing(desk: Desk) -> None:
    close(desk, Case())
    settle(desk)
    assert len(choices(desk)) == 1
    desk.database.connection.execute(
        "UPDATE suggestion_event SET undone_at = 'x' WHERE action = 'linked'"
    )
    assert choices(desk) == []


def test_each_closing_of_a_ticket_counts_for_itself(desk: Desk) -> None:
    first = close(desk, Case(stayed=False))
    settle(desk)
    assert first.ticket_no
    close(desk, Case(chosen="C"))
    settle(desk)
    assert sorted(each.stayed for each in choices(desk)) == [False, True]


def test_contexts_go_from_all_complaints_to_the_class() -> None:
    assert contexts_of("060101") == ("", "0601", "060101")
    assert contexts_of("0601") == ("", "0601")
    assert contexts_of("") == ("",)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("base", 0),
        ("base-1", 0),
        ("3", 3),
        ("learned-3", 3),
        ("base-1+learned-3", 3),
    ],
)
def test_a_version_is_read_by_any_of_its_names(text: str, number: int) -> None:
    assert parse_version(text, field="x") == number
    assert parse_version(name_version(number), field="x") == number


@pytest.mark.parametrize("text", ["", "base-2", "0", "-1", "base-1+learned-0", "３", "x", "9" * 30])
def test_another_name_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_version(text, field="--use")
    assert refused.value.field == "--use"


def add(database: Database, *boosts: Boost, is_refused: bool = False) -> int:
    with database.transaction() as connection:
        record = ranker.add_ranker(
            connection, boosts, is_refused=is_refused, settings={"a": 1}, now=NOW
        )
    return record.version


def test_a_version_becomes_current_and_servers_can_tell(database: Database) -> None:
    before = ranker.read_switch(database.connection)
    assert (before.learning, before.current) == (True, 0)
    version = add(database, BOOST)
    after = ranker.read_switch(database.connection)
    assert (after.current, after.stamp) == (version, before.stamp + 1)
    assert ranker.read_boosts(database.connection, version) == [BOOST]


def test_a_refused_version_is_kept_for_the_record_and_the_base_takes_over(
    database: Database,
) -> None:
    add(database, BOOST)
    refused = add(database, replace(BOOST, boost=0.1), is_refused=True)
    assert ranker.read_switch(database.connection).current == 0
    assert ranker.read_ranker(database.connection, refused).state == "refused"


def test_old_versions_never_change(database: Database) -> None:
    first = add(database, BOOST)
    second = add(database, replace(BOOST, boost=0.1), replace(BOOST, target_id="C"))
    assert ranker.read_boosts(database.connection, first) == [BOOST]
    record = ranker.read_ranker(database.connection, second)
    assert record.parent == first
    assert record.digest == digest_boosts(ranker.read_boosts(database.connection, second))
    assert record.digest != ranker.read_ranker(database.connection, first).digest


def test_the_ledger_tells_every_change_with_its_counts(database: Database) -> None:
    add(database, BOOST)
    add(database, replace(BOOST, boost=0.08, solutions=14.0))
    add(database, replace(BOOST, boost=0.08, solutions=15.0))
    add(database)
    told = ranker.read_ledger(database.connection, "B")
    assert [(each.before, each.change.boost) for each in told] == [
        (0.0, 0.05),
        (0.05, 0.08),
        (0.08, 0.0),
    ]
    assert told[1].change.solutions == 14.0
    assert ranker.read_ledger(database.connection, "A") == []


def test_what_was_never_boosted_takes_no_room(database: Database) -> None:
    version = add(database, BOOST, replace(BOOST, target_id="C", boost=0.0))
    assert ranker.count_changes(database.connection, version) == 1
    row = database.connection.execute("SELECT count(*) FROM ranker_boost").fetchone()
    assert row[0] == 1


def test_the_database_itself_refuses_a_boost_out_of_bounds(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add(database, replace(BOOST, boost=0.151))
    assert ranker.read_switch(database.connection).current == 0


def test_an_unknown_version_is_refused(database: Database) -> None:
    with pytest.raises(RankerVersionNotFound):
        ranker.read_boosts(database.connection, 7)
    assert ranker.read_boosts(database.connection, 0) == []
