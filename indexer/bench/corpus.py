"""Data folders of any size, made once and kept: the shipped handbook, generated articles, tickets.

What is kept is stamped with all that shapes it; a folder whose stamp does not fit is made anew.
Measuring works on a copy, so that a corpus stays as it was made.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.analysis import ANALYSIS_VERSION, Analyzer
from indexer.bench.generator import GENERATOR_VERSION, generate_articles, generate_tickets
from indexer.bench.machine import folder_mib
from indexer.bench.material import Material, learn
from indexer.build import build_index
from indexer.generation import FORMAT, read_current
from indexer.progress import Progress
from indexer.sources import open_encoder, read_vocabulary
from kb.database import create_database, open_database
from kb.errors import EncoderUnavailable
from kb.handbook import read_handbook
from kb.imported_row import SAMPLE_SOURCE
from kb.importing import import_tickets
from kb.publishing import import_handbook
from kb.rows import read_rows
from kb.settings import Settings
from kb.store import handbook, indexable, queue, tickets

STAMP = "corpus.json"
AUTHOR = "bench"


@dataclass(frozen=True)
class CorpusPlan:
    """Which corpus: generated tickets, passages of the handbook in all, seed."""

    tickets: int
    passages: int
    seed: int


@dataclass(frozen=True)
class Corpus:
    """A corpus that is ready. ``filled``, ``build``: what making it took, as JSON; ``is_fresh``:
    whether its index was built just now."""

    plan: CorpusPlan
    settings: Settings
    material: Material
    filled: dict[str, float]
    build: dict[str, Any]
    is_fresh: bool


class _BuildClock:
    """A ``Progress`` that also notes how long each stage took."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._last = time.perf_counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
        self._progress(stage, done, total)


def prepare_corpus(
    plan: CorpusPlan, folder: Path, settings: Settings, *, now: datetime, progress: Progress
) -> Corpus:
    """The corpus of ``plan`` under ``folder``, made or found; raise EncoderUnavailable."""
    base = _prepare_base(folder, settings, now=now, progress=progress)
    material = _read_material(base, plan.seed)
    own = replace(settings, data=folder / f"{plan.tickets}-{plan.seed}")
    data_stamp = {"generator": GENERATOR_VERSION, **asdict(plan), "base": _read_stamp(base)["data"]}
    index_stamp = _index_stamp(base)
    stamp = _read_stamp(own)
    if stamp.get("data") != data_stamp:
        shutil.rmtree(own.data, ignore_errors=True)
        filled = _fill(own, base, material, plan, now=now, progress=progress)
        stamp = {"data": data_stamp, "filled": filled}
        _write_stamp(own, stamp)
    is_fresh = stamp.get("index") != index_stamp
    if is_fresh:
        shutil.rmtree(own.index, ignore_errors=True)
        shutil.rmtree(own.encoders, ignore_errors=True)
        if base.encoders.is_dir():
            shutil.copytree(base.encoders, own.encoders)
        stamp |= {"index": index_stamp, "build": time_build(own, now=now, progress=progress)}
        _write_stamp(own, stamp)
    return Corpus(plan, own, material, stamp["filled"], stamp["build"], is_fresh)


@contextmanager
def working_copy(corpus: Corpus) -> Iterator[Settings]:
    """Settings of a copy of the corpus that may be written to; it is gone afterwards."""
    data = corpus.settings.data.with_name(f"{corpus.settings.data.name}.work-{os.getpid()}")
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(corpus.settings.data, data, ignore=shutil.ignore_patterns("words-*.txt"))
    try:
        yield replace(corpus.settings, data=data)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _prepare_base(
    folder: Path, settings: Settings, *, now: datetime, progress: Progress
) -> Settings:
    """The shipped handbook and samples with an encoder trained on them: what every size starts
    from, so that no size is served by a better encoder than another."""
    base = replace(settings, data=folder / "base")
    wanted = base_stamp(settings)
    if _read_stamp(base).get("data") == wanted and _has_encoder(base):
        return base
    shutil.rmtree(base.data, ignore_errors=True)
    database = create_database(base.database)
    import_handbook(database, read_handbook(base.handbook), author=AUTHOR, now=now)
    samples = base.handbook / "samples" / "tickets.jsonl"
    import_tickets(
        database,
        read_rows(samples),
        source=SAMPLE_SOURCE,
        now=now,
        repeat_days=base.repeat_days,
    )
    build_index(base, database, now=now, progress=progress)
    database.close()
    _write_stamp(base, {"data": wanted, "index": {"analysis": ANALYSIS_VERSION}})
    return base


