"""The stages of one suggestion, each the function the engine calls, in its order."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from indexer.bench.figures import Figure, single, spread
from indexer.bench.step import Bench
from indexer.engine import Engine
from indexer.explaining import Explainer
from indexer.language import Language, open_language
from indexer.opening import Opened
from indexer.past_fixes import FixTallies
from indexer.retrieval import retrieve
from indexer.suggesting import (
    Case,
    guess_categories,
    near_tickets,
    nearest_titles,
    rank_procedures,
    suggest_fixes,
    suggest_limits,
    suggest_procedures,
)
from kb.database import Database, open_database
from kb.masking import mask_text
from kb.reference import ReferenceCache
from kb.suggestion import SuggestionRequest

T = TypeVar("T")
TITLES: Mapping[str, str] = {
    "mask": "遮蔽个人信息",
    "query": "组查询（纠错、同义词、切词）",
    "words": "词路打分（两个库）",
    "encode": "编码",
    "meaning": "语义路打分（两个库）",
    "fuse": "取候选与融合",
    "talk": "读出用词",
    "gate": "判断是否本行业的话",
    "classify": "分类",
    "name": "说明分类理由",
    "procedures": "规程",
    "limits": "时限",
    "fixes": "过往处理",
    "record": "记录",
}
DIFFERENCES: Mapping[str, str] = {
    "fuse": "整个检索减去词路、编码、语义路，取中位",
    "record": "同一投诉记录与不记录之差，取中位",
}
"""Stages that cannot be called alone: differences of two timings, whose spread would mislead."""
WARM_UP = 20


class _Laps:
    """Milliseconds of each stage, a list each."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = {name: [] for name in TITLES}

    def time(self, stage: str, call: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = call()
        self.took[stage].append((time.perf_counter() - started) * 1000)
        return result


def measure_stages(bench: Bench) -> list[Figure]:
    """Run the stages one by one for each complaint."""
    database = open_database(bench.settings.database)
    language = open_language(bench.settings, database)
    engine = Engine(bench.settings, database, language)
    engine.prewarm()
    run = _Run(bench, database, language, engine.opened())
    for text in bench.complaints[-WARM_UP:]:
        run.suggest(text, _Laps())
        engine.preview(SuggestionRequest(text), now=bench.clock())
    laps = _Laps()
    for text in bench.complaints:
        run.suggest(text, laps)
        laps.took["record"].append(_recording(engine, text, bench))
    database.close()
    return [_figure(name, laps.took[name]) for name in TITLES]


def _figure(name: str, took: list[float]) -> Figure:
    key, title = f"stage.{name}", f"其中{TITLES[name]}"
    if name not in DIFFERENCES:
        return spread(key, title, took)
    return single(key, title, statistics.median(took), "ms", note=DIFFERENCES[name])


def _recording(engine: Engine, text: str, bench: Bench) -> float:
    """What recording adds: the answer recorded, less the same answer not recorded."""
    laps = []
    for call in (engine.preview, engine.suggest):
        started = time.perf_counter()
        call(SuggestionRequest(text, channel="bench"), now=bench.clock())
        laps.append((time.perf_counter() - started) * 1000)
    return laps[1] - laps[0]


class _Run:
    """The parts an engine holds, asked one after the other."""

    def __init__(
        self, bench: Bench, database: Database, language: Language, opened: Opened
    ) -> None:
        self._bench = bench
        self._database = database
        self._language = language
        self._opened = opened
        self._snapshot = opened.snapshot
        self._reference = ReferenceCache(database)
        self._tallies = FixTallies()
        self._tallies.load(database.connection)

    def suggest(self, text: str, laps: _Laps) -> None:
        """All stages but the recording, as the engine goes through them."""
        connection, snapshot = self._database.connection, self._snapshot
        analyzer = self._language.analyzer
        reference = self._reference.read()
        now = self._bench.clock()
        masked = laps.time("mask", lambda: mask_text(text, never=reference.never_mask))
        query = laps.time("query", lambda: self._language.builder.build(masked))
        lanes = (snapshot.passages, snapshot.tickets)
        laps.time("words", lambda: [lane.words.score(query.terms) for lane in lanes])
        self._time_meaning(query.text, laps)
        started = time.perf_counter()
        found = retrieve(snapshot, query, on=now.date())
        whole = (time.perf_counter() - started) * 1000
        parts = sum(laps.took[name][-1] for name in ("words", "encode", "meaning"))
        laps.took["fuse"].append(whole - parts)
        talk = laps.time("talk", lambda: self._opened.reader.read(query))
        laps.time("gate", lambda: self._opened.gate.is_trade(talk))
        classes = laps.time(
            "classify",
            lambda: self._opened.classifier.classify(found.passages, found.tickets, talk.features),
        )
        case = Case(
            query=query,
            retrieved=found,
            classes=classes,
            explainer=Explainer(analyzer, query, snapshot.passages.ceiling),
            accepted_at=now,
            now=now,
            region="",
            area="",
            priority="",
            limit=SuggestionRequest("").limit,
        )
        laps.time(
            "name",
            lambda: guess_categories(
                case, reference.categories, nearest_titles(connection, snapshot, classes)
            ),
        )
        procedures = laps.time(
            "procedures",
            lambda: suggest_procedures(
                connection, case, rank_procedures(connection, snapshot, case)
            ),
        )
        articles = [article for article, _ in procedures]
        laps.time("limits", lambda: suggest_limits(case, reference, articles))
        laps.time(
            "fixes",
            lambda: suggest_fixes(
                connection, case, near_tickets(snapshot, case), analyzer, self._tallies
            ),
        )

    def _time_meaning(self, text: str, laps: _Laps) -> None:
        encoder = self._snapshot.encoder
        if encoder is None:
            laps.took["encode"].append(0.0)
            laps.took["meaning"].append(0.0)
            return
        vector = laps.time("encode", lambda: np.asarray(encoder.encode([text])[0]))
        lanes = (self._snapshot.passages, self._snapshot.tickets)
        laps.time("meaning", lambda: [lane.meaning.scan(vector) for lane in lanes])
