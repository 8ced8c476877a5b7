"""The complaint taxonomy: three levels, two digits a level."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """One class. Codes nest by prefix: 06 (level 1) ⊃ 0601 (2) ⊃ 060101 (3).

    ``default_priority`` P1-P4, ``responsible_dept`` and ``usual_hours`` are set on level 3 only.
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


def covers(code: str, category: str) -> bool:
    """Whether a rule written for ``code`` (any level) holds for the class ``category``."""
    return bool(code) and category.startswith(code)
