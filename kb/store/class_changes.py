"""SQL of complaint classes: their changes, what uses them, and putting one in force."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from kb.category import Category, covers
from kb.limit import class_limit, class_limit_id
from kb.store import changes, handbook
from kb.store.changes import Proposed
from kb.store.limit_changes import put_in_force as put_limit_in_force
from kb.store.queue import enqueue
from kb.store.rows import insert, row_values
from kb.times import format_instant

TABLE = "class_change"


@dataclass(frozen=True, kw_only=True)
class ClassChange(Proposed):
    """A proposed change of one class."""

    code: str

    @property
    def category(self) -> Category:
        """The class as it is to be."""
        return Category(**json.loads(self.content))

    @property
    def old(self) -> Category | None:
        """The class as it was; None for a new one."""
        return Category(**json.loads(self.before)) if self.before else None


@dataclass(frozen=True)
class Uses:
    """How many use a class or one below it: articles in force, tickets, time limits."""

    articles: int = 0
    tickets: int = 0
    limits: int = 0

    def __add__(self, other: Uses) -> Uses:
        """Both together."""
        return Uses(
            self.articles + other.articles,
            self.tickets + other.tickets,
            self.limits + other.limits,
        )

    def __bool__(self) -> bool:
        """Whether anything uses it."""
        return self != Uses()


def write_class(category: Category) -> str:
    """A class as JSON."""
    return json.dumps(asdict(category), ensure_ascii=False)


def save_change(connection: sqlite3.Connection, change: ClassChange) -> int:
    """Keep a change, a new one where its id is 0; return its id."""
    return changes.save_change(connection, TABLE, change)


def read_changes(connection: sqlite3.Connection, code: str) -> list[ClassChange]:
    """All changes of a class, newest first."""
    return changes.read_changes(connection, TABLE, ClassChange, ("code", code))


def read_waiting(connection: sqlite3.Connection) -> list[ClassChange]:
    """The changes in review, oldest first."""
    return changes.read_waiting(connection, TABLE, ClassChange)


def count_uses(connection: sqlite3.Connection) -> dict[str, Uses]:
    """By the code itself, those below it not counted; codes that nothing uses are left out."""
    rows = connection.execute(
        "SELECT code, sum(articles) AS articles, sum(tickets) AS tickets, sum(limits) AS limits"
        " FROM ("
        " SELECT each.value AS code, 1 AS articles, 0 AS tickets, 0 AS limits"
        " FROM article JOIN revision ON article_id = article.id AND number = current_revision,"
        " json_each(revision.categories) AS each WHERE status = 'published'"
        " UNION ALL SELECT category, 0, count(*), 0 FROM ticket WHERE category <> ''"
        " GROUP BY category"
        " UNION ALL SELECT each.value, 0, 0, 1 FROM time_limit,"
        " json_each(time_limit.categories) AS each WHERE time_limit.id <> 'TLC' || each.value"
        ") GROUP BY code"
    )
    return {row["code"]: Uses(row["articles"], row["tickets"], row["limits"]) for row in rows}


def put_in_force(connection: sqlite3.Connection, category: Category, *, now: datetime) -> None:
    """Let a class be so from now on, with the limit its usual hours set."""
    _save_class(connection, category, now=now)
    if not category.usual_hours:
        return
    name = class_limit_id(category.id)
    held = handbook.read_limits(connection, [name]).get(name)
    limit = replace(class_limit(category), revision=held.revision if held else 1)
    if limit != held:
        number = held.revision + 1 if held else 1
        put_limit_in_force(connection, replace(limit, revision=number), at=format_instant(now))


def _save_class(connection: sqlite3.Connection, category: Category, *, now: datetime) -> None:
    """Keep a class; articles that name it are indexed anew, since they are found by its name."""
    handbook.touch_reference(connection)
    insert(connection, "category", row_values(category), replace=True)
    rows = connection.execute(
        "SELECT DISTINCT article_id FROM revision, json_each(revision.categories) AS each"
        " WHERE each.value = ? AND status = 'published'",
        (category.id,),
    ).fetchall()
    for row in rows:
        enqueue(connection, "article", row["article_id"], now=now)


def save_categories(
    connection: sqlite3.Connection, categories: Sequence[Category], *, now: datetime
) -> None:
    """Bring the taxonomy up to the files': a class they lack is deleted if nothing uses it or one
    below it, else retired."""
    handbook.touch_reference(connection)
    before = handbook.read_categories(connection)
    for category in categories:
        old = before.pop(category.id, None)
        number = old.revision if old else 1
        if old is None or replace(category, revision=number) != old:
            number += old is not None
            _save_class(connection, replace(category, revision=number), now=now)
    uses = count_uses(connection) if before else {}
    for gone in before.values():
        if not any(covers(gone.id, code) for code in uses):
            connection.execute("DELETE FROM category WHERE id = ?", (gone.id,))
        elif not gone.is_retired:
            day = now.date().isoformat()
            ended = replace(gone, retired_on=day, revision=gone.revision + 1)
            _save_class(connection, ended, now=now)
