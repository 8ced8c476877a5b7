"""The complaint taxonomy: three levels, two digits a level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """One class. Codes nest by prefix: 06 (level 1) ⊃ 0601 (2) ⊃ 060101 (3).

    ``default_priority`` P1-P4, ``responsible_dept`` and ``usual_hours`` are set on level 3 only.
    ``retired_on``: since when it is no longer given ("" while it is), ``successor``: the class of
    the same level to give instead. A retired class keeps its code and its name.
    """

    id: str
    parent: str
    name: str
    level: int
    default_priority: str = ""
    responsible_dept: str = ""
    usual_hours: int | None = None
    procedure: str = ""
    typical_fix: str = ""
    miit_class: str = ""
    watch_scene: str = ""
    retired_on: str = ""
    successor: str = ""
    revision: int = 1

    @property
    def is_retired(self) -> bool:
        """Whether no complaint is given this class any more."""
        return bool(self.retired_on)


def covers(code: str, category: str) -> bool:
    """Whether a rule written for ``code`` (any level) holds for the class ``category``."""
    return bool(code) and category.startswith(code)


def live(categories: Mapping[str, Category]) -> dict[str, Category]:
    """The classes that complaints are given today."""
    return {code: each for code, each in categories.items() if not each.is_retired}


def current_code(categories: Mapping[str, Category], code: str) -> str:
    """The class given today in place of ``code``: itself, its successor's last; "" for none."""
    seen: set[str] = set()
    while code not in seen:
        seen.add(code)
        found = categories.get(code)
        if found is None or not found.is_retired:
            return code
        code = found.successor
    return ""


def describe_retired(category: Category) -> str:
    """What to tell whoever names a retired class."""
    instead = f"，请用 {category.successor}" if category.successor else ""
    return f"{category.id}「{category.name}」已停用{instead}"
