"""What codes and instants are called on a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for

from kb.article import CHAPTERS, is_question
from kb.editing import ACTIONS as ACTIONS_OF_EDITORS
from kb.editing import REVISION_STATUSES
from kb.limit import AUTHORITIES, INTERNAL, KINDS, UNIT_NAMES
from kb.queues import QUEUES, due_of, queue_of
from kb.repeat import Repeat
from kb.seeing import VIEWS
from kb.suggestion import ACTIONS
from kb.ticket import (
    AREAS,
    CAME_BACK_REASONS,
    CHANNELS,
    OUTCOMES,
    PRIORITIES,
    STATUSES,
    TARGET_TYPES,
    USAGES,
)
from kb.times import format_instant, parse_instant, to_beijing
from web.pages.glance import hit_step, solution_words
from web.parsing import named_agent
from web.rendering import mark_terms
from web.seeing import view_code

CONFIDENCES: Mapping[str, str] = {"HIGH": "把握高", "MEDIUM": "把握中", "LOW": "把握低"}
DOTS: Mapping[str, str] = {"HIGH": "●●●", "MEDIUM": "●●○", "LOW": "●○○"}
HISTORY: Mapping[str, str] = {
    "created": "建单",
    "imported": "导入",
    "updated": "修改",
    "linked": "关联知识",
    "unlinked": "取消关联",
    "assigned": "认领或转交",
    "released": "退回待受理",
    "dispatched": "派单",
    "closed": "办结",
    "reopened": "重开",
    "came_back": "又反复",
    "callback_satisfied": "回访：满意",
    "callback_dissatisfied": "回访：不满意",
    "callback_no_answer": "回访：无人接听",
}
CALLBACKS: Mapping[str, str] = {
    "satisfied": "满意",
    "dissatisfied": "不满意",
    "no_answer": "无人接听",
}
EDIT_ACTIONS: Mapping[str, str] = {
    **ACTIONS_OF_EDITORS,
    "save": "保存",
    "comment": "评论",
    "archive": "归档",
    "drop": "放弃",
    "import": "导入文件",
    "resolve": "解决了评论",
    "reopen": "重新打开评论",
}
REGIONS = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江",
    "上海", "江苏", "浙江", "安徽", "福建", "江西", "山东", "河南",
    "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川", "贵州",
    "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆",
)  # fmt: skip
_WEEKDAYS = "一二三四五六日"


def init_app(app: Flask) -> None:
    """Give the templates our words and filters."""
    app.jinja_env.globals.update(
        asset=asset,
        confidences=CONFIDENCES,
        dots=DOTS,
        regions=REGIONS,
        areas=AREAS,
        channels=CHANNELS,
        priorities=PRIORITIES,
        statuses=STATUSES,
        outcomes=OUTCOMES,
        came_back=CAME_BACK_REASONS,
        usages=USAGES,
        chapters=CHAPTERS,
        kinds=KINDS,
        solution_words=solution_words,
        hit_step=hit_step,
        units=UNIT_NAMES,
        authorities=AUTHORITIES,
        internal=INTERNAL,
        target_types=TARGET_TYPES,
        actions=ACTIONS,
        history=HISTORY,
        callbacks=CALLBACKS,
        queues=QUEUES,
        seat_name=named_agent,
        views=VIEWS,
        view_code=view_code,
        revision_statuses=REVISION_STATUSES,
        edit_actions=EDIT_ACTIONS,
    )
    app.jinja_env.filters.update(
        ago=describe_ago,
        day=format_day,
        clock=format_clock,
        due=due_of,
        hour=format_hour,
        hours=describe_hours,
        kept=describe_kept,
        marked=mark_terms,
        short=format_short,
        queue=queue_of,
        remaining=describe_remaining,
    )
    app.jinja_env.tests["question"] = is_question
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def asset(name: str) -> str:
    """Address of a static file that changes with its content, so that it may be kept for ever."""
    return url_for("static", filename=name, v=_fingerprint(name))


@lru_cache(maxsize=32)
def _fingerprint(name: str) -> str:
    path = Path(__file__).parent / "static" / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def format_clock(instant: str | datetime | None) -> str:
    """Beijing time as read on a wall: 2026-03-13 周五 09:20."""
    if not instant:
        return ""
    if isinstance(instant, str):
        instant = parse_instant(instant, field="")
    local = to_beijing(instant)
    return f"{local:%Y-%m-%d} 周{_WEEKDAYS[local.weekday()]} {local:%H:%M}"


def format_short(instant: str, now: datetime) -> str:
    """The same without the year when it is this one: 03-13 周五 09:20."""
    text = format_clock(instant)
    return text.removeprefix(f"{to_beijing(now):%Y}-")


def format_hour(now: datetime) -> str:
    """The time of day: 09:20."""
    return f"{to_beijing(now):%H:%M}"


def format_day(instant: str, now: datetime) -> str:
    """A time near at hand: 今天 15:20, 明天 09:20, 03-13 09:20."""
    local, today = to_beijing(parse_instant(instant, field="")), to_beijing(now).date()
    names = {0: "今天", 1: "明天", -1: "昨天"}
    return f"{names.get((local.date() - today).days) or local.strftime('%m-%d')} {local:%H:%M}"


def describe_remaining(due: str, now: datetime) -> str:
    """How long until ``due``, or since it passed, in the two largest units."""
    left = parse_instant(due, field="") - now
    words = _describe_span(abs(left))
    return f"已超 {words}" if left < timedelta(0) else f"还有 {words}"


def describe_ago(instant: str, now: datetime) -> str:
    """How long ago, in the largest unit: 8 天前, 3 小时前, 刚才."""
    minutes = int((now - parse_instant(instant, field="")).total_seconds() // 60)
    if minutes < 1:
        return "刚才"
    days, hours = minutes // (24 * 60), minutes // 60
    return f"{days} 天前" if days else f"{hours} 小时前" if hours else f"{minutes} 分钟前"


def describe_kept(repeat: Repeat, now: datetime) -> str:
    """How a promise stands: how long is left, how long it is overdue, or that it was kept."""
    due = repeat.promise.due_at if repeat.promise else None
    if due is None:
        return ""
    if due < now and not repeat.overdue:
        return "已按时办结"
    if repeat.overdue and repeat.ticket.closed_at and repeat.promise and repeat.is_limit:
        return "办结时已超时"
    return describe_remaining(format_instant(due), now)


def _describe_span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        return f"{days} 天 {hours} 小时"
    if hours:
        return f"{hours} 小时 {minutes} 分"
    return f"{minutes} 分"


def describe_hours(hours: float | None) -> str:
    """A length of time in hours, or in days when it is long."""
    if hours is None:
        return "不详"
    if hours < 1:
        return f"{hours * 60:.0f} 分钟"
    return f"{hours:.3g} 小时" if hours < 72 else f"{hours / 24:.2g} 天"
