"""A figure of a report with its interval, its numbers, and what to think of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kb.errors import InvalidInput
from kb.intervals import Interval, mean_interval, median_interval, share_interval
from kb.times import BEIJING, format_instant

SMALL = 30
"""Fewer than this many cases are shown as few: the interval of a share is then some 35 points wide
in the middle, so that two such figures say next to nothing about each other."""


@dataclass(frozen=True)
class Filters:
    """What a report is about. ``since`` and ``until`` are Beijing days, both included."""

    since: date | None = None
    until: date | None = None
    category: str = ""
    department: str = ""
    region: str = ""
    channel: str = ""
    samples: bool = False

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.since and self.until and self.until < self.since:
            raise InvalidInput("不能早于开始日期", field="until")

    @property
    def starts(self) -> str:
        """First instant of the period as kept in the database; "" without a bound."""
        return format_instant(_midnight(self.since)) if self.since else ""

    @property
    def ends(self) -> str:
        """First instant after the period; "" without a bound."""
        return format_instant(_midnight(self.until) + timedelta(days=1)) if self.until else ""


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)


@dataclass(frozen=True)
class Definition:
    """What a figure is called, what it is counted from, and how.

    ``kind``: share, mean or median. ``of``: measure word and noun of one case: 次办结.
    """

    key: str
    name: str
    kind: str
    of: str
    means: str


@dataclass(frozen=True)
class Measure:
    """One figure of one group; ``interval`` is None when there is nothing to count."""

    key: str
    name: str
    kind: str
    of: str
    interval: Interval | None
    count: int | None
    total: int
    group: str = ""
    group_name: str = ""

    @property
    def is_small(self) -> bool:
        """Too few cases to conclude anything."""
        return self.total < SMALL

    @property
    def says(self) -> str:
        """What to think of a figure of few cases, in words."""
        if self.total == 0:
            return f"没有{self.of[1:]}，算不出"
        return f"只有 {self.total} {self.of}，样本太少，仅供参考" if self.is_small else ""


@dataclass(frozen=True)
class Group:
    """What the figures are told apart by: its code and what readers call it."""

    code: str = ""
    name: str = ""


def measure_share(definition: Definition, group: Group, *, count: int, total: int) -> Measure:
    """A share with Wilson's interval."""
    return _measure(definition, group, share_interval(count, total), count, total)


def measure_values(definition: Definition, group: Group, values: list[float]) -> Measure:
    """A mean or a median with its bootstrap interval."""
    interval = mean_interval(values) if definition.kind == "mean" else median_interval(values)
    return _measure(definition, group, interval, None, len(values))


def _measure(
    definition: Definition,
    group: Group,
    interval: Interval | None,
    count: int | None,
    total: int,
) -> Measure:
    return Measure(
        key=definition.key,
        name=definition.name,
        kind=definition.kind,
        of=definition.of,
        interval=interval,
        count=count,
        total=total,
        group=group.code,
        group_name=group.name,
    )


def measure_as_dict(measure: Measure) -> dict[str, object]:
    """One figure as JSON and as a row of CSV."""
    interval = measure.interval
    return {
        "key": measure.key,
        "name": measure.name,
        "group": measure.group,
        "group_name": measure.group_name,
        "kind": measure.kind,
        "value": round(interval.value, 6) if interval else None,
        "low": round(interval.low, 6) if interval else None,
        "high": round(interval.high, 6) if interval else None,
        "count": measure.count,
        "total": measure.total,
        "is_small": measure.is_small,
        "says": measure.says,
    }
