"""The desk as it would be after a change: the product's own parts over a copy that is thrown away.

The database's editable tables are copied in memory, the generation's files are linked, and the
change is published and taken in there by the same code as in earnest. So no index is built, and
what the copy answers is what callers would get: of a word that many tickets hold, from the first
commit on, before all tickets are cut by it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.engine import Engine
from indexer.generation import STATE, TRIALS, read_current
from indexer.language import open_language
from indexer.sync import Intake
from kb.database import Database, Scratch
from kb.errors import IndexMismatch
from kb.settings import Settings

LINKED = ".arrays"
"""Files that are never written to again: a link of the same bytes will do."""
LOCK = "LOCK"
ATTEMPTS = 5


@dataclass(frozen=True)
class ChangedDesk:
    """An engine over the desk as it would be; ``documents``: how many are written anew for it."""

    engine: Engine
    documents: int


@contextmanager
def changed_desk(
    settings: Settings, database: Database, publish: Callable[[Database], object]
) -> Iterator[ChangedDesk]:
    """The desk as it would be after ``publish``; raise IndexMismatch.

    ``publish`` gets a database whose changes are never kept.
    """
    scratch = Scratch(database.path)
    folder = Path(tempfile.mkdtemp(prefix=TRIALS, dir=settings.index))
    try:
        generation = _copy_generation(read_current(settings.index), folder)
        publish(scratch)
        language = open_language(settings, scratch)
        report = Intake(generation, scratch).step(language)
        engine = Engine(settings, scratch, language, generation=generation)
        yield ChangedDesk(engine, report.changed + report.removed + report.left)
    finally:
        scratch.close()
        shutil.rmtree(folder, ignore_errors=True)


def _copy_generation(source: Path, folder: Path) -> Path:
    """Copy one whole state of a generation while its writer may add the next."""
    for attempt in range(ATTEMPTS):
        target = folder / f"{source.name}-{attempt}"
        before = (source / STATE).read_bytes()
        try:
            shutil.copytree(source, target, copy_function=_link, ignore=_locks)
        except (shutil.Error, FileNotFoundError):
            continue
        if (source / STATE).read_bytes() == before:
            return target
    raise IndexMismatch("索引正在写入，请稍后再试")


def _link(source: str, target: str) -> str:
    if source.endswith(LINKED):
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def _locks(folder: str, names: list[str]) -> list[str]:
    """Locks belong to the writer of the original."""
    del folder
    return [name for name in names if name.endswith(LOCK)]
