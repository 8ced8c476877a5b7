"""The whole loop on the shipped handbook: shown, used, closed, settled, learnt, shown anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from indexer.engine import Engine
from indexer.language import Language
from indexer.ranker_learning import LearnReport, learn_ranker
from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import InvalidInput, RankerVersionNotFound
from kb.experiment import Experiment
from kb.linking import Target
from kb.settings import Settings
from kb.store import experiments, ranker, sessions
from kb.suggestion import Answer, SuggestionRequest
from kb.ticket import Ticket
from kb.times import format_instant
from tests.conftest import START

SAID = "家里网断了,盒子上那个红灯一直亮"
LATER = START + timedelta(days=60)


def ask(
    engine: Engine, *, agent: str = "甲", now: datetime = START, channel: str = "desk"
) -> Answer:
    return engine.suggest(SuggestionRequest(SAID, agent=agent, channel=channel), now=now)


def fixes(answer: Answer) -> list[str]:
    return [item.target_id for item in answer.past_fixes]


def work(engine: Engine, database: Database, *, chosen: str, times: int, first_fails: int) -> None:
    """Complaints closed by one past fix for good, and some by the first one that came back."""
    desk = Desk(database, repeat_days=30)
    for number in range(times + first_fails):
        answer = ask(engine)
        items = {item.target_id: item for item in answer.past_fixes}
        item = items[chosen] if number < times else answer.past_fixes[0]
        with database.transaction() as connection:
            for shown in answer.items:
                sessions.add_event(
                    connection, shown.impression_id, "displayed", agent="甲", now=START
                )
        ticket = Ticket("", format_instant(START), description=SAID, category="060101")
        ticket = desk.create(ticket, agent="甲", now=START)
        solution = Target(impression_id=item.impression_id)
        closing = Closing(resolution="已处理", solution=solution)
        desk.close(ticket.ticket_no, closing, agent="甲", now=START)
        if number >= times:
            back = START + timedelta(days=3)
            desk.reopen(ticket.ticket_no, agent="甲", now=back, reason="又断了")
    desk.settle(now=LATER)


def learn(database: Database) -> LearnReport:
    return learn_ranker(database, repeat_days=30, now=LATER)


@pytest.fixture
def learnt(engine: Engine, database: Database) -> tuple[str, LearnReport]:
    """The third past fix has solved what the first one did not."""
    chosen = fixes(ask(engine))[2]
    work(engine, database, chosen=chosen, times=20, first_fails=8)
    return chosen, learn(database)


def test_samples_and_their_outcomes_teach_nothing(engine: Engine, database: Database) -> None:
    report = learn(database)
    assert (report.state, report.choices, report.version) == ("no_outcomes", 0, "base-1")
    assert ask(engine).ranker_version == "base-1"


def test_outcomes_change_the_order_of_a_running_engine(
    engine: Engine, database: Database, learnt: tuple[str, LearnReport]
) -> None:
    chosen, report = learnt
    assert report.state == "accepted"
    assert report.choices == 28
    answer = ask(engine)
    assert answer.ranker_version == report.version == "base-1+learned-1"
    item = next(item for item in answer.past_fixes if item.target_id == chosen)
    assert 0.01 < item.boost <= 0.15
    assert "排名提前" in item.why.note
    kept = {
        each.id: each for each in sessions.read_impressions(database.connection, answer.session_id)
    }
    assert kept[item.impression_id].boost == item.boost
    plain = engine.preview(SuggestionRequest(SAID), now=START, ranker_version="base-1")
    assert fixes(answer).index(chosen) < fixes(plain).index(chosen)
    base = next(each for each in plain.past_fixes if each.target_id == chosen)
    assert item.score - item.boost == pytest.approx(base.score)


def test_old_versions_answer_as_they_did(
    engine: Engine, database: Database, learnt: tuple[str, LearnReport]
) -> None:
    _, first = learnt
    before = engine.preview(SuggestionRequest(SAID), now=START)
    work(engine, database, chosen=fixes(before)[-1], times=25, first_fails=0)
    second = learn(database)
    assert second.version == "base-1+learned-2"
    again = engine.preview(SuggestionRequest(SAID), now=START, ranker_version=first.version)
    boosts = {item.target_id: item.boost for item in before.past_fixes}
    assert again.ranker_version == first.version
    assert {item.target_id: item.boost for item in again.past_fixes if item.boost} == {
        name: boost for name, boost in boosts.items() if boost
    }
    with pytest.raises(RankerVersionNotFound):
        engine.preview(SuggestionRequest(SAID), now=START, ranker_version="base-1+learned-9")
    with pytest.raises(InvalidInput):
        engine.preview(SuggestionRequest(SAID), now=START, ranker_version="base-2")


def test_learning_the_same_again_makes_no_new_version(
    database: Database, learnt: tuple[str, LearnReport]
) -> None:
    assert learn(database).state == "unchanged"
    assert len(ranker.read_rankers(database.connection)) == 1


def test_the_switch_turns_everything_off_at_once(
    engine: Engine, database: Database, learnt: tuple[str, LearnReport]
) -> None:
    with database.transaction() as connection:
        ranker.turn_learning(connection, on=False)
    off = ask(engine)
    assert off.ranker_version == engine.status().ranker_version == "base-1"
    assert all(item.boost == 0 and item.propensity == 1 for item in off.items)
    with database.transaction() as connection:
        ranker.turn_learning(connection, on=True)
    assert ask(engine).ranker_version == "base-1+learned-1"


def test_the_setting_turns_it_off_for_one_server(
    engine: Engine,
    settings: Settings,
    database: Database,
    language: Language,
    learnt: tuple[str, LearnReport],
) -> None:
    other = Engine(replace(settings, learning=False), database, language)
    assert ask(other).ranker_version == "base-1"
    assert ask(engine).ranker_version == "base-1+learned-1"


def test_close_neighbours_are_swapped_on_trial_and_it_is_recorded(
    settings: Settings, database: Database, language: Language
) -> None:
    other = Engine(replace(settings, swap_rate=0.5), database, language)
    answers = [ask(other, agent=f"坐席{number}") for number in range(30)]
    orders = Counter(tuple(fixes(answer)) for answer in answers)
    assert len(orders) > 1
    assert {frozenset(order) for order in orders} == {frozenset(fixes(answers[0]))}
    session = sessions.read_session(database.connection, answers[0].session_id)
    assert session.arm == "trial"
    kept = sessions.read_impressions(database.connection, answers[0].session_id)
    assert {each.propensity for each in kept} == {0.5, 1.0}
    assert fixes(ask(other, agent="坐席0")) == fixes(answers[0])


def test_programs_and_previews_are_never_randomised(
    settings: Settings, database: Database, language: Language
) -> None:
    other = Engine(replace(settings, swap_rate=0.5), database, language)
    for number in range(10):
        answer = ask(other, agent=str(number), channel="cli")
        assert all(item.propensity == 1 for item in answer.items)
    assert all(
        item.propensity == 1 for item in other.preview(SuggestionRequest(SAID), now=START).items
    )


def test_an_experiment_draws_two_rankers_into_one_list(
    engine: Engine, database: Database, learnt: tuple[str, LearnReport]
) -> None:
    chosen, report = learnt
    with database.transaction() as connection:
        experiments.start_experiment(
            connection, Experiment("甲乙", 1, 0, 1.0, format_instant(START), None, "")
        )
    answer = ask(engine)
    assert answer.ranker_version == "base-1"
    session = sessions.read_session(database.connection, answer.session_id)
    assert session.arm == "甲乙"
    kept = sessions.read_impressions(database.connection, answer.session_id)
    ranked = [each for each in kept if each.target_type != "time_limit"]
    assert {each.team for each in ranked} == {"treatment", "control"}
    assert {each.team for each in kept if each.target_type == "time_limit"} == {""}
    places = [each.position for each in ranked if each.target_type == "past_fix"]
    assert places == list(range(1, len(places) + 1))
    with database.transaction() as connection:
        experiments.stop_experiment(connection, "甲乙", reason="asked", now=LATER)
    after = ask(engine)
    assert after.ranker_version == report.version
    assert all(not item.team for item in after.items)
    assert chosen in fixes(after)
