"""The tables beside the articles, read once and kept until one of them is saved anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kb.category import Category
from kb.database import Database
from kb.limit import TimeLimit
from kb.store import handbook
from kb.workdays import WorkCalendar, parse_calendar


@dataclass(frozen=True)
class Reference:
    """Taxonomy, time limits, calendar and the texts never masked, as of one stamp."""

    stamp: int
    categories: Mapping[str, Category]
    limits: Mapping[str, TimeLimit]
    calendar: WorkCalendar
    never_mask: tuple[str, ...]


class ReferenceCache:
    """Hands out the current tables; asks the database only whether they changed."""

    def __init__(self, database: Database) -> None:
        """Read nothing yet."""
        self._database = database
        self._held: Reference | None = None

    def read(self) -> Reference:
        """The tables as they stand now."""
        connection = self._database.connection
        stamp = handbook.read_reference_stamp(connection)
        held = self._held
        if held is None or held.stamp != stamp:
            held = Reference(
                stamp=stamp,
                categories=handbook.read_categories(connection),
                limits=handbook.read_limits(connection),
                calendar=parse_calendar(handbook.read_vocabulary(connection, "workdays") or {}),
                never_mask=tuple(handbook.read_vocabulary(connection, "never_mask") or ()),
            )
            self._held = held
        return held
