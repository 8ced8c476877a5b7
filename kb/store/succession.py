"""Which article to read instead of one that was archived."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kb.store import handbook

MOST_STEPS = 10


@dataclass(frozen=True)
class Heir:
    """An archived article, the last revision of it that was published, and what is read instead:
    an article shown on the day asked for."""

    gone: str
    number: int
    article_id: str


def read_heirs(
    connection: sqlite3.Connection, gone: Sequence[str], *, on: date
) -> Mapping[str, Heir]:
    """By the archived article; those without a successor shown on the day are left out."""
    rows = connection.execute(
        "WITH RECURSIVE ended AS ("
        " SELECT article.id, successor, based_on FROM article JOIN revision"
        " ON article_id = article.id AND number = current_revision"
        " WHERE status = 'archived' AND successor <> '' AND valid_from <= :on),"
        " line (gone, number, heir, step) AS ("
        " SELECT id, based_on, successor, 1 FROM ended"
        " WHERE id IN (SELECT value FROM json_each(:ids))"
        " UNION ALL SELECT gone, number, successor, step + 1 FROM line JOIN ended"
        " ON ended.id = line.heir WHERE step < :most)"
        " SELECT gone, number, heir FROM line ORDER BY step",
        {"on": on.isoformat(), "ids": json.dumps(list(gone)), "most": MOST_STEPS},
    ).fetchall()
    last = {row["gone"]: Heir(row["gone"], row["number"] or 0, row["heir"]) for row in rows}
    shown = handbook.shown_numbers(connection, [each.article_id for each in last.values()], on=on)
    return {name: heir for name, heir in last.items() if heir.article_id in shown}
