"""Generations of the index: a folder each, complete or invisible; a pointer names the current."""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from indexer.analysis import ANALYSIS_VERSION
from indexer.sealed import read_sealed, replace_file, write_sealed
from kb.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing
from kb.failpoints import reach

CURRENT = "CURRENT"
MANIFEST = "manifest.json"
STATE = "state.json"
PASSAGES = "passages"
TICKETS = "tickets"
FORMAT = "8"
"""Raised whenever the files of a generation are laid out otherwise."""
TRIALS = "impact-"
"""How folders start that hold a copy of a generation on which a change is tried."""
DAMAGED = "DAMAGED"
"""Name of the file that says what is wrong with a generation: nobody searches it any more."""
UNUSABLE = (IndexMissing, IndexMismatch, IndexDamaged)
"""Why there may be no index to search."""
_NAME = re.compile(r"gen-[0-9A-Za-z.-]+")
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

    ``vocabulary``: the version of the vocabulary by whose words its documents are cut.
    ``learnt``: the one whose table of class words serves, None for the same: it follows later.
    ``toward``: newer versions by which the passages and some tickets are cut already, the newest
    last; ``left``: how many tickets are still to be cut by that one.
    """

    seq: int
    commits: int
    vocabulary: int
    learnt: int | None = None
    toward: tuple[int, ...] = ()
    left: int = 0

    @property
    def cut(self) -> int:
        """The version by whose words a query is to be cut."""
        return self.toward[-1] if self.toward else self.vocabulary

    @property
    def class_words(self) -> int:
        """The version whose table of class words serves."""
        return self.vocabulary if self.learnt is None else self.learnt


def read_current(index: Path) -> Path:
    """Folder of the current generation; raise IndexMissing, IndexDamaged."""
    try:
        name = (index / CURRENT).read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        raise IndexMissing(str(index)) from None
    if not _NAME.fullmatch(name) or not (index / name).is_dir():
        raise IndexDamaged(f"{CURRENT} 指向的索引不在")
    return index / name


def name_generation(index: Path, now: datetime, seq: int) -> str:
    """A name that sorts after every generation there is, even when the clock was put back."""
    name = f"gen-{now.strftime('%Y%m%d%H%M%S')}-{seq:08d}"
    newest = max((path.name for path in index.glob("gen-*")), default="")
    if name > newest:
        return name
    base, _, again = newest.partition(".")
    return f"{base}.{int(again or 0) + 1:03d}"


def make_current(index: Path, generation: Path) -> None:
    """Point readers at this generation: they see the old one or the new one, never half."""
    reach("swap.before")
    replace_file(index / CURRENT, generation.name)
    reach("swap.after")
    old = sorted(path for path in index.glob("gen-*") if path.name < generation.name)
    for path in old[: max(len(old) - KEPT + 1, 0)]:
        shutil.rmtree(path, ignore_errors=True)


def drop_unfinished(index: Path) -> None:
    """Remove the generations that a killed build has left behind; hold the writer's lock."""
    for path in index.glob("gen-*"):
        if not (path / MANIFEST).exists():
            shutil.rmtree(path, ignore_errors=True)


def drop_trials(index: Path) -> None:
    """Remove copies that a killed process has left behind."""
    for path in index.glob(f"{TRIALS}*"):
        shutil.rmtree(path, ignore_errors=True)


def write_manifest(generation: Path, manifest: Manifest) -> None:
    """Write the manifest: the last file of a generation."""
    write_sealed(generation / MANIFEST, asdict(manifest))


def read_manifest(generation: Path) -> Manifest:
    """The manifest of a generation; raise IndexMismatch when this program cannot search it, and
    IndexDamaged when it is not as it was written."""
    try:
        values = read_sealed(generation / MANIFEST)
        manifest = Manifest(**values)
    except (IndexDamaged, TypeError):
        if _is_older(generation):
            raise IndexMismatch("索引是旧格式的") from None
        raise IndexDamaged(f"{MANIFEST} 读不出来") from None
    if manifest.format != FORMAT:
        raise IndexMismatch("索引是旧格式的")
    if manifest.analysis_version != ANALYSIS_VERSION:
        raise IndexMismatch("索引是用另一版分词建的")
    return manifest


def write_state(generation: Path, state: State) -> None:
    """Tell readers that the generation holds more than before."""
    write_sealed(generation / STATE, asdict(state))


def read_state(generation: Path) -> State:
    """How far the generation is; raise IndexDamaged."""
    values = read_sealed(generation / STATE)
    return State(**{**values, "toward": tuple(values.get("toward", ()))})


def mark_damaged(generation: Path, reason: str) -> None:
    """Take a generation out of use, in every process that reads it."""
    replace_file(generation / DAMAGED, reason)


def check_usable(generation: Path) -> None:
    """Raise IndexDamaged when a generation was taken out of use."""
    try:
        raise IndexDamaged((generation / DAMAGED).read_text("utf-8", "replace"))
    except FileNotFoundError:
        return


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


def _is_older(generation: Path) -> bool:
    """Whether the manifest is one of before manifests were sealed (format 7 and below)."""
    try:
        text = (generation / MANIFEST).read_text("utf-8", "replace")
    except OSError:
        return False
    return re.search(r'"format": "[1-7]",\n', text) is not None
