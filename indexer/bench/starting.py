"""From the start of a process to ready, and the memory it then holds."""

from __future__ import annotations

import time
from contextlib import ExitStack

from indexer.bench.children import opened_engine, serving
from indexer.bench.figures import Figure, absent, single, spread
from indexer.bench.machine import Memory, read_memory
from indexer.bench.step import Bench

ANSWERED = 50
"""Complaints a worker has answered before its memory is read."""
MEMORY_BUDGET = "10 万张 ≤ 700 MiB，100 万张 ≤ 4096 MiB"


def measure_starting(bench: Bench) -> list[Figure]:
    """Start a bare engine and a server a few times; then two engines side by side."""
    engine_ready, opening, server_ready = [], [], []
    for _ in range(bench.amounts.starts):
        started = time.time()
        with opened_engine(bench.settings, [], log=bench.scratch / "engine.log") as (_, times):
            engine_ready.append((times.ready_at - started) * 1000)
            opening.append(times.opened_ms)
        with serving(bench.settings, log=bench.scratch / "serve.log") as server:
            server_ready.append(server.ready_ms)
    return [
        spread("start.engine", "引擎：进程启动到就绪", engine_ready),
        spread("start.open", "其中打开索引并预热", opening),
        spread("start.serve", "kb serve：启动到 /readyz", server_ready, budget="≤ 3000"),
        *_memory(bench),
    ]


def _memory(bench: Bench) -> list[Figure]:
    asked = bench.complaints[:ANSWERED]
    log = bench.scratch / "engine.log"
    with ExitStack() as stack:
        first, _ = stack.enter_context(opened_engine(bench.settings, asked, log=log))
        alone = read_memory(first)
        second, _ = stack.enter_context(opened_engine(bench.settings, asked, log=log))
        pair = [read_memory(first), read_memory(second)]
    both = [each for each in pair if each is not None]
    if alone is None or len(both) < 2:
        return [absent("memory", "工作进程的内存", "这个系统不报告 smaps_rollup")]
    return [
        single("memory.rss", "一个工作进程 RSS", alone.rss, "MiB", budget=MEMORY_BUDGET),
        single("memory.pss", "一个工作进程 PSS", alone.pss, "MiB"),
        single("memory.private", "其中独占", alone.private, "MiB"),
        single("memory.two_pss", "两个工作进程合计 PSS", _total(both), "MiB"),
        single(
            "memory.second",
            "第二个工作进程多占",
            round(_total(both) - alone.pss, 1),
            "MiB",
            note="共享的页只算一次",
        ),
    ]


def _total(memories: list[Memory]) -> float:
    return round(sum(each.pss for each in memories), 1)
