"""What the desk promised, read from its own words, and when that falls due."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from kb.promise import choose_promise, find_promises
from kb.settings import shipped_handbook
from kb.times import BEIJING
from kb.workdays import WorkCalendar, parse_calendar

SAID = datetime(2026, 11, 18, 10, 30, tzinfo=BEIJING)
"""A Wednesday."""
NIGHT = "23:59"


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    path = shipped_handbook() / "tables" / "workdays.json"
    return parse_calendar(json.loads(path.read_text("utf-8")))


def due_times(text: str, calendar: WorkCalendar) -> list[str | None]:
    return [
        f"{promise.due_at:%m-%d %H:%M}" if promise.due_at else None
        for promise in find_promises(text, said_at=SAID, calendar=calendar)
    ]


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("承诺24小时内上门处理", "11-19 10:30"),
        ("答应客户48小时内回电", "11-20 10:30"),
        ("承诺两小时内恢复", "11-18 12:30"),
        ("二十四小时内恢复", "11-19 10:30"),
        ("半小时内回电", "11-18 11:00"),
        ("专席四十分钟内回拨", "11-18 11:10"),
        ("3个工作日内回复客户", f"11-23 {NIGHT}"),
        ("十五个工作日内办结", f"12-09 {NIGHT}"),
        ("同意于2个工作日内补寄礼品", f"11-20 {NIGHT}"),
        ("告知退款3-5个工作日到账", f"11-25 {NIGHT}"),
        ("告知客户7至15个工作日退款到账", f"12-09 {NIGHT}"),
        ("1个工作日后再次联系", f"11-19 {NIGHT}"),
        ("承诺五日内解决，并在处理后回访", f"11-23 {NIGHT}"),
        ("三天之内给答复", f"11-23 {NIGHT}"),
        ("一周内给出书面答复", f"11-25 {NIGHT}"),
        ("约定两周后回访", f"12-02 {NIGHT}"),
        ("半个月内完成整改", f"12-03 {NIGHT}"),
        ("预约7天内上门收光猫", f"11-25 {NIGHT}"),
        ("明天上午联系您", "11-19 12:00"),
        ("最迟后天下午五点前修复", "11-20 17:00"),
        ("师傅会在明天下午2点半联系", "11-19 14:30"),
        ("师傅后天过去", f"11-20 {NIGHT}"),
        ("为客户预约后天早上8点", "11-20 08:00"),
        ("约定次日上门", f"11-19 {NIGHT}"),
        ("今天下班前回复", f"11-18 {NIGHT}"),
        ("今日内恢复", f"11-18 {NIGHT}"),
        ("今晚八点前修好", "11-18 20:00"),
        ("将安排维修人员于今日18:00前上门", "11-18 18:00"),
        ("处理人员今天晚上九点半前致电", "11-18 21:30"),
        ("厅经理预约当日15点专窗", "11-18 15:00"),
        ("约好周六上午九点到十一点上门", "11-21 11:00"),
        ("本周五之前给客户答复", f"11-20 {NIGHT}"),
        ("下周一安排师傅上门", f"11-23 {NIGHT}"),
        ("下周三前答复", f"11-25 {NIGHT}"),
        ("下周五下午3点专席回电", "11-27 15:00"),
        ("下周内完成", f"11-29 {NIGHT}"),
        ("已与客户约定11月21日上午10点上门", "11-21 10:00"),
        ("承诺11月25日9点至11点上门", "11-25 11:00"),
        ("将于11月25日前退还至话费账户", f"11-25 {NIGHT}"),
        ("预约2026-11-23 14:30上门", "11-23 14:30"),
        ("20号前到账", f"11-20 {NIGHT}"),
        ("15日前退款", f"12-15 {NIGHT}"),
        ("下个月10号前返还", f"12-10 {NIGHT}"),
        ("告知次月1日生效", f"12-01 {NIGHT}"),
        ("12月5日前到账", f"12-05 {NIGHT}"),
        ("预计本月底前完成基站扩容", f"11-30 {NIGHT}"),
        ("月底前返还", f"11-30 {NIGHT}"),
        ("下月账单退还30元", f"12-31 {NIGHT}"),
        ("12月账单中扣减30元", f"12-31 {NIGHT}"),
        ("客户下月账单将减免20元", f"12-31 {NIGHT}"),
        ("若仍未恢复，3个工作日内再联系", f"11-23 {NIGHT}"),
    ],
)
def test_a_promise_falls_due_when_its_words_say(
    text: str, due: str, calendar: WorkCalendar
) -> None:
    assert due_times(text, calendar) == [due]


@pytest.mark.parametrize(
    "text", ["承诺尽快处理", "稍后回复客户", "答应回电", "工程师将与客户联系", "保证不再外呼"]
)
def test_a_promise_without_a_time_falls_due_never(text: str, calendar: WorkCalendar) -> None:
    assert due_times(text, calendar) == [None]


@pytest.mark.parametrize(
    "text",
    [
        "已于24小时内上门修复",
        "次日上门测得尾纤-20.9dBm正常",
        "当日退回30元",
        "核实12月27日、29日到量提醒均下发失败，86元全额减免",
        "客户近3天内多次来电",
        "优惠期12个月",
        "用户要求三天内答复",
        "减免5日月租",
        "并登记到期前5日短信提醒",
        "核三日内到港资费提醒均未下发",
        "答应每周五电话通报进度",
        "说明240元自逾期次日起每日3‰",
        "光猫已更换，测速正常",
        "",
    ],
)
def test_what_is_done_or_asked_for_is_no_promise(text: str, calendar: WorkCalendar) -> None:
    assert due_times(text, calendar) == []


def test_years_turn_with_the_months(calendar: WorkCalendar) -> None:
    (promise,) = find_promises("预计明年3月底前完成", said_at=SAID, calendar=calendar)
    assert promise.due_at == datetime(2027, 3, 31, 23, 59, 59, tzinfo=BEIJING)
    (promise,) = find_promises("承诺1月8日前答复", said_at=SAID, calendar=calendar)
    assert promise.due_at == datetime(2027, 1, 8, 23, 59, 59, tzinfo=BEIJING)


def test_impossible_dates_and_times_are_no_promise(calendar: WorkCalendar) -> None:
    assert due_times("承诺2月31日前答复", calendar) == []
    assert due_times("约定明天99点上门", calendar) == [f"11-19 {NIGHT}"]
    assert due_times("承诺0个工作日内答复", calendar) == [f"11-19 {NIGHT}"]


def test_a_working_day_promise_skips_the_days_of_rest(calendar: WorkCalendar) -> None:
    before = datetime(2026, 9, 30, 9, 0, tzinfo=BEIJING)
    (promise,) = find_promises("承诺1个工作日内回复", said_at=before, calendar=calendar)
    assert promise.due_at is not None
    assert calendar.is_workday(promise.due_at.date())
    assert promise.due_at.month == 10


def test_of_several_promises_the_first_due_is_kept_in_sight(calendar: WorkCalendar) -> None:
    text = "承诺24小时内上门；退款7个工作日内到账，会尽快处理"
    found = find_promises(text, said_at=SAID, calendar=calendar)
    chosen = choose_promise(found)
    assert chosen is not None
    assert chosen.text == "承诺24小时内上门"
    assert len(found) == 3
    vague = choose_promise([promise for promise in found if promise.due_at is None])
    assert vague is not None
    assert vague.due_at is None
    assert choose_promise([]) is None
