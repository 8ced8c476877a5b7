"""Whether a complaint repeats an earlier one: the decision from evidence, and what is shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from kb.cues import find_cues, wording
from kb.repeat import (
    Evidence,
    Repeat,
    RepeatQuestion,
    choose_earlier,
    compare_figures,
    features,
    last_promise,
    measure_age,
    read_model,
    repeat_as_dict,
    same_matter,
)
from kb.store.tickets import TicketEvent
from kb.ticket import Ticket
from kb.times import BEIJING
from kb.workdays import WorkCalendar

NOW = datetime(2026, 3, 20, 13, 0, tzinfo=BEIJING)
CALENDAR = WorkCalendar(frozenset(), frozenset(), frozenset({2026}))
EARLIER = Ticket(
    ticket_no="TS20260311000001",
    accepted_at="2026-03-11T09:20:00+08:00",
    category="060101",
    description="家里断网了，光猫红灯一直亮",
    status="closed",
    closed_at="2026-03-12T10:00:00+08:00",
    resolution="已更换尾纤，承诺24小时内回访",
    due_at="2026-03-13T09:20:00+08:00",
)
NEUTRAL = Evidence(
    same_class=0.0, same_group=0.0, same_field=0.0, class_gap=0.0, wide_gap=0.0, foreign=0.2,
    detail=0.5, overlap=0.1, figures=0.0, age=0.5, is_open=0.0, again=0.0, waiting=0.0,
    earlier=0.0, refusing=0.0, addressing=0.0, asking=0.0, settled=0.0, apart=0.0,
)  # fmt: skip


def question(text: str = "又断网了", known: str = "") -> RepeatQuestion:
    return RepeatQuestion(text, "hash", NOW, known=known)


def event(action: str, at: str, detail: str = "") -> TicketEvent:
    return TicketEvent(1, EARLIER.ticket_no, at, action, "甲", 0, detail)


# --- evidence --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cue", "text"),
    [
        ("again", "修好没两天又断了"),
        ("again", "第三次打电话了"),
        ("waiting", "钱到现在没退"),
        ("waiting", "催一下进度"),
        ("earlier", "上次投诉说三天内解决"),
        ("earlier", "师傅说昨天来"),
        ("refusing", "这个结果我不接受"),
        ("addressing", "你们管不管"),
        ("asking", "我想问一下怎么开漫游"),
        ("settled", "修好了，谢谢师傅"),
        ("apart", "这是另外一个号的事"),
    ],
)
def test_a_cue_is_found_in_what_callers_say(cue: str, text: str) -> None:
    assert find_cues(text, "网断了")[cue] == 1.0


def test_a_plain_first_complaint_holds_no_cue() -> None:
    assert set(find_cues("家里宽带断网，光猫红灯亮", "").values()) == {0.0}


def test_another_persons_line_sets_apart_only_if_it_was_not_the_matter_before() -> None:
    assert find_cues("我妈的号收不到短信", "宽带断了")["apart"] == 1.0
    assert find_cues("我妈的号收不到短信", "我妈的号没信号")["apart"] == 0.0


def test_figures_agree_differ_or_say_nothing() -> None:
    assert compare_figures("那四十五块还没退", "扣了我四十五") == 1.0
    assert compare_figures("多了十五块", "扣了我四十五") == -1.0
    assert compare_figures("还没退", "扣了我四十五") == 0.0


def test_numbers_and_pauses_are_all_one_in_the_wording() -> None:
    assert wording("等了三天,没人来") == wording("等了两天，没人来。")
    assert wording("修了5次") == wording("修了12次")


def test_age_counts_most_at_the_start_and_is_bounded() -> None:
    assert measure_age(-1) == measure_age(0) == 0.0
    assert measure_age(400) == 1.0
    assert measure_age(2) - measure_age(1) > measure_age(20) - measure_age(19)


# --- the model -------------------------------------------------------------------------------


def test_the_shipped_model_weighs_exactly_the_features_there_are() -> None:
    model = read_model()
    assert set(model.weights) == set(features(NEUTRAL))
    assert 0 < model.threshold < 1


@pytest.mark.parametrize("cue", ["again", "waiting", "earlier", "refusing"])
def test_speaking_of_an_earlier_call_speaks_for_a_repeat(cue: str) -> None:
    plain = same_matter(NEUTRAL, "网断了", read_model())
    assert same_matter(replace(NEUTRAL, **{cue: 1.0}), "网断了", read_model()) > plain


@pytest.mark.parametrize("cue", ["asking", "settled", "apart"])
def test_asking_thanking_and_setting_apart_speak_against_it(cue: str) -> None:
    plain = same_matter(NEUTRAL, "网断了", read_model())
    assert same_matter(replace(NEUTRAL, **{cue: 1.0}), "网断了", read_model()) < plain


def test_a_probability_stays_one_however_long_the_text() -> None:
    assert 0 <= same_matter(NEUTRAL, "还没修好，你们到底管不管" * 500, read_model()) <= 1


# --- choosing --------------------------------------------------------------------------------


def test_the_most_probable_ticket_over_the_threshold_is_chosen() -> None:
    other = replace(EARLIER, ticket_no="TS20260312000001")
    found = [(other, 0.6), (EARLIER, 0.9)]
    assert choose_earlier(found, question(), threshold=0.5) == (EARLIER, 0.9)
    assert choose_earlier(found, question(), threshold=0.95) is None


def test_the_latest_ticket_of_a_matter_is_meant() -> None:
    second = replace(EARLIER, ticket_no="TS20260315000001", repeat_of=EARLIER.ticket_no)
    found = [(second, 0.4), (EARLIER, 0.9)]
    assert choose_earlier(found, question(), threshold=0.5) == (second, 0.9)


def test_a_ticket_named_by_the_caller_goes_before_the_model() -> None:
    other = replace(EARLIER, ticket_no="TS20260312000001")
    found = [(other, 0.9), (EARLIER, 0.01)]
    named = question("单号ts20260311000001的事")
    assert choose_earlier(found, named, threshold=0.5) == (EARLIER, 0.01)
    known = question(known=EARLIER.ticket_no)
    assert choose_earlier(found, known, threshold=0.5) == (EARLIER, 0.01)


# --- what the caller was told last -----------------------------------------------------------


def test_the_promise_of_the_resolution_runs_from_the_closing() -> None:
    promise, overdue = last_promise(EARLIER, [], calendar=CALENDAR, now=NOW)
    assert promise is not None
    assert promise.text == "承诺24小时内回访"
    assert promise.due_at == datetime(2026, 3, 13, 10, 0, tzinfo=BEIJING)
    assert overdue


def test_what_was_said_at_a_callback_goes_before_the_resolution() -> None:
    events = [event("callback_dissatisfied", "2026-03-20T12:30:00+08:00", "答应两小时内再上门")]
    promise, overdue = last_promise(EARLIER, events, calendar=CALENDAR, now=NOW)
    assert promise is not None
    assert promise.due_at == datetime(2026, 3, 20, 14, 30, tzinfo=BEIJING)
    assert not overdue


def test_a_reopened_ticket_keeps_the_instant_of_its_closing() -> None:
    reopened = replace(EARLIER, status="open", closed_at=None)
    events = [event("closed", "2026-03-15T08:00:00+08:00"), event("reopened", NOW.isoformat())]
    promise, _ = last_promise(reopened, events, calendar=CALENDAR, now=NOW)
    assert promise is not None
    assert promise.said_at == datetime(2026, 3, 15, 8, 0, tzinfo=BEIJING)


def test_without_a_promise_the_tickets_own_due_time_is_shown() -> None:
    plain = replace(EARLIER, resolution="换了尾纤")
    promise, overdue = last_promise(plain, [], calendar=CALENDAR, now=NOW)
    assert promise is not None
    assert (promise.text, overdue) == ("办理时限", False)
    still_open = replace(plain, status="open", closed_at=None)
    assert last_promise(still_open, [], calendar=CALENDAR, now=NOW)[1]
    undated = replace(plain, due_at=None)
    assert last_promise(undated, [], calendar=CALENDAR, now=NOW) == (None, False)


def test_a_repeat_as_json_names_ticket_promise_and_window() -> None:
    promise, overdue = last_promise(EARLIER, [], calendar=CALENDAR, now=NOW)
    told = repeat_as_dict(Repeat(EARLIER, 0.87654, promise, overdue, 3))
    assert told is not None
    assert told["ticket_no"] == EARLIER.ticket_no
    assert told["title"] == EARLIER.description
    assert told["probability"] == 0.8765
    assert told["promise"] == {
        "text": "承诺24小时内回访",
        "said_at": "2026-03-12T10:00:00+08:00",
        "due_at": "2026-03-13T10:00:00+08:00",
        "overdue": True,
    }
    assert told["count_in_window"] == 3
    assert "number_hash" not in told
    assert repeat_as_dict(None) is None
