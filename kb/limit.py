"""Time limits: which bind a complaint, and in which order they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from kb.category import Category, covers
from kb.deadlines import compute_deadline
from kb.times import BEIJING
from kb.workdays import WorkCalendar

AUTHORITIES: Mapping[str, str] = {
    "statute": "法律法规",
    "ministry_rule": "部门规章",
    "ministry_notice": "部委通告",
    "local_rule": "地方条例",
    "standard": "国家标准",
    "operator_commitment": "企业公开承诺",
    "handbook": "本手册标准",
    "practice": "内部要求",
    "secondary": "二手资料",
}
CONFIDENCES = ("high", "medium", "low", "unverified")
KINDS: Mapping[str, str] = {"max": "上限", "average": "平均", "target": "目标"}
UNIT_NAMES: Mapping[str, str] = {
    "second": "秒",
    "minute": "分钟",
    "hour": "小时",
    "day": "日",
    "workday": "个工作日",
}
INTERNAL = frozenset({"handbook", "practice"})
"""Authorities that are this desk's own rule, never to be presented as law."""


@dataclass(frozen=True)
class TimeLimit:
    """One row of the table of limits.

    ``categories``: class codes of any level it binds; empty binds every complaint.
    ``region``: province it holds in, empty for the whole country. ``area``: urban, rural or "".
    ``priority``: P1-P4 it is for, or "". ``starts``: "accepted" when the clock runs from the
    complaint's acceptance, else "event": it runs from ``from_event``, which is not known here.
    ``retired_on``: the day from which it binds no new complaint, "" while it has no end.
    """

    id: str
    subject: str
    categories: tuple[str, ...]
    region: str
    area: str
    priority: str
    condition: str
    limit_value: float
    limit_unit: str
    kind: str
    from_event: str
    starts: str
    responsible_dept: str
    escalation: str
    authority: str
    source: str
    confidence: str
    retired_on: str = ""
    revision: int = 1

    @property
    def is_verified(self) -> bool:
        """Whether the source was read: others are shown as 待核实 and never as law."""
        return self.confidence in ("high", "medium")

    def is_retired(self, on: date) -> bool:
        """Whether it binds no complaint accepted on the day ``on``."""
        return bool(self.retired_on) and on.isoformat() >= self.retired_on


def in_use(limits: Mapping[str, TimeLimit], on: date) -> dict[str, TimeLimit]:
    """The limits that bind complaints accepted on a day, by id."""
    return {name: each for name, each in limits.items() if not each.is_retired(on)}


@dataclass(frozen=True)
class LimitRequest:
    """What is known of the complaint a limit is asked for."""

    category: str
    region: str = ""
    area: str = ""
    priority: str = ""
    procedure_limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoundLimit:
    """A limit that binds, with its due instant when the clock runs from acceptance."""

    limit: TimeLimit
    due_at: datetime | None
    provisional: bool
    is_specific: bool


def applies(limit: TimeLimit, request: LimitRequest) -> bool:
    """Whether ``limit`` binds: class, region, area and priority all fit or are left open."""
    if limit.categories and not any(covers(code, request.category) for code in limit.categories):
        return limit.id in request.procedure_limits and _fits_circumstances(limit, request)
    return _fits_circumstances(limit, request)


def _fits_circumstances(limit: TimeLimit, request: LimitRequest) -> bool:
    if limit.region and not _same_region(limit.region, request.region):
        return False
    if limit.area and request.area and limit.area != request.area:
        return False
    return not limit.priority or limit.priority == request.priority


def _same_region(province: str, region: str) -> bool:
    """Whether ``region`` (河南, 河南省, 河南省郑州市, 重庆市 …) lies in ``province`` (河南)."""
    return region.startswith(province)


