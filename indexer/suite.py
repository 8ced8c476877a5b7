"""Measuring explicit search on queries whose right answers are known, class by class.

A query of one or two characters may stand in far more documents than are shown: it also counts as
found when every one of SHOWN hits holds it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from indexer.closeness import article_texts, flat, limit_texts, ticket_texts
from indexer.engine import Engine
from kb.errors import InvalidInput
from kb.searching import SearchHit, SearchQuery
from kb.store import handbook, tickets

SHOWN = 10
MANY = frozenset({"one_character", "two_character"})
"""Classes of queries that may stand in more documents than are shown."""


@dataclass(frozen=True)
class SuiteQuery:
    """What is typed, and the ids of which one must be found. ``kind``: the class it counts for."""

    text: str
    kind: str
    targets: tuple[str, ...]


def is_suite(path: Path) -> bool:
    """Whether a JSONL file holds queries and not labelled sentences."""
    with path.open(encoding="utf-8") as file:
        first = next((line for line in file if line.strip()), "")
    try:
        return "query" in json.loads(first)
    except (ValueError, TypeError):
        return False


def read_suite(path: Path) -> list[SuiteQuery]:
    """Queries of a JSONL file: ``query``, ``class``, and ``target`` or ``targets``.

    Raise InvalidInput naming the file and line.
    """
    queries = []
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            targets = row["targets"] if "targets" in row else [row["target"]]
            queries.append(SuiteQuery(str(row["query"]), str(row["class"]), tuple(targets)))
        except (ValueError, KeyError, TypeError):
            raise InvalidInput(
                "应有 query、class 和 target", field=f"{path.name} 第 {number} 行"
            ) from None
    return queries


def evaluate_suite(
    engine: Engine,
    connection: sqlite3.Connection,
    queries: Sequence[SuiteQuery],
    *,
    now: datetime,
) -> dict[str, Any]:
    """Shares found in the first ten, over all and by class; what was not found; how long it took
    (milliseconds)."""
    found: dict[str, list[bool]] = defaultdict(list)
    missed: list[str] = []
    took: list[float] = []
    for query in queries:
        result = engine.preview_search(SearchQuery(query.text, on=now.date(), limit=SHOWN))
        is_found = _is_found(connection, query, result.hits, now=now)
        found[query.kind].append(is_found)
        took.append(result.took_ms)
        if not is_found:
            missed.append(f"{query.kind} {query.text}")
    total = [each for values in found.values() for each in values]
    return {
        "queries": len(total),
        "found": _share(total),
        "classes": {kind: _share(values) for kind, values in sorted(found.items())},
        "missed": missed,
        "milliseconds": {f"p{cut}": float(np.percentile(took, cut)) for cut in (50, 95, 99)},
    }


def _is_found(
    connection: sqlite3.Connection, query: SuiteQuery, hits: Sequence[SearchHit], *, now: datetime
) -> bool:
    if any(hit.target_id in query.targets for hit in hits):
        return True
    if query.kind not in MANY or len(hits) < SHOWN:
        return False
    texts = read_texts(connection, hits, now=now)
    return all(flat(query.text) in text for text in texts)


def read_texts(
    connection: sqlite3.Connection, hits: Sequence[SearchHit], *, now: datetime
) -> list[str]:
    """Everything each hit says, in normal form without blanks."""
    names = [hit.target_id for hit in hits]
    articles = handbook.read_articles(connection, on=now.date(), ids=names)
    limits = handbook.read_limits(connection)
    said = {article.id: article_texts(article) for article in articles}
    said |= {name: limit_texts(limits[name]) for name in names if name in limits}
    resolved = tickets.read_resolved(connection, names)
    said |= {ticket.ticket_no: ticket_texts(ticket) for ticket in resolved}
    return [flat("|".join(text for _, text in said[name])) for name in names]


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
