"""From a limit and a starting instant to the clock time it falls due.

Source: Civil Code of the PRC, articles 200-204. Days and working days: the starting day is not
counted (201). Hours run from the instant without a break (201). A period in days whose last day is
a day of rest ends on the next working day (203). The last day runs to 24:00, written 23:59:59.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kb.errors import InvalidInput
from kb.times import BEIJING, to_beijing
from kb.workdays import WorkCalendar

CONTINUOUS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}
UNITS = (*CONTINUOUS, "day", "workday")
MAX_VALUE = 3650


@dataclass(frozen=True)
class Deadline:
    """A due instant; ``provisional`` when it rests on a year whose calendar is not published."""

    due_at: datetime
    provisional: bool


def compute_deadline(
    start: datetime, value: float, unit: str, *, calendar: WorkCalendar
) -> Deadline:
    """When a limit of ``value`` ``unit`` that starts at ``start`` falls due.

    Raise InvalidInput for an unknown unit, or a value that is not positive, above 3650, or
    fractional in whole days.
    """
    if unit not in UNITS:
        raise InvalidInput(f"单位应为 {'、'.join(UNITS)} 之一", field="limit_unit")
    if not 0 < value <= MAX_VALUE:
        raise InvalidInput(f"数值应大于 0 且不超过 {MAX_VALUE}", field="limit_value")
    start = to_beijing(start)
    if unit in CONTINUOUS:
        return Deadline(start + value * CONTINUOUS[unit], provisional=False)
    if value != int(value):
        raise InvalidInput("按日计算的时限应为整数", field="limit_value")
    if unit == "day":
        return _day_deadline(start.date(), int(value), calendar)
    return _workday_deadline(start.date(), int(value), calendar)


def _day_deadline(start: date, days: int, calendar: WorkCalendar) -> Deadline:
    last = start + timedelta(days=days)
    provisional = not calendar.is_published(last)
    while not calendar.is_workday(last):
        last += timedelta(days=1)
        provisional = provisional or not calendar.is_published(last)
    return Deadline(_end_of(last), provisional)


def _workday_deadline(start: date, days: int, calendar: WorkCalendar) -> Deadline:
    last = start
    provisional = False
    while days:
        last += timedelta(days=1)
        provisional = provisional or not calendar.is_published(last)
        days -= calendar.is_workday(last)
    return Deadline(_end_of(last), provisional)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), BEIJING)