def base_stamp(settings: Settings) -> dict[str, str]:
    """What shapes the base: the handbook's files and the encoder asked for."""
    return {"handbook": _digest(settings.handbook), "encoder": settings.encoder}


def _has_encoder(base: Settings) -> bool:
    """Whether the base was made with this analysis and its encoder can still be opened."""
    if _read_stamp(base).get("index") != {"analysis": ANALYSIS_VERSION}:
        return False
    database = open_database(base.database)
    try:
        open_encoder(base, Analyzer(read_vocabulary(database)))
    except EncoderUnavailable:
        return False
    finally:
        database.close()
    return True


def _read_material(base: Settings, seed: int) -> Material:
    database = open_database(base.database)
    connection = database.connection
    material = learn(
        list(indexable.read_indexable(connection)),
        handbook.read_articles(connection),
        list(handbook.read_categories(connection).values()),
        Analyzer(read_vocabulary(database)),
        seed=seed,
    )
    database.close()
    return material


def _fill(
    own: Settings,
    base: Settings,
    material: Material,
    plan: CorpusPlan,
    *,
    now: datetime,
    progress: Progress,
) -> dict[str, float]:
    """Write the generated articles and tickets into a copy of the base's database."""
    started = time.perf_counter()
    own.data.mkdir(parents=True)
    shutil.copyfile(base.database, own.database)
    database = open_database(own.database)
    with database.transaction() as connection:
        present = len(handbook.read_indexable(connection)) + len(handbook.read_limits(connection))
        missing = max(plan.passages - present, 0)
        for article in generate_articles(material, missing, seed=plan.seed):
            handbook.save_article(connection, article, author=AUTHOR, reason="测速", now=now)
        cases = (
            (case.ticket, case.outcome)
            for case in _told(
                generate_tickets(material, plan.tickets, seed=plan.seed), plan.tickets, progress
            )
        )
        tickets.load_tickets(connection, cases)
        queue.clear_queue(connection, up_to=queue.last_queued(connection))
    database.close()
    return {"generate_seconds": time.perf_counter() - started}


def _told(cases: Iterator[Any], total: int, progress: Progress) -> Iterator[Any]:
    for done, case in enumerate(cases, 1):
        yield case
        if done % 1000 == 0:
            progress("生成工单", done, total)


def time_build(own: Settings, *, now: datetime, progress: Progress) -> dict[str, Any]:
    """Build the whole index of a data folder; what that took, and sizes, as JSON."""
    clock = _BuildClock(progress)
    database = open_database(own.database)
    report = build_index(own, database, now=now, progress=clock)
    database.close()
    return {
        "passages": report.passages,
        "tickets": report.tickets,
        "encoder": report.encoder,
        "build_seconds": report.seconds,
        "stages": clock.seconds,
        "index_mib": folder_mib(read_current(own.index)),
        "database_mib": round(own.database.stat().st_size / 2**20, 1),
    }


def _index_stamp(base: Settings) -> dict[str, str]:
    """What shapes an index: the analysis, the encoder, and how it is laid out on disk."""
    database = open_database(base.database)
    encoder = open_encoder(base, Analyzer(read_vocabulary(database))).identity
    database.close()
    return {"analysis": ANALYSIS_VERSION, "encoder": encoder, "format": FORMAT}


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _read_stamp(settings: Settings) -> dict[str, Any]:
    try:
        stamp: dict[str, Any] = json.loads((settings.data / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp


def _write_stamp(settings: Settings, stamp: dict[str, Any]) -> None:
    text = json.dumps(stamp, ensure_ascii=False, indent=1)
    (settings.data / STAMP).write_text(text, "utf-8")
