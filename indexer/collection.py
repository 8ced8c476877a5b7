"""One collection of documents (the handbook's passages, or the tickets): words and vectors.

A commit writes everything about its new documents (postings, vectors, keys, labels, days) as one
file, the segment, before the table of contents names it: words and vectors can never be of
different days. An opened collection keeps the segments it shares with the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.cutting import Cut, Cutter
from indexer.documents import Document
from indexer.encoder import Encoder, Vectors
from indexer.postings import WordWeights
from indexer.progress import Progress, quiet
from indexer.recipe import Recipe, read_recipe, read_rotation, write_recipe
from indexer.rotation import dimension_of
from indexer.segment_arrays import SegmentArrays
from indexer.segments import gather_segments, write_segment
from indexer.words import create_index, read_segments, segment_path, writing_words

WRITING = "写入索引"
"""What is told of a commit's progress."""
MOST_SEGMENTS = 32
SMALL_SEGMENT = 500
"""Documents up to which a segment is written anew when there are too many."""


@dataclass(frozen=True)
class OpenSegment:
    """A segment as one commit left it. ``deleted``: numbers of its deleted documents, in order;
    ``offset``: the collection's number of its first document."""

    name: str
    data: SegmentArrays
    deleted: npt.NDArray[np.int32]
    offset: int

    @property
    def places(self) -> slice:
        """Its documents in the collection's numbering."""
        return slice(self.offset, self.offset + self.data.size)


class Collection:
    """A collection opened for reading: a fixed state, whatever is committed later.

    Documents are numbered over all segments. ``dead``: numbers of the deleted ones, in order.
    ``classes``: codes of the third-level classes; ``class_of``: the place in ``classes`` of each
    document, -1 for none. ``valid_from`` and ``valid_until``: its days. ``rotation``: shape
    (dimension, dimension), or None when vectors lie as the encoder made them.
    """

    def __init__(self, folder: Path, before: Collection | None = None) -> None:
        """Open the newest state in ``folder``; segments of ``before`` are taken over."""
        self.folder = folder
        self.recipe = read_recipe(folder)
        self.rotation: Vectors | None = read_rotation(folder)
        held = {segment.name: segment.data for segment in before.segments} if before else {}
        self.segments: list[OpenSegment] = []
        offset = 0
        for info in read_segments(folder):
            name = info.segment_id()
            data = held.get(name) or SegmentArrays(segment_path(folder, info))
            deleted = np.array(sorted(info.deleted), np.int32)
            self.segments.append(OpenSegment(name, data, deleted, offset))
            offset += data.size
        self.size = offset
        self.dead = np.concatenate(
            [np.array([], np.int64), *(each.deleted + each.offset for each in self.segments)]
        ).astype(np.int64)
        self.classes: tuple[str, ...]
        self.class_of: npt.NDArray[np.int16]
        self.classes, self.class_of = self._joined_classes()
        self.valid_from: npt.NDArray[np.int32] = self._joined("valid_from", np.dtype(np.int32))
        self.valid_until: npt.NDArray[np.int32] = self._joined("valid_until", np.dtype(np.int32))

    def _joined(self, name: str, kind: np.dtype[np.generic]) -> npt.NDArray[Any]:
        parts = [segment.data.arrays[name] for segment in self.segments]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([np.zeros(0, kind), *parts])

    def _joined_classes(self) -> tuple[tuple[str, ...], npt.NDArray[np.int16]]:
        own = [
            [code.decode() for code in segment.data.arrays["classes"].tolist()]
            for segment in self.segments
        ]
        classes = tuple(sorted({code for codes in own for code in codes}))
        numbers = {code: number for number, code in enumerate(classes)}
        parts = [
            np.array([*(numbers[code] for code in codes), -1], np.int16)[
                segment.data.arrays["class_of"]
            ]
            for segment, codes in zip(self.segments, own, strict=True)
        ]
        return classes, np.concatenate([np.zeros(0, np.int16), *parts])

    def __len__(self) -> int:
        """Documents that are not deleted."""
        return self.size - len(self.dead)

    @property
    def alive(self) -> npt.NDArray[np.bool_]:
        """For each document whether it is not deleted."""
        alive = np.ones(self.size, bool)
        alive[self.dead] = False
        return alive

    @property
    def dimension(self) -> int:
        """Of the vectors; 0 when there are none."""
        return min((dimension_of(each.data.arrays) for each in self.segments), default=0)

    def keys(self, places: npt.NDArray[np.int64] | None = None) -> list[str]:
        """Keys of the documents at ``places``, or of all."""
        if places is None:
            return [key.decode() for each in self.segments for key in each.data.keys.tolist()]
        starts = [segment.offset for segment in self.segments]
        found = np.searchsorted(starts, places, side="right") - 1
        keys = np.empty(len(places), object)
        for number in np.unique(found).tolist():
            own = found == number
            keys[own] = self.segments[number].data.keys[places[own] - starts[number]].tolist()
        return [key.decode() for key in keys.tolist()]


def create_collection(folder: Path, weights: WordWeights) -> None:
    """Make an empty collection in ``folder``."""
    create_index(folder)
    write_recipe(folder, Recipe(weights))


def scattered_keys(folder: Path) -> list[str]:
    """Keys of the documents in small segments, once there are more than MOST_SEGMENTS.

    Each commit adds a segment. Writing these documents anew gathers them in one; the segments
    they leave empty are let go.
    """
    infos = read_segments(folder)
    if len(infos) <= MOST_SEGMENTS:
        return []
    return [
        key.decode()
        for info in infos
        if info.size <= SMALL_SEGMENT
        for number, key in enumerate(SegmentArrays(segment_path(folder, info)).keys.tolist())
        if not info.is_deleted(number)
    ]


def commit_documents(
    folder: Path,
    documents: Iterable[Document],
    *,
    drop: Sequence[str],
    analyzer: Analyzer,
    encoder: Encoder | None,
    progress: Progress = quiet,
    total: int = 0,
) -> int:
    """Delete the documents whose keys begin with one of ``drop``, add ``documents`` in place of
    those of the same keys, in one commit; return how many were added.

    ``total``: how many are expected, for the progress.
    """
    cutter = Cutter(analyzer, encoder)
    added = 0
    with writing_words(folder) as writer:
        writer.drop(drop, and_longer=True)
        for batches in gather_segments(_counted(cutter.cut_all(documents), progress, total)):
            writer.drop([key for cut in batches for key in cut.keys])
            writer.add(write_segment(folder, batches, cutter.terms_of))
            added += sum(map(len, batches))
    return added


def _counted(cuts: Iterable[Cut], progress: Progress, total: int) -> Iterator[Cut]:
    done = 0
    for cut in cuts:
        yield cut
        done += len(cut)
        progress(WRITING, done, total)
