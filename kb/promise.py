"""What the desk promised a caller, read from what it wrote down, and when that falls due.

A promise is a clause that looks ahead (承诺、约好、将、…内回复) and is not told as done. Periods
run by ``kb.deadlines`` from when it was said; named days end at midnight, or with the part of the
day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kb.deadlines import compute_deadline
from kb.errors import InvalidInput
from kb.times import BEIJING, to_beijing
from kb.workdays import WorkCalendar


@dataclass(frozen=True)
class Promise:
    """What was promised, when it was said, when it falls due (None when no time was named)."""

    text: str
    said_at: datetime
    due_at: datetime | None


_DIGITS = dict(zip("一二两三四五六七八九", "1223456789", strict=True))
_NUMBER = r"(?:\d{1,3}|[一二两三四五六七八九十]{1,3}|半)"
_CLOCK = (
    r"(?P<clock>(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})"
    r"(?:[:：](?P<minute>\d{2})|[点时](?P<said>半|一刻|\d{1,2}分?)?))"
)
_PART = r"(?P<part>凌晨|早上|早|上午|中午|下午|傍晚|晚上|晚间|晚|夜里)"
_UNTIL = r"[-~—至到](?P<until>\d{1,2}|[一二三四五六七八九十]{1,3})(?:[:：]00|[点时])?"
_OF_DAY = rf"(?:{_PART})?(?:{_CLOCK}(?:{_UNTIL})?)?"
_PERIOD = re.compile(
    rf"(?P<number>{_NUMBER})(?:至|到|-|~)?(?P<upper>{_NUMBER})?"
    r"个?(?P<unit>多?小时|钟头|分钟|工作日|自然日|日|天|星期|礼拜|周|月)(?P<within>之内|以内|内|后)?"
)
_DAY = re.compile(
    r"(?:(?P<iso>\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?|\d{1,2}(?:月\d{1,2}[日号]?|/\d{1,2}(?!\d)))"
    r"|(?P<relative>大后天|后天|明天|明日|明晚|明早|次日|翌日|第二天|今天|今日|今晚|当天|当日|当晚)"
    r"|(?P<week>本周|这周|下周|下个?(?:星期|礼拜)|周|星期|礼拜)(?P<weekday>[一二三四五六日天末])"
    r"|(?P<next>下个?月|次月)?(?P<number>\d{1,2})(?:号|日(?=之?前|以前|生效|上午|下午|早|晚|到)))\s?"
    + _OF_DAY
)
_MONTH = re.compile(
    r"(?P<which>本月|这个月|下个?月|次月)(?P<end>底|末|内|初|份|账单|账期|出账|话费)?"
    r"|(?P<named>\d{1,2})月(?:底|末|份?账单|账期)|(?P<bare>月底|月末)|(?P<thisweek>本周|这周|下周|下个?星期)(?:内|末|之?前)"
)
_HOUR = re.compile(_PART + _CLOCK)
_STRONG = re.compile(
    r"承诺|答应|保证|约定|约好|约在|约了|预约|改约|预计|最迟|最晚|争取|定于|告知|告诉|请.{0,6}(?:留意|等|耐心)"
    r"|答复(?:客户|用户|称)|同意"
)
_AHEAD = re.compile(
    r"将(?:在|于|会|由|再|安排|为|给|统一|退|返)|会(?:在|于|再|有|给|安排|联系|回|上门|由|将|与)|(?:内|前|后|底)(?:会|将|给)"
    r"|(?:内|前|之前|以前|底)[^,，。；]{0,12}(?:回复|答复|回电|回访|回拨|联系|上门|到场|修复|修好|处理|解决|退|到账|返还|返|补|"
    r"恢复|办结|办好|反馈|完成|寄|送|发|开通|装|给|结果|致电|去电|通知|关闭|生效|派人|安装|核|调|清|销|撤)"
    r"|再(?:次)?(?:联系|上门|回复|回访|致电|打)|安排.{0,10}(?:上门|联系|维修|回复|检修|处理|安装)|拟|待"
    r"|(?:明天|明日|后天|下周.|周.|今晚|今天|[日号]|上午|下午|晚上|[点时])[^,，。；]{0,8}(?:上门|联系|回复|回电|来电|"
    r"到场|处理|安装|致电|回访|给您|给客户|维修|检修|拿到|过去)"
    r"|(?:下个?月|次月|\d月份?账单)[^,，。；]{0,10}(?:退|返|扣减|抵扣|冲|减免|生效|到账|恢复|补)"
)
_DONE = re.compile(
    r"已(?!约|承诺|答应|预约|告知|安排|与.{0,6}约|同|受理)|曾|经查|核实(?!后)|测得|复测|实测|确认(?!后)|恢复正常|发现"
    r"|(?:到账|修复|修好|上门|到场|完成|恢复|退回|退还|装通|装好|处理|办结|解决|查看|更换|换了)了|(?:完毕|成功)$|均未|仍未|(?:客户|用户|申诉人)(?:要求|希望|称|又|多次)|要求.{0,10}[内前]"
)
_VAGUE = re.compile(
    r"(?:承诺|答应|保证)[^,，。；]{0,14}(?:处理|回复|回电|联系|上门|退|解决|改善|优化|跟进|补|给|不再)"
    r"|(?:将|会)(?:与|再|主动|安排|继续)[^,，。；]{0,10}(?:联系|处理|回复|上门|跟进|检修|回访)"
    r"|(?:尽快|稍后|随后|及时)[^,，。；]{0,10}(?:处理|回复|回电|联系|上门|退|解决|答复)"
)
_SENTENCE = re.compile(r"[^。；;！!？?\n]+")
_CLAUSE = re.compile(r"[^,，、:：](?:[^,，:：]|(?<=\d)[:：](?=\d))*")
_PART_ENDS = {
    "凌晨": 6, "早上": 9, "早": 9, "上午": 12, "中午": 14, "下午": 18, "傍晚": 19,
    "晚上": 22, "晚间": 22, "晚": 22, "夜里": 24,
}  # fmt: skip
_DAYS_AHEAD = {"大后天": 3, "后天": 2, "明": 1, "次日": 1, "翌日": 1, "第二天": 1}
_WEEKDAYS = {name: place for place, name in enumerate("一二三四五六日")} | {"天": 6, "末": 6}
_END_OF_DAY = time(23, 59, 59)
LONGEST = 80
"""Characters of a promise that are shown."""


def find_promises(text: str, *, said_at: datetime, calendar: WorkCalendar) -> list[Promise]:
    """The promises in what the desk wrote, in order."""
    said_at = to_beijing(said_at)
    found = []
    for sentence in _SENTENCE.findall(text):
        before = ""
        for clause in _CLAUSE.findall(sentence):
            promise = _read_clause(clause.strip(), before, said_at, calendar)
            if promise:
                found.append(promise)
            before = clause
    return found


def choose_promise(promises: Sequence[Promise]) -> Promise | None:
    """The one to keep an eye on: what falls due first; without any due time the last said."""
    dated = [promise for promise in promises if promise.due_at]
    if dated:
        return min(dated, key=lambda promise: promise.due_at or promise.said_at)
    return promises[-1] if promises else None


def _read_clause(
    clause: str, before: str, said_at: datetime, calendar: WorkCalendar
) -> Promise | None:
    if _DONE.search(clause):
        return None
    led = bool(_STRONG.search(clause) or _STRONG.search(before))
    due = next(_due_times(clause, said_at, calendar), None)
    if due and due > said_at and (led or _AHEAD.search(clause)):
        return Promise(clause[:LONGEST], said_at, due)
    if due is None and _VAGUE.search(clause):
        return Promise(clause[:LONGEST], said_at, None)
    return None


def _due_times(clause: str, said_at: datetime, calendar: WorkCalendar) -> Iterator[datetime]:
    """The instants a clause names, the surest reading first."""
    for match in _DAY.finditer(clause):
        due = _named_day(match, said_at)
        if due and not match.string[: match.start()].endswith(("每月", "每", "提前", "到期前")):
            yield due
    for match in _PERIOD.finditer(clause):
        due = _period(match, said_at, calendar)
        if due:
            yield due
    for match in _MONTH.finditer(clause):
        yield _month_end(match, said_at)
    for match in _HOUR.finditer(clause):
        yield datetime.combine(said_at.date(), _time_of(match), BEIJING)


def _period(match: re.Match[str], said_at: datetime, calendar: WorkCalendar) -> datetime | None:
    """N hours, days, working days: only as 「…内」「…后」, not as a length of something past."""
    value = _number(match["upper"] or match["number"])
    unit = match["unit"].lstrip("多")
    before = match.string[: match.start()]
    after = match.string[match.end() :]
    bounded = match["within"] or unit == "工作日" or after.startswith("左右")
    if not bounded or before.endswith(("近", "最近", "过去", "前", "超过", "第")):
        return None
    if match["number"] == "半" and not match["upper"]:
        value = 0.5
    kinds = {"小时": "hour", "钟头": "hour", "分钟": "minute", "工作日": "workday"}
    if unit in kinds:
        kind = kinds[unit]
    else:
        kind = "day"
        value *= {"星期": 7, "礼拜": 7, "周": 7, "月": 30}.get(unit, 1)
    if kind == "workday" or kind == "day":
        value = max(int(value), 1)
    try:
        return compute_deadline(said_at, value, kind, calendar=calendar).due_at
    except InvalidInput:
        return None


def _named_day(match: re.Match[str], said_at: datetime) -> datetime | None:
    day = _day_of(match, said_at.date())
    if day is None:
        return None
    relative = match["relative"] or ""
    part = match["part"] or (
        "晚" if relative.endswith("晚") else "早" if relative == "明早" else ""
    )
    due = datetime.combine(day, _time_of(match, part), BEIJING)
    same_day = relative.startswith(("今", "当"))
    return due if due > said_at or not same_day else None


def _day_of(match: re.Match[str], today: date) -> date | None:
    if match["relative"]:
        ahead = (days for name, days in _DAYS_AHEAD.items() if match["relative"].startswith(name))
        return today + timedelta(days=next(ahead, 0))
    if match["weekday"]:
        return _weekday(match, today)
    numbers = [int(part) for part in re.findall(r"\d+", match["iso"] or match["number"])]
    try:
        if len(numbers) == 3:
            return date(*numbers)
        if len(numbers) == 2:
            day = date(today.year, *numbers)
            return day if (today - day).days < 180 else day.replace(year=today.year + 1)
        if match["next"]:
            return _next_month(today, numbers[0])
        day = today.replace(day=numbers[0])
    except ValueError:
        return None
    return day if day >= today else _next_month(today, numbers[0])


def _weekday(match: re.Match[str], today: date) -> date:
    wanted = _WEEKDAYS[match["weekday"]]
    monday = today - timedelta(days=today.weekday())
    if match["week"].startswith("下"):
        return monday + timedelta(days=7 + wanted)
    day = monday + timedelta(days=wanted)
    return day if day >= today or match["week"] in ("本周", "这周") else day + timedelta(days=7)


def _next_month(today: date, day: int) -> date | None:
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    try:
        return first.replace(day=day)
    except ValueError:
        return None


def _month_end(match: re.Match[str], said_at: datetime) -> datetime:
    today = said_at.date()
    if match["thisweek"]:
        sunday = today + timedelta(days=6 - today.weekday())
        later = timedelta(days=7 if match["thisweek"].startswith("下") else 0)
        return datetime.combine(sunday + later, _END_OF_DAY, BEIJING)
    month = today
    if match["named"]:
        number = min(max(int(match["named"]), 1), 12)
        month = date(today.year + (number < today.month), number, 1)
    elif (match["which"] or "").startswith(("下", "次")):
        month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = 10 if match["end"] == "初" else monthrange(month.year, month.month)[1]
    return datetime.combine(month.replace(day=last), _END_OF_DAY, BEIJING)


def _time_of(match: re.Match[str], part: str = "") -> time:
    """The time of day a clause names: its clock time, the end of a part of the day, or midnight."""
    part = match["part"] or part
    if not match["clock"]:
        hour = _PART_ENDS.get(part, 24)
        return time(hour) if hour < 24 else _END_OF_DAY
    groups = match.groupdict()
    hour = int(_number(groups.get("until") or match["hour"]))
    if part in ("下午", "傍晚", "晚上", "晚间", "晚") and hour < 12:
        hour += 12
    said = match["said"] or ""
    minute = {"半": 30, "一刻": 15}.get(said) or int(match["minute"] or said.rstrip("分") or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else _END_OF_DAY


def _number(text: str) -> float:
    if text.isdigit():
        return int(text)
    if text == "半":
        return 0.5
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int(_DIGITS.get(text, 0))
    return 10 * int(_DIGITS.get(tens, 1)) + int(_DIGITS.get(ones, 0))
