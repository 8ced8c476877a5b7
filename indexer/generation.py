"""Generations of the index: a folder each, complete or invisible; a pointer names the current."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.analysis import ANALYSIS_VERSION
from kb.errors import IndexBusy, IndexMismatch, IndexMissing

CURRENT = "CURRENT"
MANIFEST = "manifest.json"
STATE = "state.json"
PASSAGES = "passages"
TICKETS = "tickets"
FORMAT = "7"
"""Raised whenever the files of a generation are laid out otherwise."""
TRIALS = "impact-"
"""How folders start that hold a copy of a generation on which a change is tried."""
KEPT = 2
"""Generations left on disk: the current one and the one readers may still hold."""


@dataclass(frozen=True)
class Manifest:
    """What a generation was made with; an index that no longer fits is refused, not searched."""

    generation: str
    format: str
    analysis_version: str
    encoder: str
    encoder_reason: str
    dimension: int
    created_at: str


@dataclass(frozen=True)
class State:
    """How far a generation is: number of the last queued change in it, and of its commits.

    ``vocabulary``: the version of the vocabulary by whose words every document of it is cut.
    ``learnt``: the one whose table of class words serves, None for the same: it follows later.
    """

    seq: int
    commits: int
    vocabulary: int
    learnt: int | None = None

    @property
    def class_words(self) -> int:
        """The version whose table of class words serves."""
        return self.vocabulary if self.learnt is None else self.learnt


def read_current(index: Path) -> Path:
    """Folder of the current generation; raise IndexMissing."""
    try:
        name = (index / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError:
        raise IndexMissing(str(index)) from None
    return index / name


def make_current(index: Path, generation: Path) -> None:
    """Point readers at this generation: they see the old one or the new one, never half."""
    _replace(index / CURRENT, generation.name)
    old = sorted(path for path in index.glob("gen-*") if path.name < generation.name)
    for path in old[: max(len(old) - KEPT + 1, 0)]:
        shutil.rmtree(path, ignore_errors=True)


def drop_trials(index: Path) -> None:
    """Remove copies that a killed process has left behind."""
    for path in index.glob(f"{TRIALS}*"):
        shutil.rmtree(path, ignore_errors=True)


def write_manifest(generation: Path, manifest: Manifest) -> None:
    """Write the manifest: the last file of a generation."""
    _replace(generation / MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))


def read_manifest(generation: Path) -> Manifest:
    """The manifest of a generation; raise IndexMismatch when this program cannot search it."""
    try:
        values = json.loads((generation / MANIFEST).read_text("utf-8"))
        if values["format"] != FORMAT:
            raise IndexMismatch("索引是旧格式的")
        manifest = Manifest(**values)
    except (OSError, ValueError, TypeError, KeyError):
        raise IndexMismatch("索引清单读不出来") from None
    if manifest.analysis_version != ANALYSIS_VERSION:
        raise IndexMismatch("索引是用另一版分词建的")
    return manifest


def write_state(generation: Path, state: State) -> None:
    """Tell readers that the generation holds more than before."""
    _replace(generation / STATE, json.dumps(asdict(state)))


def read_state(generation: Path) -> State:
    """How far the generation is."""
    try:
        return State(**json.loads((generation / STATE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        raise IndexMismatch("索引状态读不出来") from None


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the one writer's lock of the index; raise IndexBusy at once when another holds it."""
    index.mkdir(parents=True, exist_ok=True)
    with (index / "writer.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IndexBusy(str(index)) from None
        yield


def _replace(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
