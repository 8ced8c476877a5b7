"""Queries whose right article is known: what a change of the knowledge base is judged by.

The desk's own count for most: complaints that an article settled for good. While there are few of
those, the ones that come with the product stand beside them.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from kb.settings import Settings, shipped_handbook
from kb.store import judged as store

ENOUGH = 100
"""Settled complaints from which the product's own queries are no longer asked."""
MOST_SETTLED = 300
SAMPLE_FILE = "samples/judged.jsonl"


@dataclass(frozen=True)
class JudgedQuery:
    """A masked text and the articles any of which answers it."""

    text: str
    articles: tuple[str, ...]


def read_judged(connection: sqlite3.Connection, settings: Settings) -> list[JudgedQuery]:
    """The desk's judged queries, its newest settled complaints first."""
    settled = [
        JudgedQuery(text, (article,))
        for text, article in store.read_settled(connection, most=MOST_SETTLED)
    ]
    return settled if len(settled) >= ENOUGH else settled + read_samples(settings)


def read_samples(settings: Settings) -> list[JudgedQuery]:
    """The judged queries beside the handbook's sample tickets, or those of the shipped one."""
    own = settings.handbook / SAMPLE_FILE
    path = own if own.is_file() else shipped_handbook() / SAMPLE_FILE
    return _read(path)


def _read(path: Path) -> list[JudgedQuery]:
    rows = map(json.loads, filter(None, path.read_text("utf-8").splitlines()))
    return [JudgedQuery(row["text"], tuple(row["articles"])) for row in rows]
