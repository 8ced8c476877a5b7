"""One run: every size, every step, one report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.bench.agents import measure_serving
from indexer.bench.building import measure_building
from indexer.bench.changes import measure_changes
from indexer.bench.children import ChildError
from indexer.bench.corpus import Corpus, CorpusPlan, prepare_corpus, working_copy
from indexer.bench.figures import Figure, absent
from indexer.bench.generator import GENERATOR_VERSION, generate_complaints
from indexer.bench.machine import read_load, read_machine, read_versions
from indexer.bench.starting import measure_starting
from indexer.bench.step import Amounts, Bench
from indexer.bench.suggesting import measure_suggestions
from indexer.bench.vectors import measure_vectors
from indexer.bench.words import measure_words
from indexer.progress import Progress
from kb.settings import Settings
from kb.times import format_instant

STEPS: Mapping[str, tuple[str, Callable[[Bench], list[Figure]]]] = {
    "build": ("建索引", measure_building),
    "words": ("词路", measure_words),
    "vectors": ("语义路", measure_vectors),
    "suggest": ("建议", measure_suggestions),
    "changes": ("改动可见", measure_changes),
    "start": ("启动和内存", measure_starting),
    "http": ("HTTP", measure_serving),
}
"""Name → what it is called, and the step."""
ASKED_LENGTH = (130, 170)
"""Characters of the complaints asked: the budget speaks of 150."""
SPARE = 8
"""Complaints generated for each one wanted: most are of another length."""


@dataclass(frozen=True)
class RunPlan:
    """What is measured. ``steps``: names of STEPS; ``folder``: where corpora are kept."""

    sizes: tuple[int, ...]
    folder: Path
    steps: tuple[str, ...] = tuple(STEPS)
    passages: int = 10_000
    seed: int = 1
    amounts: Amounts = field(default_factory=Amounts)


def run_bench(
    plan: RunPlan, settings: Settings, *, clock: Callable[[], datetime], progress: Progress
) -> dict[str, Any]:
    """Measure all sizes of ``plan``; the report as JSON."""
    report: dict[str, Any] = {
        "started_at": format_instant(clock()),
        "machine": asdict(read_machine()),
        "versions": read_versions(),
        "load_at_start": read_load(),
        "generator": GENERATOR_VERSION,
        "seed": plan.seed,
        "amounts": asdict(plan.amounts),
        "sizes": {},
    }
    for tickets in plan.sizes:
        wanted = CorpusPlan(tickets, plan.passages, plan.seed)
        corpus = prepare_corpus(wanted, plan.folder, settings, now=clock(), progress=progress)
        report["sizes"][str(tickets)] = _measure_size(corpus, plan, clock, progress)
    return report | {"load_at_end": read_load(), "ended_at": format_instant(clock())}


def _measure_size(
    corpus: Corpus, plan: RunPlan, clock: Callable[[], datetime], progress: Progress
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    complaints = ask_for(corpus, plan.amounts.queries)
    with working_copy(corpus) as settings:
        for place, name in enumerate(plan.steps, 1):
            title, measure = STEPS[name]
            progress(f"{corpus.plan.tickets} 张：{title}", place, len(plan.steps))
            bench = Bench(
                corpus=corpus,
                settings=settings,
                amounts=plan.amounts,
                complaints=complaints,
                scratch=_empty(settings.data / "scratch"),
                clock=clock,
            )
            figures[name] = {each.key: each.as_dict() for each in _try(name, measure, bench)}
    build = corpus.build
    return {
        "corpus": {**asdict(corpus.plan), "indexed_tickets": build["tickets"]}
        | {"indexed_passages": build["passages"], "encoder": build["encoder"]},
        "figures": figures,
    }


def _try(name: str, measure: Callable[[Bench], list[Figure]], bench: Bench) -> list[Figure]:
    """The figures of a step; when a process it needs does not run, that instead."""
    try:
        return measure(bench)
    except ChildError as error:
        return [absent(name, STEPS[name][0], str(error))]


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def ask_for(corpus: Corpus, count: int) -> tuple[str, ...]:
    """``count`` complaints of about 150 characters that stand in no ticket."""
    least, most = ASKED_LENGTH
    texts = generate_complaints(corpus.material, count * SPARE, seed=corpus.plan.seed)
    fitting = [text for text in texts if least <= len(text) <= most]
    return tuple(fitting[:count])
