"""Instants: always aware, kept as ISO 8601 text at Beijing time (UTC+8, no daylight saving)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from kb.errors import InvalidInput

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


def to_beijing(instant: datetime) -> datetime:
    """The same instant at Beijing time; a naive one is taken to be Beijing time already."""
    if instant.tzinfo is None:
        return instant.replace(tzinfo=BEIJING)
    return instant.astimezone(BEIJING)


def format_instant(instant: datetime) -> str:
    """Text kept in the database, to the second: sorts as it passes."""
    return to_beijing(instant).isoformat(timespec="seconds")


def parse_instant(text: str, *, field: str) -> datetime:
    """Read ISO 8601 (a date alone means 00:00 Beijing); raise InvalidInput naming ``field``."""
    try:
        instant = to_beijing(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError, AttributeError):
        raise InvalidInput("应为 ISO 8601 时间，例如 2026-03-11T09:20+08:00", field=field) from None
    if not 2000 <= instant.year <= 2100:
        raise InvalidInput("年份应在 2000 到 2100 之间", field=field)
    return instant


def now_beijing() -> datetime:
    """The wall clock; called by entry points only."""
    return datetime.now(UTC).astimezone(BEIJING)
