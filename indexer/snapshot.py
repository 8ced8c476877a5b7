"""One state of the index, opened for searching: it never changes under a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.encoder import Encoder
from indexer.generation import PASSAGES, TICKETS, Manifest, State, read_manifest
from indexer.language import Language
from indexer.meaning import MeaningScorer
from indexer.scoring import WordScorer

KEPT_CEILINGS = 50_000
KEPT_DAYS = 64


@dataclass(frozen=True)
class Lane:
    """One collection with the scorers of its words and of its meaning.

    ``hidden``: numbers of the documents that whoever asks may not see.
    """

    collection: Collection
    words: WordScorer
    meaning: MeaningScorer
    hidden: npt.NDArray[np.int64] | None = None

    @cached_property
    def ceiling(self) -> Callable[[str], float]:
        """The most a word can add to a score here: how telling it is; kept once asked for."""
        return lru_cache(maxsize=KEPT_CEILINGS)(partial(self.words.ceiling, is_word=True))

    def blocked(self, day: int) -> npt.NDArray[np.int64]:
        """Numbers of the documents not valid on the day (date.toordinal()), or hidden."""
        return self._blocked(day)

    @cached_property
    def _blocked(self) -> Callable[[int], npt.NDArray[np.int64]]:
        return lru_cache(maxsize=KEPT_DAYS)(self._find_blocked)

    def _find_blocked(self, day: int) -> npt.NDArray[np.int64]:
        held = self.collection
        found = np.flatnonzero((held.valid_from > day) | (day >= held.valid_until))
        return found if self.hidden is None else np.union1d(found, self.hidden)


@dataclass(frozen=True)
class Snapshot:
    """A generation as of one commit. ``mode_reason``: why meaning is not used, "" when it is."""

    folder: Path
    manifest: Manifest
    state: State
    passages: Lane
    tickets: Lane
    encoder: Encoder | None
    mode_reason: str

    @property
    def mode(self) -> str:
        """hybrid, or lexical when there is no encoder that fits the index."""
        return "hybrid" if self.encoder is not None else "lexical"

    def without_meaning(self, reason: str) -> Snapshot:
        """The same, searched by words alone."""
        return replace(self, encoder=None, mode_reason=reason)

    @property
    def version(self) -> str:
        """Generation and commit: two equal versions give equal answers."""
        return f"{self.manifest.generation}+{self.state.commits}"


def open_snapshot(
    folder: Path, language: Language, before: Snapshot | None = None, *, state: State
) -> Snapshot:
    """Open the newest commit of a generation; raise IndexMismatch or IndexDamaged when it cannot
    be searched.

    ``before``: an earlier commit of it; what has not changed is taken over from there. ``state``:
    as it was read for the language: if more is committed meanwhile, it is not the newest.
    """
    if before is not None and before.folder != folder:
        before = None
    manifest = read_manifest(folder)
    encoder, reason = _fitting(language, manifest)
    return Snapshot(
        folder=folder,
        manifest=manifest,
        state=state,
        passages=_open_lane(folder / PASSAGES, before.passages if before else None),
        tickets=_open_lane(folder / TICKETS, before.tickets if before else None),
        encoder=encoder,
        mode_reason=reason,
    )


def _open_lane(folder: Path, before: Lane | None) -> Lane:
    collection = Collection(folder, before.collection if before else None)
    return Lane(collection, WordScorer(collection), MeaningScorer(collection))


def _fitting(language: Language, manifest: Manifest) -> tuple[Encoder | None, str]:
    if language.encoder is None:
        return None, language.encoder_reason
    if not manifest.encoder:
        return None, manifest.encoder_reason or "索引建立时没有编码器"
    if manifest.encoder != language.encoder.identity:
        return None, "索引的向量来自另一个编码器，请运行 kb index --full"
    return language.encoder, ""
