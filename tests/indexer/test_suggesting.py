"""The main job on the shipped handbook and samples: complaint in, what to do out."""

from __future__ import annotations

from datetime import datetime

import pytest

from indexer.engine import Engine
from indexer.explaining import FILLERS
from kb.database import Database
from kb.errors import CategoryNotFound, InvalidInput, TicketNotFound
from kb.store import sessions
from kb.suggestion import MAX_TEXT, Answer, SuggestionRequest
from kb.times import BEIJING
from tests.conftest import START

COMPLAINTS = [
    ("家里网断了,盒子上那个红灯一直亮", "060101", "P060101", "TL001"),
    ("话费里多了个我没订过的会员", "020101", "P020101", "TL035"),
    ("转网那个码失效了", "080103", "P080103", "TL056"),
    ("手机突然被停,说我有诈骗风险", "090101", "P090101", "TLC090101"),
    ("约好装宽带没人来", "060301", "P060301", "TL082"),
    ("孩子拿手机充了两千多游戏", "140102", "P140102", "TLC140102"),
]


def ask(engine: Engine, text: str, **known: str) -> Answer:
    return engine.suggest(SuggestionRequest(text, **known), now=START)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "category", "article", "limit"), COMPLAINTS)
def test_a_complaint_brings_its_class_procedure_limit_and_a_past_fix(
    engine: Engine, text: str, category: str, article: str, limit: str
) -> None:
    answer = ask(engine, text)
    assert category in [guess.id for guess in answer.categories[:2]]
    assert article in [item.target_id for item in answer.procedures[:3]]
    assert limit in [item.target_id for item in answer.time_limits]
    assert answer.past_fixes[0].details["category"] == category


def test_highlights_are_whole_terms_inside_the_snippet(engine: Engine) -> None:
    answer = ask(engine, "宽带报691错误,拨号拨不上,密码也重置过了")
    marked = [item for item in answer.items if item.highlights]
    assert marked
    for item in marked:
        found = [item.snippet[start:end] for start, end in item.highlights]
        assert all(piece and piece == piece.strip() for piece in found)
    words = {item.snippet[s:e] for item in marked for s, e in item.highlights}
    assert "691" in words


def test_recognition_errors_and_synonyms_find_the_same_article(engine: Engine) -> None:
    spoken = ask(engine, "款待上不去光毛那个灯是红的")
    written = ask(engine, "宽带上不去光猫那个灯是红的")
    assert spoken.procedures[0].target_id == written.procedures[0].target_id == "P060101"


def test_traditional_full_width_and_upper_case_find_the_same_article(engine: Engine) -> None:
    plain = ask(engine, "宽带 los 亮红灯").procedures[0].target_id
    assert ask(engine, "寬頻 ＬＯＳ 亮紅燈").procedures[0].target_id == plain == "P060101"


@pytest.mark.parametrize(
    "text", ["asdf qwer zxcv", "今天天气真好啊", "🙂🙂🙂", "红烧肉怎么做才好吃"]
)
def test_what_is_no_complaint_gets_no_suggestion(engine: Engine, text: str) -> None:
    answer = ask(engine, text)
    assert answer.abstained
    assert answer.items == ()


def test_personal_data_is_masked_before_anything_is_kept(
    engine: Engine, database: Database
) -> None:
    answer = ask(
        engine, "我叫张三丰,号码幺三八零零幺三八零零零,宽带断了,LOS红灯,身份证11010519491231002X"
    )
    assert "张三丰" not in answer.query_masked
    assert "11010519491231002X" not in answer.query_masked
    assert "138****8000" in answer.query_masked
    kept = sessions.read_session(database.connection, answer.session_id)
    assert kept.query_masked == answer.query_masked


def test_session_and_impressions_are_recorded_before_the_answer(
    engine: Engine, database: Database
) -> None:
    answer = ask(engine, "转网那个码失效了")
    kept = sessions.read_impressions(database.connection, answer.session_id)
    assert [item.impression_id for item in answer.items] == [each.id for each in kept]
    assert [item.position for item in answer.items] == [each.position for each in kept]
    assert all(each.target_version for each in kept)
    assert all(each.displayed_at is None for each in kept)


def test_a_preview_records_nothing(engine: Engine, database: Database) -> None:
    answer = engine.preview(SuggestionRequest("转网那个码失效了"), now=START)
    assert sessions.read_impressions(database.connection, answer.session_id) == []


def test_limits_of_another_province_do_not_bind(engine: Engine) -> None:
    here = {item.target_id for item in ask(engine, "投诉没人答复", region="河南省").time_limits}
    there = {item.target_id for item in ask(engine, "投诉没人答复", region="浙江").time_limits}
    assert "TL040" in here
    assert "TL040" not in there


