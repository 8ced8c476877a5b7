"""The tables beside the articles, read once and kept until one of them is saved anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from kb.bounds import Bounds
from kb.category import Category, current_code
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

    @cached_property
    def moved(self) -> Mapping[str, str]:
        """Each retired class with the one given instead, "" for none."""
        return {
            code: current_code(self.categories, code)
            for code, each in self.categories.items()
            if each.is_retired
        }


KEPT_LIMITS = 16
"""Bounds of accounts whose limits are kept."""


class ReferenceCache:
    """Hands out the current tables; asks the database only whether they changed."""

    def __init__(self, database: Database) -> None:
        """Read nothing yet."""
        self._database = database
        self._held: Reference | None = None
        self._limits: dict[Bounds, tuple[tuple[int, int], Mapping[str, TimeLimit]]] = {}

    def read(self) -> Reference:
        """The tables as they stand now, with the limits that whoever asks may see."""
        bounds = self._database.bounds
        if bounds is None:
            return self._read_all()
        with self._database.bound(None):
            held = self._read_all()
        return replace(held, limits=self._limits_within(bounds, held.stamp))

    def _read_all(self) -> Reference:
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

    def _limits_within(self, bounds: Bounds, stamp: int) -> Mapping[str, TimeLimit]:
        """Which limits are shown hangs on the articles that name them too."""
        connection = self._database.connection
        state = (stamp, handbook.count_in_force(connection))
        known = self._limits.get(bounds)
        if known is None or known[0] != state:
            known = (state, handbook.read_limits(connection))
            others = [each for each in self._limits.items() if each[0] != bounds]
            self._limits = {**dict(others[1 - KEPT_LIMITS :]), bounds: known}
        return known[1]
