"""The audit trail as a page, for auditors: who did what to which object, and is the chain whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from flask import Blueprint, current_app, redirect, render_template, url_for
from pydantic import Field
from werkzeug.wrappers import Response

from kb.audit import AuditRow, name_kind
from kb.errors import KBError
from kb.store.audit import AuditFilter, count_rows, read_head
from kb.times import BEIJING, format_instant
from kb.trail import Verified, format_head, read_trail, verify_trail
from web.auditing import note_read
from web.bodies import Query
from web.deeds import KNOWN, name_action
from web.errors import describe
from web.fields import Day, Name
from web.guard import check_form
from web.reporting import read_page_query
from web.services import current

blueprint = Blueprint("trail", __name__, url_prefix="/audit")
SHOWN = 50
LARGEST = 10**15
KINDS: Mapping[str, str] = {
    "account": "账号", "account_link": "账号链接", "api_token": "接口令牌", "approval": "审批",
    "article": "条目", "article_source": "条目来源", "audit": "审计记录", "backup": "备份",
    "call": "来电", "card_review": "卡片成绩", "category": "投诉分类", "certificate": "证书",
    "drill": "案例练习", "experiment": "排序试验", "export": "导出", "export_request": "导出申请",
    "figure": "数值",
    "gap_mark": "缺口处理", "limit_change": "时限改动", "class_change": "分类改动",
    "glossary": "术语",
    "handbook_import": "手册导入",
    "outcome_trace": "结果变化", "path_learner": "路径分配", "pii": "个人信息",
    "ranker": "排序版本", "ranker_switch": "排序开关", "recovery_code": "恢复码",
    "recovery_codes": "恢复码", "refused": "越权被拒", "report": "报表导出",
    "retention": "到期清除", "review_task": "复核任务", "revision": "条目版本",
    "revision_event": "版本记录", "schema": "数据库结构", "secret": "密钥",
    "session_decision": "建议取舍", "sign_in": "登录", "suggestion_event": "建议使用",
    "ticket": "工单", "ticket_event": "工单记录", "ticket_knowledge_link": "知识关联",
    "ticket_outcome": "办结结果", "time_limit": "时限", "vocabulary": "词表",
    "vocabulary_version": "词表版本", "week_path": "第一周路径",
}  # fmt: skip
"""What objects are called, by the part of their name before the colon."""


class TrailPage(Query):
    """GET /audit; ``since`` and ``until`` are Beijing days, both included."""

    who: Name = ""
    action: Name = ""
    kind: Literal["", *KINDS] = ""  # type: ignore[valid-type]
    key: Name = ""
    since: Day | None = None
    until: Day | None = None
    before: Annotated[int, Field(ge=0, le=LARGEST)] = 0


@dataclass(frozen=True)
class Checked:
    """When this service last followed the whole chain, and what that told."""

    at: datetime
    verified: Verified


@blueprint.get("")
def show_trail() -> tuple[str, int]:
    """The newest rows that are asked for, and how the chain stands."""
    problem = None
    try:
        query = read_page_query(TrailPage)
    except KBError as error:
        problem, query = describe(error), TrailPage()
    connection = current().database.connection
    head = read_head(connection)
    rows = read_trail(current().database, _filter(query), limit=SHOWN + 1)
    page = render_template(
        "audit.html",
        query=query,
        rows=[_words(each) for each in rows[:SHOWN]],
        deeds=[(code, name_action(code)) for code in KNOWN if code],
        following=rows[SHOWN - 1].seq if len(rows) > SHOWN else 0,
        kept={name: text for name, text in query.model_dump(exclude={"before"}).items() if text},
        kinds=KINDS,
        head=head,
        head_text=format_head(head),
        count=count_rows(connection),
        checked=current_app.extensions.get("trail-checked"),
        problem=problem,
    )
    return page, problem.status if problem else 200


def _filter(query: TrailPage) -> AuditFilter:
    thing = f"{query.kind}:{query.key}" if query.kind and query.key else query.kind or query.key
    return AuditFilter(
        who=query.who,
        action=query.action,
        object=thing,
        since=_midnight(query.since),
        until=_midnight(query.until, days=1),
        before=query.before,
    )


def _midnight(day: str | None, *, days: int = 0) -> str:
    if not day:
        return ""
    whole = date.fromisoformat(day) + timedelta(days=days)
    return format_instant(datetime.combine(whole, time(), BEIJING))


def _words(row: AuditRow) -> tuple[AuditRow, str, str, str, str]:
    """A row; how its object was touched, what it is called, its key, and what was done."""
    return (row, name_kind(row), *_name(row.object), name_action(row.action))


def _name(thing: str) -> tuple[str, str]:
    """An object's kind in Chinese, and its key."""
    kind, _, key = thing.partition(":")
    return KINDS.get(kind, kind), key


@blueprint.post("/verify")
def verify() -> Response:
    """Follow the whole chain now; that somebody did is a row itself."""
    check_form()
    services = current()
    found = verify_trail(services.database.connection)
    current_app.extensions["trail-checked"] = Checked(services.clock(), found)
    note_read("audit:verify")
    return redirect(url_for("trail.show_trail"), 303)
