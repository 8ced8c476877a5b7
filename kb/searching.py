"""What an explicit search asks and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

SEARCH_TYPES = ("all", "article", "time_limit", "ticket")
SYNTAXES = ("simple", "advanced")
FIELD_NAMES: Mapping[str, str] = {
    "title": "标题",
    "keywords": "关键词",
    "steps": "步骤",
    "body": "正文",
    "fix": "办法",
    "dept": "部门",
    "region": "地区",
    "source": "来源",
}
"""Fields that a query in the advanced syntax may name."""
MAX_QUERY = 500
"""Longest search query taken, in characters."""


@dataclass(frozen=True)
class SearchQuery:
    """An explicit search. ``kind``: one of SEARCH_TYPES. ``on``: the day articles must be valid.

    ``region``: limits of other regions and tickets from elsewhere are left out. ``syntax``: one of
    SYNTAXES. ``is_brief``: titles only, without marks and snippets, for a list that shows while
    one types. The last four say who asked, and for what; they do not change what is found.
    """

    text: str
    on: date
    kind: str = "all"
    chapter: int | None = None
    category: str = ""
    region: str = ""
    syntax: str = "simple"
    limit: int = 10
    is_brief: bool = False
    agent: str = ""
    channel: str = "api"
    ticket_no: str | None = None
    is_training: bool = False


@dataclass(frozen=True)
class SearchHit:
    """One thing found. ``anchor``: place in the article (step-3, or ""). ``highlights``: [start,
    end) character offsets in ``snippet``; ``title_highlights`` in ``title``.
    ``instead_of``: the archived article that would have been found, which this one replaces."""

    target_type: str
    target_id: str
    target_version: str
    title: str
    title_highlights: tuple[tuple[int, int], ...]
    anchor: str
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    score: float
    chapter: int | None
    source: str
    valid_from: str
    why: tuple[str, ...]
    instead_of: str = ""


@dataclass(frozen=True)
class SearchResult:
    """Hits best first. ``query_used``: the terms searched; ``corrections``: (written, meant).

    ``search_id``: of its record, "" when it was not recorded.
    """

    hits: tuple[SearchHit, ...]
    query_used: str
    corrections: tuple[tuple[str, str], ...]
    took_ms: float
    index_generation: str
    mode: str
    mode_reason: str
    search_id: str = ""


@dataclass(frozen=True)
class EngineStatus:
    """State of the index and encoder, for health checks. ``pending``: changes not yet indexed;
    ``mode``: hybrid, lexical (no encoder) or database (no index)."""

    ready: bool
    index_generation: str
    passages: int
    tickets: int
    mode: str
    mode_reason: str
    pending: int
    ranker_version: str


def hit_as_dict(hit: SearchHit) -> dict[str, Any]:
    """One thing found as JSON."""
    values = asdict(hit)
    for name in ("highlights", "title_highlights"):
        values[name] = [list(pair) for pair in values[name]]
    values["why"] = list(hit.why)
    return values


def result_as_dict(result: SearchResult) -> dict[str, Any]:
    """What a search found, as JSON: what ``GET /search`` and ``kb search --json`` both give."""
    return {
        "search_id": result.search_id,
        "recorded": bool(result.search_id),
        "hits": [hit_as_dict(hit) for hit in result.hits],
        "query_used": result.query_used,
        "corrections": [list(pair) for pair in result.corrections],
        "took_ms": result.took_ms,
        "index_generation": result.index_generation,
        "mode": result.mode,
        "mode_reason": result.mode_reason,
    }