def bind_limits(
    limits: Iterable[TimeLimit],
    request: LimitRequest,
    *,
    accepted_at: datetime,
    calendar: WorkCalendar,
) -> list[BoundLimit]:
    """All limits that bind, each with its due time, in the order they are shown.

    Limits written for a class come before those that bind every complaint; within each, one
    subject's limits stand together and the strictest comes first: earliest due, where several are
    alike the higher authority, the verified before the unverified.
    A limit of the class itself replaces the general one of the same subject and priority level.
    """
    bound = [
        bind_limit(limit, accepted_at=accepted_at, calendar=calendar)
        for limit in limits
        if applies(limit, request) and not limit.is_retired(accepted_at.astimezone(BEIJING).date())
    ]
    own = {
        item.limit.subject for item in bound if item.limit.id == class_limit_id(request.category)
    }
    kept = [item for item in bound if not (item.limit.priority and item.limit.subject in own)]
    first: dict[tuple[bool, str], tuple[object, ...]] = {}
    for item in kept:
        group = (not item.is_specific, item.limit.subject)
        first[group] = min(first.get(group, strictness(item)), strictness(item))

    def order(item: BoundLimit) -> tuple[object, ...]:
        group = (not item.is_specific, item.limit.subject)
        return (not item.is_specific, first[group], item.limit.subject, strictness(item))

    return sorted(kept, key=order)


def strictness(item: BoundLimit) -> tuple[object, ...]:
    """Sort key: verified and firm before unverified or averaged, then earliest due, authority."""
    ranks = tuple(AUTHORITIES)
    return (
        item.due_at is None,
        item.limit.authority == "secondary" or item.limit.kind == "average",
        item.due_at.timestamp() if item.due_at else 0.0,
        ranks.index(item.limit.authority),
        item.limit.id,
    )


def bind_limit(limit: TimeLimit, *, accepted_at: datetime, calendar: WorkCalendar) -> BoundLimit:
    """One limit with its due time, when its clock runs from acceptance."""
    is_specific = bool(limit.categories)
    if limit.starts != "accepted":
        return BoundLimit(limit, None, provisional=False, is_specific=is_specific)
    deadline = compute_deadline(accepted_at, limit.limit_value, limit.limit_unit, calendar=calendar)
    return BoundLimit(limit, deadline.due_at, deadline.provisional, is_specific)


def class_limit_id(category: str) -> str:
    """Id of the limit that a class's usual hours set."""
    return f"TLC{category}"


def is_class_limit(limit: TimeLimit) -> bool:
    """Whether a limit is made from a class's usual hours, not from the table of limits."""
    return len(limit.categories) == 1 and limit.id == class_limit_id(limit.categories[0])


def class_limit(category: Category) -> TimeLimit:
    """The desk's own limit for closing a complaint of this third-level class."""
    return TimeLimit(
        id=class_limit_id(category.id),
        subject="投诉办结",
        categories=(category.id,),
        region="",
        area="",
        priority="",
        condition=f"{category.name}类投诉，优先级 {category.default_priority}",
        limit_value=float(category.usual_hours or 0),
        limit_unit="hour",
        kind="target",
        from_event="工单生成",
        starts="accepted",
        responsible_dept=category.responsible_dept,
        escalation="到期前 2 小时仍无结论的，升级班长并告知客户",
        authority="practice",
        source="本手册投诉分类表",
        confidence="unverified",
    )


def describe_scope(limits: Iterable[TimeLimit], region: str = "") -> str:
    """Where and for whom an article with these limits holds: articles themselves hold nationwide,
    some of their limits only in one province, or apart for town and country."""
    named = list(limits)
    places = list(dict.fromkeys(limit.region for limit in named if limit.region))
    own = [place for place in places if _same_region(place, region)]
    apart = [*(own or places), *(["城乡"] if any(limit.area for limit in named) else [])]
    return f"全国（{'、'.join(apart)}{'已计入' if own else '另计'}）" if apart else "全国"


def describe_amount(limit: TimeLimit) -> str:
    """The limit as a Chinese reader says it, e.g. 48 小时, 15 日, 5 个工作日."""
    return f"{limit.limit_value:g} {UNIT_NAMES[limit.limit_unit]}"