def test_due_times_run_from_acceptance_on_the_working_day_calendar(engine: Engine) -> None:
    accepted = datetime(2026, 9, 30, 9, 0, tzinfo=BEIJING).isoformat()
    answer = ask(engine, "家里网断了,盒子上那个红灯一直亮", accepted_at=accepted)
    due = {item.target_id: item.details["due_at"] for item in answer.time_limits}
    assert due["TL001"] == "2026-10-02T09:00:00+08:00"
    assert due["TL035"] == "2026-10-15T23:59:59+08:00"


def test_a_deadline_in_a_year_without_calendar_is_provisional(engine: Engine) -> None:
    accepted = datetime(2026, 12, 25, 9, 0, tzinfo=BEIJING).isoformat()
    answer = ask(engine, "家里网断了,盒子上那个红灯一直亮", accepted_at=accepted)
    flags = {item.target_id: item.details["provisional"] for item in answer.time_limits}
    assert flags["TL035"] is True
    assert flags["TL001"] is False


def test_an_unverified_limit_says_so_and_is_not_called_law(engine: Engine) -> None:
    answer = ask(engine, "手机突然被停,说我有诈骗风险")
    doubtful = [item for item in answer.time_limits if not item.details["is_verified"]]
    assert doubtful
    assert all(item.details["authority"] != "statute" for item in doubtful)


def test_the_class_an_agent_chose_is_kept(engine: Engine) -> None:
    answer = ask(engine, "一直没人理我", category="060301")
    assert answer.categories[0].id == "060301"
    assert not answer.abstained


def test_a_long_rambling_complaint_is_answered(engine: Engine) -> None:
    text = "我跟你说啊" * 300 + "家里宽带断了光猫上LOS红灯一直亮" + "你们到底管不管" * 300
    assert ask(engine, text).procedures[0].target_id == "P060101"


@pytest.mark.parametrize(
    ("request_", "error", "field"),
    [
        (SuggestionRequest(""), InvalidInput, "text"),
        (SuggestionRequest(" \n\t"), InvalidInput, "text"),
        (SuggestionRequest("断" * (MAX_TEXT + 1)), InvalidInput, "text"),
        (SuggestionRequest("断网", limit=0), InvalidInput, "limit"),
        (SuggestionRequest("断网", limit=21), InvalidInput, "limit"),
        (SuggestionRequest("断网", category="999999"), CategoryNotFound, "category"),
        (SuggestionRequest("断网", ticket_no="TS1"), TicketNotFound, "ticket_no"),
        (SuggestionRequest("断网", accepted_at="昨天"), InvalidInput, "accepted_at"),
    ],
)
def test_bad_input_names_its_field(
    engine: Engine, request_: SuggestionRequest, error: type[Exception], field: str
) -> None:
    with pytest.raises(error) as raised:
        engine.suggest(request_, now=START)
    assert raised.value.field == field  # type: ignore[attr-defined]


def test_control_characters_and_broken_pairs_do_not_stop_an_answer(engine: Engine) -> None:
    assert ask(engine, "宽带\x00断了\x07 LOS\u200b红灯").procedures[0].target_id == "P060101"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("kdbz", "宽带报障"),
        ("kuandaibaozhang", "宽带报障"),
        ("kd报障", "宽带报障"),
        ("寬頻報障", "宽带报障"),
        ("宽代报障", "宽带报障"),
        ("５Ｇ套餐", "5G套餐"),
        ("xhzw", "携号转网"),
    ],
)
def test_pinyin_wide_traditional_and_homophones_lead_where_plain_writing_leads(
    engine: Engine, typed: str, plain: str
) -> None:
    def first(text: str) -> str:
        return engine.preview(SuggestionRequest(text), now=START).procedures[0].target_id

    assert first(typed) == first(plain)


def test_letters_read_as_chinese_are_told_and_chinese_stays_as_said(engine: Engine) -> None:
    answer = engine.preview(SuggestionRequest("kdbz"), now=START)
    assert answer.corrections == (("kdbz", "宽带报障"),)
    assert answer.query_masked == "kdbz"
    for said in ("款待不好", "los红灯一直亮", "kdbz" + "，宽带断了" * 10):
        assert engine.preview(SuggestionRequest(said), now=START).corrections == ()


def test_fillers_are_no_key_terms_and_are_not_marked(engine: Engine) -> None:
    said = "嗯我家里网断了，那个红灯就是一直亮，你们怎么还没来"
    answer = engine.preview(SuggestionRequest(said), now=START)
    assert "红灯" in answer.terms
    told = {*answer.terms, *(term for item in answer.items for term in item.why.terms)}
    assert not FILLERS & told
