"""What each role may do, and who is looking: asked by pages, API and search alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kb.account import Account, Role
from kb.bounds import Bounds, make_bounds


class Permission(StrEnum):
    """One thing that may be allowed."""

    READ_HANDBOOK = "read_handbook"
    TAKE_CALLS = "take_calls"
    READ_TICKETS = "read_tickets"
    RING_CALLS = "ring_calls"
    LEARN = "learn"
    LEAD_LEARNING = "lead_learning"
    READ_DRAFTS = "read_drafts"
    EDIT = "edit"
    REVIEW = "review"
    READ_REPORTS = "read_reports"
    CLOSE_TASKS = "close_tasks"
    EXPORT_DATA = "export_data"
    ERASE_PERSONAL_DATA = "erase_personal_data"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_METRICS = "read_metrics"
    READ_AUDIT = "read_audit"
    NAME_AGENTS = "name_agents"


PERMISSION_NAMES: Mapping[str, str] = {
    Permission.READ_HANDBOOK: "查手册、检索和时限",
    Permission.TAKE_CALLS: "接投诉：建议、建单、办结、回访",
    Permission.READ_TICKETS: "看工单",
    Permission.RING_CALLS: "登记来电（电话系统）",
    Permission.LEARN: "学习",
    Permission.LEAD_LEARNING: "带学员：路径、团队进度",
    Permission.READ_DRAFTS: "看草稿和编辑待办",
    Permission.EDIT: "写草稿、词表，导入文件",
    Permission.REVIEW: "批准、退回、归档",
    Permission.READ_REPORTS: "看报表",
    Permission.CLOSE_TASKS: "办复核任务和知识缺口",
    Permission.EXPORT_DATA: "导出数据",
    Permission.ERASE_PERSONAL_DATA: "查找和删除个人信息",
    Permission.MANAGE_ACCOUNTS: "管账号和接口令牌",
    Permission.READ_METRICS: "看运行指标",
    Permission.READ_AUDIT: "看审计记录",
    Permission.NAME_AGENTS: "代坐席操作（X-Agent）",
}
_P = Permission
GRANTED: Mapping[str, frozenset[Permission]] = {
    Role.AGENT: frozenset(
        {_P.READ_HANDBOOK, _P.TAKE_CALLS, _P.READ_TICKETS, _P.RING_CALLS, _P.LEARN}
    ),
    Role.LEARNER: frozenset({_P.READ_HANDBOOK, _P.LEARN}),
    Role.EDITOR: frozenset(
        {
            _P.READ_HANDBOOK, _P.LEARN, _P.READ_TICKETS, _P.READ_REPORTS, _P.CLOSE_TASKS,
            _P.READ_DRAFTS, _P.EDIT,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            _P.READ_HANDBOOK, _P.LEARN, _P.READ_REPORTS, _P.CLOSE_TASKS, _P.READ_DRAFTS,
            _P.REVIEW,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            _P.READ_HANDBOOK, _P.TAKE_CALLS, _P.READ_TICKETS, _P.RING_CALLS, _P.LEARN,
            _P.LEAD_LEARNING, _P.READ_REPORTS, _P.CLOSE_TASKS, _P.EXPORT_DATA,
            _P.ERASE_PERSONAL_DATA,
        }
    ),
    Role.ADMINISTRATOR: frozenset({_P.MANAGE_ACCOUNTS, _P.READ_METRICS}),
    Role.AUDITOR: frozenset({_P.READ_AUDIT}),
}  # fmt: skip
"""What a role allows; what stands nowhere here is refused."""


PEOPLE_ONLY = frozenset({_P.MANAGE_ACCOUNTS, _P.READ_AUDIT, _P.ERASE_PERSONAL_DATA, _P.REVIEW})
"""What no token of a program allows: else who makes tokens could approve by one."""


@dataclass(frozen=True)
class Viewer:
    """Who is looking. ``bounds``: what alone may be shown; None means all.

    ``account_id`` is None for a token of another program and on a desk without accounts.
    """

    name: str
    roles: frozenset[str] = frozenset()
    bounds: Bounds | None = None
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    account_id: int | None = None

    def may(self, permission: str) -> bool:
        """Whether ``permission`` is among what is allowed."""
        return permission in self.permissions


ANYBODY = Viewer("", permissions=frozenset(Permission) - {_P.MANAGE_ACCOUNTS, _P.NAME_AGENTS})
"""Who uses a desk that has no accounts yet: names are typed, everything else is allowed."""
STRANGER = Viewer("")
"""Who has not signed in where accounts exist."""


def bounds_of(account: Account) -> Bounds | None:
    """What alone an account may see; None: all."""
    return make_bounds(account.chapters or None, account.regions or None)


def viewer_of(account: Account) -> Viewer:
    """The viewer that a signed-in person is."""
    allowed = (GRANTED[role] for role in account.roles)
    return Viewer(
        name=account.name,
        roles=frozenset(account.roles),
        bounds=bounds_of(account),
        permissions=frozenset().union(*allowed),
        account_id=account.id,
    )
