"""Tickets: a complaint case from acceptance to what came after its closing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CHANNELS: Mapping[str, str] = {
    "hotline": "热线",
    "app": "手机营业厅",
    "hall": "营业厅",
    "wechat": "微信",
    "weibo": "微博",
    "gov12345": "12345 转办",
    "miit": "工信部转办",
    "import": "外部导入",
}
STATUSES: Mapping[str, str] = {"open": "处理中", "closed": "已办结"}
PRIORITIES = ("P1", "P2", "P3", "P4")
AREAS: Mapping[str, str] = {"urban": "城镇", "rural": "农村"}
USAGES: Mapping[str, str] = {"reference": "参考", "solution": "解决", "source": "来源"}
FOUND_BY = ("suggested", "searched", "created")
CAME_BACK_REASONS: Mapping[str, str] = {
    "repeat": "再次投诉",
    "reopened": "重开",
    "escalated": "升级",
    "callback": "回访不满意",
}
OUTCOMES: Mapping[str, str] = {
    "stayed_closed": "已解决",
    "came_back": "又反复",
    "pending": "未定",
}
TARGET_TYPES: Mapping[str, str] = {
    "article": "知识条目",
    "procedure": "规程",
    "time_limit": "时限",
    "past_fix": "过往处理",
    "ticket": "工单",
}


@dataclass(frozen=True)
class Ticket:
    """One complaint case; every text in it is masked already. Instants are ISO text, Beijing.

    ``assignee``: who has it, "" when nobody does; ``dispatched_at``: when it was sent to its
    department; ``callback_due``: by when the customer is to be called, None when no call is due.
    """

    ticket_no: str
    accepted_at: str
    channel: str = "hotline"
    title: str = ""
    service_number: str = ""
    number_hash: str = ""
    region: str = ""
    area: str = ""
    category: str = ""
    urgency: str = ""
    description: str = ""
    customer_demand: str = ""
    status: str = "open"
    due_at: str | None = None
    responsible_dept: str = ""
    root_cause: str = ""
    fix: str = ""
    resolution: str = ""
    closed_at: str | None = None
    satisfaction: int | None = None
    callback_result: str = ""
    is_repeat: bool = False
    repeat_of: str | None = None
    reopened: int = 0
    escalated: bool = False
    overdue: bool = False
    none_fit: bool = False
    closings: int = 0
    is_sample: bool = False
    external_source: str = ""
    external_id: str = ""
    version: int = 1
    assignee: str = ""
    dispatched_at: str | None = None
    callback_due: str | None = None


@dataclass(frozen=True)
class Link:
    """Knowledge tied to a ticket: what it was used for, and how it was found.

    ``search_id``: the explicit search whose hit it was, when the agent found it so.
    """

    ticket_no: str
    target_type: str
    target_id: str
    target_version: str
    knowledge_usage: str
    impression_id: str | None
    found_by: str
    linked_by: str
    linked_at: str
    closing: int
    search_id: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one closing of a ticket. ``closed_at``: when that closing was made."""

    ticket_no: str
    closing: int
    state: str
    reason: str
    settled_at: str | None
    closed_at: str | None = None
