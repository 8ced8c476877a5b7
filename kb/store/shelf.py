"""The articles an agent keeps at hand: favourites, and those read last."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from kb.publication import IS_SHOWN_SQL
from kb.store.rows import parse_row
from kb.times import format_instant

KEPT_RECENT = 20


@dataclass(frozen=True)
class ShelfItem:
    """An article as a short list names it: the title of the revision shown on the day."""

    article_id: str
    title: str
    at: str


def read_favourites(connection: sqlite3.Connection, agent: str, *, on: date) -> list[ShelfItem]:
    """The agent's favourites that are shown on the day, newest first."""
    return _read(connection, "favourite", agent, on=on)


def read_recent(connection: sqlite3.Connection, agent: str, *, on: date) -> list[ShelfItem]:
    """The articles the agent read last that are shown on the day, newest first."""
    return _read(connection, "recent_article", agent, on=on)


def is_favourite(connection: sqlite3.Connection, agent: str, article_id: str) -> bool:
    """Whether the article is one of the agent's favourites."""
    row = connection.execute(
        "SELECT 1 FROM favourite WHERE agent = ? AND article_id = ?", (agent, article_id)
    ).fetchone()
    return row is not None


def set_favourite(
    connection: sqlite3.Connection, agent: str, article_id: str, *, wanted: bool, now: datetime
) -> None:
    """Keep an article among the agent's favourites, or no longer."""
    if wanted:
        _put(connection, "favourite", agent, article_id, now=now)
        return
    connection.execute(
        "DELETE FROM favourite WHERE agent = ? AND article_id = ?", (agent, article_id)
    )


def note_read(
    connection: sqlite3.Connection, agent: str, article_id: str, *, now: datetime
) -> None:
    """Note that the agent opened an article; only the last ones are kept."""
    _put(connection, "recent_article", agent, article_id, now=now)
    connection.execute(
        "DELETE FROM recent_article WHERE agent = :agent AND article_id NOT IN"
        " (SELECT article_id FROM recent_article WHERE agent = :agent"
        " ORDER BY at DESC, rowid DESC LIMIT :kept)",
        {"agent": agent, "kept": KEPT_RECENT},
    )


def _put(
    connection: sqlite3.Connection, table: str, agent: str, article_id: str, *, now: datetime
) -> None:
    connection.execute(
        f"INSERT OR REPLACE INTO {table} (agent, article_id, at) VALUES (?, ?, ?)",
        (agent, article_id, format_instant(now)),
    )


def _read(connection: sqlite3.Connection, table: str, agent: str, *, on: date) -> list[ShelfItem]:
    rows = connection.execute(
        f"SELECT kept.article_id, revision.title, kept.at FROM {table} AS kept"
        f" JOIN revision ON revision.article_id = kept.article_id AND {IS_SHOWN_SQL}"
        " WHERE kept.agent = :agent ORDER BY kept.at DESC, kept.rowid DESC LIMIT :most",
        {"agent": agent, "on": on.isoformat(), "most": KEPT_RECENT},
    )
    return [parse_row(row, ShelfItem) for row in rows]
