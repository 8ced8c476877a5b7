"""Review tasks: when one opens, for whom, that it opens once, and how it is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kb.database import Database
from kb.errors import InvalidInput, ReviewTaskConflict, ReviewTaskNotFound
from kb.review import (
    FALSE_ALARMS,
    LEAST_OTHERS,
    LEAST_SETTLED,
    Record,
    ReviewTask,
    Subject,
    Tally,
    plan_reviews,
)
from kb.reviewing import close_review, open_reviews
from kb.store import reviews
from tests.history import make_bad_article, make_history
from tests.kb.small import NOW

LATER = NOW + timedelta(days=300)
SUBJECT = Subject("procedure", "P060101", "1", "060101")


def record(came_back: int, settled: int, **changes: object) -> Record:
    tally = Tally(came_back, settled)
    return replace(Record(SUBJECT, tally, tally, "2026-03-01"), **changes)  # type: ignore[arg-type]


def test_an_article_that_comes_back_more_often_than_its_class_is_found() -> None:
    (found,) = plan_reviews([record(12, 20)], {"060101": Tally(32, 120)}, set())
    assert found.others == Tally(20, 100)
    assert found.compared_with == "060101"
    assert found.chance < found.adjusted * 1.0001 < FALSE_ALARMS


@pytest.mark.parametrize(
    ("came_back", "settled", "others"),
    [
        (LEAST_SETTLED - 1, LEAST_SETTLED - 1, Tally(5, 200)),  # too few of its own
        (12, 20, Tally(12 + LEAST_OTHERS - 1, 20 + LEAST_OTHERS - 1)),  # too few others
        (5, 20, Tally(25, 100)),  # no more than others
        (0, 20, Tally(90, 100)),  # far less
    ],
)
def test_what_could_be_chance_is_left_alone(came_back: int, settled: int, others: Tally) -> None:
    assert plan_reviews([record(came_back, settled)], {"060101": others}, set()) == []


def test_a_class_with_few_others_is_widened() -> None:
    classes = {"060101": Tally(15, 25), "060102": Tally(10, 100), "010101": Tally(90, 100)}
    (found,) = plan_reviews([record(14, 20)], classes, set())
    assert found.compared_with == "0601"
    assert found.others == Tally(11, 105)


def test_what_is_under_review_is_not_found_again() -> None:
    assert plan_reviews([record(12, 20)], {"060101": Tally(32, 120)}, {SUBJECT}) == []


def test_of_many_articles_only_the_telling_one_is_found() -> None:
    """One of 40 just under 0.05 would be found if the number of tests did not count."""
    classes = {"060101": Tally(200, 1000)}
    alone = [record(8, 20)]
    assert len(plan_reviews(alone, classes, set())) == 1
    many = alone + [
        record(4, 20, subject=replace(SUBJECT, target_id=f"A{number}")) for number in range(40)
    ]
    assert plan_reviews(many, classes, set()) == []


def opened(database: Database) -> list[ReviewTask]:
    return reviews.read_tasks(database.connection, with_closed=False)


@pytest.fixture
def bad(database: Database) -> Database:
    """A history in which solutions by P060102 come back in 24 of 40 cases."""
    make_history(database.connection, tickets=400)
    make_bad_article(database.connection, article="P060101", version="3")
    return database


def test_a_task_opens_by_itself_for_the_owner(bad: Database) -> None:
    assert open_reviews(bad, now=LATER) == 1
    (task,) = opened(bad)
    assert (task.target_id, task.target_version, task.category) == ("P060101", "3", "060101")
    assert (task.came_back, task.settled) == (24, 40)
    assert task.owner == "装维中心"
    others = bad.connection.execute(
        "SELECT total(state = 'came_back') AS back, count(*) AS n FROM ticket_outcome AS o"
        " JOIN ticket USING (ticket_no) WHERE state <> 'pending' AND is_sample = 0"
        " AND category = '060101' AND ticket_no NOT LIKE 'TSBAD%'"
    ).fetchone()
    assert (task.others_came_back, task.others_settled) == (int(others["back"]), others["n"])
    assert task.adjusted < FALSE_ALARMS


def test_the_same_evidence_never_opens_twice(bad: Database) -> None:
    open_reviews(bad, now=LATER)
    assert open_reviews(bad, now=LATER) == 0
    (task,) = opened(bad)
    close_review(bad, task.id, verdict="kept", done="查过了", agent="王", now=LATER)
    assert open_reviews(bad, now=LATER) == 0
    make_bad_article(bad.connection, article="P060101", version="3", start=60)
    assert open_reviews(bad, now=LATER) == 1, "new evidence of the same revision"
    (task,) = opened(bad)
    assert (task.came_back, task.settled) == (24, 40)


def test_another_revision_is_judged_by_itself(bad: Database) -> None:
    open_reviews(bad, now=LATER)
    make_bad_article(bad.connection, article="P060101", version="4", start=60)
    assert open_reviews(bad, now=LATER) == 1
    assert {task.target_version for task in opened(bad)} == {"3", "4"}


def test_pending_closings_and_samples_open_nothing(database: Database) -> None:
    make_history(database.connection, tickets=400)
    make_bad_article(database.connection, article="P060101", version="3", is_sample=True)
    make_bad_article(database.connection, article="P060101", version="3", start=60, is_pending=True)
    assert open_reviews(database, now=LATER) == 0


def test_a_past_fix_goes_to_the_department_of_its_class(database: Database) -> None:
    make_history(database.connection, tickets=400)
    make_bad_article(database.connection, article="F9", kind="past_fix", version="")
    assert open_reviews(database, now=LATER) == 1
    (task,) = opened(database)
    assert (task.target_type, task.target_version, task.owner) == ("past_fix", "", "装维中心")


def test_a_task_is_closed_once_with_what_was_done(bad: Database) -> None:
    open_reviews(bad, now=LATER)
    (task,) = opened(bad)
    closed = close_review(
        bad, task.id, verdict="revised", done="改了第二步，问 13800138000", agent="王", now=LATER
    )
    assert (closed.closed_by, closed.verdict, closed.is_open) == ("王", "revised", False)
    assert "13800138000" not in closed.done
    with pytest.raises(ReviewTaskConflict):
        close_review(bad, task.id, verdict="kept", done="再来", agent="王", now=LATER)
    assert opened(bad) == []
    assert reviews.read_tasks(bad.connection, with_closed=True) == [closed]
    assert reviews.read_tasks(bad.connection, with_closed=True, owner="别的部门") == []


@pytest.mark.parametrize(
    ("verdict", "done", "field"), [("", "改了", "verdict"), ("kept", " ", "done")]
)
def test_a_task_without_its_word_is_not_closed(
    bad: Database, verdict: str, done: str, field: str
) -> None:
    open_reviews(bad, now=LATER)
    (task,) = opened(bad)
    with pytest.raises(InvalidInput) as refused:
        close_review(bad, task.id, verdict=verdict, done=done, agent="王", now=LATER)
    assert refused.value.field == field
    assert opened(bad) == [task]


def test_a_task_that_is_not_there_is_said_to_be(database: Database) -> None:
    with pytest.raises(ReviewTaskNotFound):
        close_review(database, 9, verdict="kept", done="查过", agent="王", now=LATER)
