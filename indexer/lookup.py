"""An explicit search over one state of the index: how it was meant, and what it finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from indexer.closeness import Wanted, wanted
from indexer.conditions import Condition, parse_condition
from indexer.opening import Opened
from indexer.queries import Query
from indexer.searching import Asked, search_snapshot
from indexer.typed import TypedQueries
from kb.limit import TimeLimit
from kb.searching import SearchQuery, SearchResult


@dataclass(frozen=True)
class Lookup:
    """What a search needs beside the index. ``limits``: the time limits as they stand, by id."""

    connection: sqlite3.Connection
    typed: TypedQueries
    limits: Mapping[str, TimeLimit]

    def search(self, opened: Opened, query: SearchQuery, masked: str) -> SearchResult:
        """The hits; how long it took is for whoever asked to say."""
        snapshot = opened.snapshot
        condition, built, look = self._understand(query, masked, opened)
        asked = Asked(query, built, look, self.limits, condition)
        analyzer = opened.language.analyzer
        return SearchResult(
            hits=tuple(search_snapshot(self.connection, snapshot, analyzer, asked)),
            query_used=built.text,
            corrections=built.corrections,
            took_ms=0.0,
            index_generation=snapshot.version,
            mode=snapshot.mode,
            mode_reason=snapshot.mode_reason,
        )

    def _understand(
        self, query: SearchQuery, masked: str, opened: Opened
    ) -> tuple[Condition | None, Query, Wanted]:
        """What is asked of every hit, the query that finds and orders them, what is marked."""
        language, snapshot = opened.language, opened.snapshot
        words = language.analyzer.words
        if query.syntax == "simple":
            built = self.typed.build(masked, language, snapshot)
            return None, built, wanted(query.text, built, words(built.text))
        condition = parse_condition(masked, words)
        text = " ".join(condition.wanted)
        built = self.typed.build_as_typed(text, language, snapshot)
        return condition, built, wanted(text, built, words(built.text))
