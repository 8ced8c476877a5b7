"""How long a suggestion takes in this process, warm, alone and while changes are being indexed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from indexer.bench.changes import Changing
from indexer.bench.children import following, opened_engine
from indexer.bench.figures import Figure, spread, stopwatch
from indexer.bench.stages import measure_stages
from indexer.bench.step import Bench
from indexer.engine import Engine, open_engine
from kb.database import open_database
from kb.suggestion import SuggestionRequest

WARM_UP = 20
BLOCK = 40
"""Questions in a row before idle and writing change places."""
BUDGET = "10 万张：p50 ≤ 25，p95 ≤ 50；100 万张：p95 ≤ 150"


def measure_suggestions(bench: Bench) -> list[Figure]:
    """End to end and recorded: warm, the first after a start, and while a follower commits."""
    database = open_database(bench.settings.database)
    engine = open_engine(bench.settings, database)
    ask = _asker(engine, bench)
    for text in bench.complaints[-WARM_UP:]:
        ask(text)
    warm = [ask(text) for text in bench.complaints]
    figures = [
        spread("suggest.warm", "建议全程（进程内，已记录）", warm, budget=BUDGET),
        *measure_stages(bench),
        _first(bench),
        *_while_writing(bench, ask),
    ]
    database.close()
    return figures


def _asker(engine: Engine, bench: Bench) -> Callable[[str], float]:
    def ask(text: str) -> float:
        request = SuggestionRequest(text, channel="bench")
        return stopwatch(lambda: engine.suggest(request, now=bench.clock()))[1]

    return ask


def _first(bench: Bench) -> Figure:
    took = []
    for place in range(bench.amounts.starts):
        text = bench.complaints[place % len(bench.complaints)]
        log = bench.scratch / "engine.log"
        with opened_engine(bench.settings, [text], log=log) as (_, times):
            took.append(times.answers_ms[0])
    return spread(
        "suggest.first",
        "打开后的第一次建议",
        took,
        budget="≤ 2 × 热态 p95",
        note="每次新开进程，预热算在打开里",
    )


def _while_writing(bench: Bench, ask: Callable[[str], float]) -> list[Figure]:
    """Idle and writing in turn, so that both meet the same load of the machine."""
    idle: list[float] = []
    writing: list[float] = []
    log = bench.scratch / "follower.log"
    with following(bench.settings, log=log), Changing(bench) as changing:
        changing.write_one_and_wait()
        for start in range(0, len(bench.complaints), BLOCK):
            block: Sequence[str] = bench.complaints[start : start + BLOCK]
            idle += [ask(text) for text in block]
            with changing.every_second():
                writing += [ask(text) for text in block]
    return [
        spread("suggest.idle", "建议全程，索引空闲", idle),
        spread(
            "suggest.writing",
            "建议全程，同时有改动写入",
            writing,
            budget="p95 ≤ 2 × 空闲",
            note="每秒一张新办结工单",
        ),
    ]
