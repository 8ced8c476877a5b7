"""Limits and classes that the handbook's files changed stand in their histories as those do that
editors changed on a page."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kb.category import Category
from kb.foresight import foreseen_as_dict
from kb.holding import Ruling
from kb.limit import TimeLimit, is_class_limit
from kb.store import class_changes, handbook, limit_changes
from kb.store.class_changes import ClassChange, write_class
from kb.store.limit_changes import LimitChange, write_limit
from kb.times import format_instant


@dataclass(frozen=True)
class Held:
    """The limits and classes there were before an import."""

    limits: Mapping[str, TimeLimit]
    classes: Mapping[str, Category]


def read_held(connection: sqlite3.Connection) -> Held:
    """The limits and classes there are."""
    return Held(handbook.read_limits(connection), handbook.read_categories(connection))


def note_taken(
    connection: sqlite3.Connection, before: Held, ruling: Ruling, *, author: str, now: datetime
) -> None:
    """Keep what an import changed of limits and classes that were there, with the stated reason
    where one was needed. What a first import brings has no history."""
    after = read_held(connection)
    for name, limit in after.limits.items():
        old = before.limits.get(name)
        if old is not None and limit.revision != old.revision and not is_class_limit(limit):
            change = LimitChange(
                limit_id=name,
                base=old.revision,
                content=write_limit(limit),
                before=write_limit(old),
                **_signed(ruling, "limits", author, now),
            )
            limit_changes.save_change(connection, change)
    for code, category in after.classes.items():
        held = before.classes.get(code)
        if held is not None and category.revision != held.revision:
            taken = ClassChange(
                code=code,
                base=held.revision,
                content=write_class(category),
                before=write_class(held),
                **_signed(ruling, "categories", author, now),
            )
            class_changes.save_change(connection, taken)


def _signed(ruling: Ruling, table: str, author: str, now: datetime) -> dict[str, Any]:
    why, at = ruling.reason_for(table), format_instant(now)
    seen = ruling.foreseen
    impact = foreseen_as_dict(seen, despite=why) if seen and why else None
    return {
        "status": "published",
        "author": author,
        "reason": "导入手册文件",
        "created_at": at,
        "decided_at": at,
        "impact": json.dumps(impact, ensure_ascii=False) if impact else "",
    }
