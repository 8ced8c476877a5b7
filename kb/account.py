"""Accounts: who works here, in which roles, and which roles one person may not hold together.

Separate duties: an administrator makes accounts but neither writes nor approves what the handbook
says; an auditor reads what all others did and so does nothing else. Both rules are checked
whenever roles are given, whoever gives them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kb.article import CHAPTERS
from kb.errors import InvalidInput
from kb.texts import clean_required, clean_text

MAX_NAME = 64
MAX_REGION = 20
MAX_SUBJECT = 255
PROGRAM = "接口·"
"""How the names of programs begin in records."""


class Role(StrEnum):
    """What somebody is at the desk."""

    AGENT = "agent"
    LEARNER = "learner"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


ROLE_NAMES: Mapping[str, str] = {
    Role.AGENT: "坐席",
    Role.LEARNER: "学员",
    Role.EDITOR: "编辑",
    Role.REVIEWER: "审核",
    Role.SUPERVISOR: "主管",
    Role.ADMINISTRATOR: "管理员",
    Role.AUDITOR: "审计员",
}
RESERVED = frozenset({*ROLE_NAMES.values(), "import", "system", "导入", "系统"})
"""Names that stand in records for no person."""
APART: Mapping[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset({Role.EDITOR, Role.REVIEWER, Role.AUDITOR}),
    Role.AUDITOR: frozenset(Role) - {Role.AUDITOR},
}
"""Roles that nobody holds together with the one named."""


@dataclass(frozen=True)
class Account:
    """One person's account. Its name is who acts in every record, so it never changes.

    ``chapters``, ``regions``: what alone is shown to this person; empty means all.
    ``totp_step``: the time step of the code used last, which is not taken again.
    ``subject``: who an identity provider says this is.
    """

    id: int
    name: str
    roles: tuple[str, ...]
    chapters: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()
    password_hash: str = ""
    password_set_at: str | None = None
    totp_secret: str = ""
    totp_step: int = 0
    subject: str | None = None
    created_at: str = ""
    created_by: str = ""
    disabled_at: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether this person may sign in at all."""
        return self.disabled_at is None


def clean_name(name: str) -> str:
    """A name an account may have; raise InvalidInput."""
    kept = clean_required(name, field="姓名", longest=MAX_NAME)
    if "\n" in kept or "\t" in kept:
        raise InvalidInput("只能有一行", field="姓名")
    if kept.startswith(PROGRAM):
        raise InvalidInput(f"不能以「{PROGRAM}」开头", field="姓名")
    if key_of(kept) in {key_of(each) for each in RESERVED}:
        raise InvalidInput(f"「{kept}」不是人的姓名，请另取", field="姓名")
    return kept


def check_subject(subject: str) -> str | None:
    """Who an identity provider says this is, to the letter; None for nobody; raise InvalidInput."""
    kept = clean_text(subject, field="统一认证标识", longest=MAX_SUBJECT)
    if any(not each.isprintable() for each in kept):
        raise InvalidInput("只能有一行可见的字", field="统一认证标识")
    return kept or None


def key_of(name: str) -> str:
    """What two names must not share: case, width and blanks do not tell people apart."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def check_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles in their order, each once; raise InvalidInput for none or for duties mixed."""
    given = set(roles)
    unknown = sorted(given - set(Role))
    if unknown:
        told = "、".join(Role)
        raise InvalidInput(f"没有「{unknown[0][:20]}」，应为 {told} 之一", field="角色")
    if not given:
        raise InvalidInput("至少选一个角色", field="角色")
    for role, others in APART.items():
        mixed = [each for each in Role if each in given & others]
        if role in given and mixed:
            named = "、".join(ROLE_NAMES[each] for each in mixed)
            raise InvalidInput(f"职责要分开：{ROLE_NAMES[role]}不能同时是{named}", field="角色")
    return tuple(role.value for role in Role if role in given)


def check_chapters(chapters: Iterable[int]) -> tuple[int, ...]:
    """The chapters in order; all of them, or none, mean no bound."""
    kept = tuple(sorted(set(chapters)))
    if any(not 1 <= each <= len(CHAPTERS) for each in kept):
        raise InvalidInput(f"应为 1 到 {len(CHAPTERS)}", field="章节")
    return () if len(kept) == len(CHAPTERS) else kept


def check_regions(regions: Iterable[str]) -> tuple[str, ...]:
    """The regions in order; none means no bound."""
    cleaned = {clean_text(each, field="地区", longest=MAX_REGION) for each in regions}
    return tuple(sorted(cleaned - {""}))
