"""What making the corpus took: generating, indexing and its stages, size on disk."""

from __future__ import annotations

import time

from indexer.analysis import Analyzer
from indexer.bench.corpus import time_build
from indexer.bench.figures import Figure, single
from indexer.bench.step import Bench
from indexer.progress import quiet
from indexer.sources import read_vocabulary
from kb.database import open_database
from kb.store import indexable

SAMPLE = 2_000
"""Tickets whose analysis is timed alone."""


def measure_building(bench: Bench) -> list[Figure]:
    """The build as it was just timed, or once more; and the analysis timed by itself."""
    build = bench.corpus.build
    if not bench.corpus.is_fresh:
        build = time_build(bench.settings, now=bench.clock(), progress=quiet)
    documents = build["passages"] + build["tickets"]
    stages = [
        single(f"build.stage.{place}", f"其中{name}", seconds, "s")
        for place, (name, seconds) in enumerate(build["stages"].items(), 1)
    ]
    return [
        single("build.generate", "生成并写库", bench.corpus.filled["generate_seconds"], "s"),
        single("build.seconds", "建索引", build["build_seconds"], "s"),
        single(
            "build.rate",
            "建索引速度（含分词、向量）",
            round(documents / build["build_seconds"]),
            "篇/s",
            budget="≥ 5000",
            note=f"{build['passages']} 个段落、{build['tickets']} 张工单",
        ),
        *stages,
        _analysis(bench, documents),
        single("build.index_mib", "索引大小", build["index_mib"], "MiB"),
        single("build.database_mib", "数据库大小", build["database_mib"], "MiB"),
    ]


def _analysis(bench: Bench, documents: int) -> Figure:
    """Seconds one process needs to cut all documents, from a sample cut alone."""
    database = open_database(bench.settings.database)
    analyzer = Analyzer(read_vocabulary(database))
    texts = []
    for ticket in indexable.read_indexable(database.connection):
        texts.append(
            f"{ticket.description}\n{ticket.root_cause}\n{ticket.fix}\n{ticket.resolution}"
        )
        if len(texts) == SAMPLE:
            break
    database.close()
    started = time.perf_counter()
    for text in texts:
        analyzer.fields_of(text)
    each = (time.perf_counter() - started) / max(len(texts), 1)
    note = f"单进程，按 {len(texts)} 张推算，每秒 {1 / each:.0f} 张"
    return single("build.analysis", "其中分词（单独测）", each * documents, "s", note=note)
