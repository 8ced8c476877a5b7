"""By what figures are told apart: class, department, channel, week, how long the agent is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol

from kb.category import Category
from kb.reports.measures import Group
from kb.seeing import VIEWS
from kb.ticket import CHANNELS

DIMENSIONS: Mapping[str, str] = {
    "tenure": "坐席工龄",
    "view": "显示方式",
    "category": "分类",
    "department": "责任部门",
    "region": "地区",
    "channel": "渠道",
    "week": "周",
}
TENURES: tuple[tuple[int, str], ...] = (
    (30, "不满 30 天"),
    (90, "30–89 天"),
    (365, "90–364 天"),
)
"""Upper bounds in days, with names; there are no accounts yet, so an agent is here since the name
first stands in a record."""
LONGEST = "一年以上"
UNKNOWN = "不详"
LEVEL_DIGITS = 2


class Fact(Protocol):
    """What any fact can be told apart by."""

    @property
    def at(self) -> str:
        """When it happened."""

    @property
    def agent(self) -> str:
        """Who did it."""

    @property
    def category(self) -> str:
        """Class of its ticket."""

    @property
    def department(self) -> str:
        """Responsible department of its ticket."""

    @property
    def region(self) -> str:
        """Region of its ticket."""

    @property
    def channel(self) -> str:
        """Channel of its ticket."""

    @property
    def view(self) -> str:
        """How the desk showed its suggestions."""


@dataclass(frozen=True)
class Names:
    """What groups are called, and since when agents are here (day of the first record)."""

    categories: Mapping[str, Category] = field(default_factory=dict)
    first_seen: Mapping[str, str] = field(default_factory=dict)
    within: str = ""


def sorter(by: str, names: Names) -> Callable[[Fact], Group]:
    """How to tell facts apart by one of DIMENSIONS; "" makes one group of all."""
    if by == "":
        return lambda _: Group()
    if by == "tenure":
        return lambda fact: tenure_group(names.first_seen.get(fact.agent, ""), fact.at)
    if by == "category":
        return lambda fact: class_group(fact.category, names)
    if by == "view":
        return lambda fact: view_group(fact.view)
    if by == "week":
        return lambda fact: week_group(fact.at)
    if by == "channel":
        return lambda fact: Group(fact.channel, CHANNELS.get(fact.channel, UNKNOWN))
    return lambda fact: named_group(getattr(fact, by))


def view_group(code: str) -> Group:
    """One of the desk's views; what was asked elsewhere or before there were views is one group."""
    return Group(code, VIEWS[code].name if code in VIEWS else UNKNOWN)


def named_group(name: str) -> Group:
    """A group whose code is its name."""
    return Group(name, name or UNKNOWN)


def class_group(category: str, names: Names) -> Group:
    """The class one level below the one asked for: first-level ones when none was."""
    code = category[: min(len(names.within) // LEVEL_DIGITS * LEVEL_DIGITS + LEVEL_DIGITS, 6)]
    known = names.categories.get(code)
    return Group(code, known.name if known else code or UNKNOWN)


def week_group(instant: str) -> Group:
    """The week from Monday on, called by the day it begins."""
    return _week_of(instant[:10])


@lru_cache(maxsize=4_096)
def _week_of(text: str) -> Group:
    day = date.fromisoformat(text)
    monday = (day - timedelta(days=day.weekday())).isoformat()
    return Group(monday, f"{monday[5:].replace('-', '/')} 起")


def tenure_group(first: str, instant: str) -> Group:
    """How long the agent had been here at that instant."""
    if not first:
        return Group("9", UNKNOWN)
    days = (date.fromisoformat(instant[:10]) - date.fromisoformat(first[:10])).days
    for place, (bound, name) in enumerate(TENURES):
        if days < bound:
            return Group(str(place), name)
    return Group(str(len(TENURES)), LONGEST)
