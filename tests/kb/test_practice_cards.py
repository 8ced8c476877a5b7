"""Cards: made from the handbook alone, due by Beijing days, their log only added to."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kb.database import Database
from kb.errors import CardNotFound, InvalidInput, UndoRefused
from kb.handbook import Handbook
from kb.practice.cards import Card, build_cards
from kb.practice.reviewing import grade_card, read_cards, read_deck, undo_grade
from kb.practice.scheduling import NEW_A_DAY, Review, is_due, plan_due, plan_review
from kb.store import handbook
from kb.store.practice_cards import read_newest
from kb.times import BEIJING, parse_instant
from tests.kb.small import NOW

EVENING = datetime(2026, 11, 20, 23, 30, tzinfo=BEIJING)
CARD = Card("limit-TL1", "limit", "S11", "装机", 1, 1, "装机多久？", "48 小时")


def due_at(review: Review) -> datetime:
    return parse_instant(review.due_at, field="due_at")


@pytest.fixture(scope="module")
def shipped_cards(shipped: Handbook) -> list[Card]:
    limits = {each.id: each for each in shipped.limits}
    classes = {each.id: each for each in shipped.categories}
    return build_cards(shipped.articles, limits, classes)


def test_every_fact_of_the_handbook_has_one_card(
    shipped: Handbook, shipped_cards: list[Card]
) -> None:
    assert len({card.id for card in shipped_cards}) == len(shipped_cards)
    named = {name for article in shipped.articles for name in article.revision.time_limits}
    kinds = {kind: {c.id for c in shipped_cards if c.kind == kind} for kind in
             ("limit", "code", "dept", "promise", "row")}  # fmt: skip
    assert kinds["limit"] == {f"limit-{name}" for name in named}
    third = {code for article in shipped.articles for code in article.revision.categories
             if len(code) == 6}  # fmt: skip
    assert kinds["code"] == {f"code-{code}" for code in third}
    with_promises = [a for a in shipped.articles if "\n## 不要承诺" in a.revision.body]
    assert len(kinds["promise"]) == len(with_promises)
    assert kinds["row"]
    assert all(card.question and card.fact for card in shipped_cards)


def test_a_limit_card_says_unit_authority_and_start(shipped_cards: list[Card]) -> None:
    card = next(each for each in shipped_cards if each.id == "limit-TL001")
    assert card.fact == "48 小时（上限），自“接到用户障碍申告”起算；法律法规"
    assert "第32条" in card.detail
    assert card.anchor == "TL001"
    practice = next(each for each in shipped_cards if "内部要求" in each.fact)
    assert "待核实" in practice.fact


def test_a_row_card_asks_by_the_first_cell(shipped_cards: list[Card]) -> None:
    card = next(each for each in shipped_cards if "“班长”" in each.question and "上限" in each.fact)
    assert card.fact == "单笔上限：200 元"


def test_the_same_handbook_makes_the_same_cards_whatever_the_number(
    shipped: Handbook, shipped_cards: list[Card]
) -> None:
    limits = {each.id: replace(each, limit_value=each.limit_value + 1) for each in shipped.limits}
    changed = build_cards(shipped.articles, limits, {c.id: c for c in shipped.categories})
    assert [c.id for c in changed] == [c.id for c in shipped_cards]
    differing = {new.kind for new, old in zip(changed, shipped_cards, strict=True)
                 if new.fact != old.fact}  # fmt: skip
    assert differing == {"limit"}


@pytest.mark.parametrize(
    ("rating", "days"), [(1, 0), (2, 0), (3, 2), (4, 8)], ids=["again", "hard", "good", "easy"]
)
def test_a_new_card_comes_back_the_same_day_or_days_later(rating: int, days: int) -> None:
    review = plan_review(None, CARD, rating, now=EVENING)
    assert (due_at(review).date() - EVENING.date()).days == days
    if rating >= 3:
        assert due_at(review) - EVENING >= timedelta(days=1)
    else:
        assert is_due(review, now=EVENING + timedelta(minutes=15))


def test_a_known_card_is_due_from_the_first_minute_of_its_beijing_day() -> None:
    review = plan_review(None, CARD, 3, now=EVENING)
    day = datetime.combine(due_at(review).date(), datetime.min.time(), BEIJING)
    assert not is_due(review, now=day - timedelta(minutes=1))
    assert is_due(review, now=day)


def test_a_night_between_two_reviews_is_a_day_whatever_the_hours() -> None:
    """9.5 hours apart across midnight at Beijing, within one day of UTC."""
    first = plan_review(None, CARD, 3, now=EVENING)
    morning = plan_review(first, CARD, 3, now=EVENING + timedelta(hours=9, minutes=30))
    same_day = plan_review(
        plan_review(None, CARD, 3, now=EVENING - timedelta(hours=9)), CARD, 3, now=EVENING
    )
    assert morning.stability > same_day.stability


def test_the_same_grades_give_the_same_days() -> None:
    def due_days() -> list[str]:
        review, now, found = None, EVENING, []
        for rating in (3, 3, 1, 3, 4, 3):
            review = plan_review(review, CARD, rating, now=now)
            found.append(review.due_at)
            now = due_at(review)
        return found

    assert due_days() == due_days()


def _ask(cards: list[Card], reviews: dict[str, Review], now: datetime, new: int = 20) -> list[str]:
    return [f"{each.reason} {each.card.id}"
            for each in plan_due(cards, reviews, new_left=new, now=now)]  # fmt: skip


def test_cards_are_asked_changed_first_then_due_then_new_then_missed() -> None:
    names = ("changed", "due", "later", "missed", "new", "newer")
    cards = {name: replace(CARD, id=name) for name in names}
    before = EVENING - timedelta(days=3)
    reviews = {
        "due": plan_review(None, cards["due"], 3, now=before),
        "later": plan_review(None, cards["later"], 4, now=before),
        "changed": replace(plan_review(None, cards["changed"], 4, now=before), fact="24 小时"),
        "missed": plan_review(None, cards["missed"], 1, now=EVENING),
    }
    asked = _ask(list(cards.values()), reviews, EVENING, new=1)
    assert asked == ["changed changed", "due due", "new new", "again missed"]
    changed = plan_due(cards.values(), reviews, new_left=0, now=EVENING)[0]
    assert (changed.old_fact, changed.card.fact) == ("24 小时", "48 小时")


def test_new_cards_of_the_path_come_before_others() -> None:
    cards = [replace(CARD, id=f"c{n}", article_id=f"A{n}") for n in range(4)]
    found = plan_due(cards, {}, new_left=3, first=["A3", "A1"], now=EVENING)
    assert [each.card.id for each in found] == ["c3", "c1", "c0"]


def test_a_changed_limit_brings_its_card_back_with_old_and_new(database: Database) -> None:
    card = next(c for c in read_cards(database.connection, now=NOW) if c.kind == "limit")
    graded = grade_card(database, card.id, 4, agent="甲", now=NOW)
    assert card.id not in [
        each.card.id for each in read_deck(database.connection, "甲", now=NOW).due
    ]
    with database.transaction() as connection:
        limits = handbook.read_limits(connection)
        name = card.id.removeprefix("limit-")
        limits[name] = replace(limits[name], limit_value=limits[name].limit_value + 5)
        handbook.save_limits(connection, list(limits.values()), now=NOW)
    first = read_deck(database.connection, "甲", now=NOW).due[0]
    assert (first.card.id, first.reason, first.old_fact) == (card.id, "changed", card.fact)
    assert first.card.fact != card.fact
    grade_card(database, card.id, 3, follows=graded.seq, agent="甲", now=NOW)
    assert all(each.reason == "new" for each in read_deck(database.connection, "甲", now=NOW).due)


def test_cards_of_an_archived_article_are_not_asked_any_more(database: Database) -> None:
    card = read_cards(database.connection, now=NOW)[0]
    grade_card(database, card.id, 1, agent="甲", now=NOW)
    later = NOW + timedelta(hours=1)
    assert read_deck(database.connection, "甲", now=later).due[0].card.id == card.id
    with database.transaction() as connection:
        for article in handbook.read_articles(connection, on=NOW.date()):
            gone = replace(article.revision, status="archived", valid_from=date(2020, 1, 1))
            handbook.save_article(
                connection, replace(article, revision=gone), author="t", reason="", now=NOW
            )
    assert read_deck(database.connection, "甲", now=later).due == []
    with pytest.raises(CardNotFound):
        grade_card(database, card.id, 3, agent="甲", now=later)


def test_undo_restores_the_card_and_rewrites_nothing(database: Database) -> None:
    cards = read_cards(database.connection, now=NOW)[:2]
    first = grade_card(database, cards[0].id, 3, agent="甲", now=NOW)
    grade_card(database, cards[1].id, 1, agent="甲", now=NOW)
    undone = undo_grade(database, agent="甲", now=NOW)
    assert undone.card_id == cards[1].id
    assert read_newest(database.connection, "甲") == {cards[0].id: first}
    assert undo_grade(database, agent="甲", now=NOW) == first
    assert read_newest(database.connection, "甲") == {}
    with pytest.raises(UndoRefused):
        undo_grade(database, agent="甲", now=NOW)
    rows = database.connection.execute("SELECT rating, undoes FROM card_review").fetchall()
    assert [tuple(row) for row in rows] == [(3, None), (1, None), (None, 2), (None, 1)]


@pytest.mark.parametrize("sql", ["UPDATE card_review SET rating = 4", "DELETE FROM card_review"])
def test_the_log_is_only_added_to(database: Database, sql: str) -> None:
    card = read_cards(database.connection, now=NOW)[0]
    grade_card(database, card.id, 2, agent="甲", now=NOW)
    with pytest.raises(sqlite3.IntegrityError, match="only added to"):
        database.connection.execute(sql)


def test_yesterday_is_not_undone(database: Database) -> None:
    card = read_cards(database.connection, now=NOW)[0]
    grade_card(database, card.id, 2, agent="甲", now=NOW)
    with pytest.raises(UndoRefused):
        undo_grade(database, agent="甲", now=NOW + timedelta(days=1))
    with pytest.raises(UndoRefused):
        undo_grade(database, agent="乙", now=NOW)


def test_a_grade_sent_twice_is_kept_once(database: Database) -> None:
    card = read_cards(database.connection, now=NOW)[0]
    first = grade_card(database, card.id, 3, follows=0, agent="甲", now=NOW)
    assert grade_card(database, card.id, 3, follows=0, agent="甲", now=NOW) == first
    with pytest.raises(InvalidInput):
        grade_card(database, card.id, 5, agent="甲", now=NOW)


def test_a_day_brings_only_so_many_new_cards(database: Database) -> None:
    many = [replace(CARD, id=f"c{n}") for n in range(3 * NEW_A_DAY)]
    assert len(plan_due(many, {}, new_left=NEW_A_DAY, now=EVENING)) == NEW_A_DAY
    card = read_cards(database.connection, now=NOW)[0]
    before = len(read_deck(database.connection, "甲", now=NOW).due)
    grade_card(database, card.id, 4, agent="甲", now=NOW)
    assert len(read_deck(database.connection, "甲", now=NOW).due) == min(before - 1, NEW_A_DAY - 1)
