"""The Chinese working-day calendar: public holidays and make-up working days by year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked. ``published`` years follow the State Council's notice day by day;
    in any other year only weekends and the statutory days known so far are free, and every answer
    that rests on it is provisional."""

    holidays: frozenset[date]
    makeup: frozenset[date]
    published: frozenset[int]

    def is_workday(self, day: date) -> bool:
        """Whether ``day`` is worked."""
        if day in self.makeup:
            return True
        return day not in self.holidays and day.weekday() < 5

    def is_published(self, day: date) -> bool:
        """Whether the holiday notice for the year of ``day`` is known."""
        return day.year in self.published


def parse_calendar(years: Mapping[str, Any]) -> WorkCalendar:
    """Build the calendar from the content of ``workdays.json``."""
    holidays: set[date] = set()
    makeup: set[date] = set()
    published: set[int] = set()
    for year, entry in years.items():
        holidays.update(map(date.fromisoformat, entry.get("statutory_only", [])))
        makeup.update(map(date.fromisoformat, entry.get("makeup_workdays", [])))
        for holiday in entry.get("holidays", []):
            start = date.fromisoformat(holiday["start"])
            holidays.update(_days(start, date.fromisoformat(holiday["end"])))
        if not entry.get("provisional", False):
            published.add(int(year))
    return WorkCalendar(frozenset(holidays), frozenset(makeup), frozenset(published))


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)
