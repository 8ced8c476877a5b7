"""One collection of documents (the handbook's passages, or the tickets): words and vectors.

A commit writes everything about its new documents (postings, vectors, keys, labels, days) as one
file, the segment, before the table of contents names it: words and vectors can never be of
different days. An opened collection keeps the segments it shares with the one before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.arrays import Arrays
from indexer.cutting import Cut, Workers, cut_documents
from indexer.documents import Document
from indexer.encoder import Encoder, Vectors
from indexer.postings import KINDS, JointTerms, WordWeights, invert
from indexer.progress import Progress, quiet
from indexer.rotation import HEAD, find_rotation
from indexer.words import SegmentArrays, WordWriter, create_index, read_segments, segment_path

RECIPE = "recipe.json"
ROTATION = "rotation.npy"
SEGMENT_DOCUMENTS = 200_000
"""Documents in one segment at most: what a build holds in memory at once."""
MOST_SEGMENTS = 32
SMALL_SEGMENT = 500
"""Documents up to which a segment is written anew when there are too many."""
ROTATE_FROM = 20_000
"""Documents from which a build rotates its vectors, so that their heads can be scanned first."""
LEAST_PIVOT = 50
"""Documents from which the first commit's average lengths are taken as pivots."""
USUAL_LENGTHS = {
    "words": (6.0, 8.0, 45.0, 60.0, 45.0),
    "pairs": (8.0, 10.0, 55.0, 75.0, 55.0),
}
"""Pivots of a collection that starts nearly empty, in FIELDS' order (terms)."""


@dataclass(frozen=True)
class Recipe:
    """How a collection's postings are weighed. ``pivots``: average lengths by kind, in FIELDS'
    order, None before the first document."""

    weights: WordWeights
    pivots: dict[str, list[float]] | None = None


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
        rotation = folder / ROTATION
        self.rotation: Vectors | None = np.load(rotation) if rotation.is_file() else None
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
        return min((int(each.data.arrays["vectors"].shape[1]) for each in self.segments), default=0)

    def keys(self, places: npt.NDArray[np.int64] | None = None) -> list[str]:
        """Keys of the documents at ``places``, or of all."""
        if places is None:
            return [key.decode() for each in self.segments for key in each.data.keys.tolist()]
        starts = np.array([segment.offset for segment in self.segments])
        found = np.searchsorted(starts, places, side="right") - 1
        return [
            self.segments[number].data.keys[place - starts[number]].decode()
            for number, place in zip(found.tolist(), places.tolist(), strict=True)
        ]


def read_recipe(folder: Path) -> Recipe:
    """How the postings in ``folder`` are weighed."""
    values = json.loads((folder / RECIPE).read_text("utf-8"))
    return Recipe(WordWeights(**values["weights"]), values["pivots"])


def _write_recipe(folder: Path, recipe: Recipe) -> None:
    temporary = folder / f"{RECIPE}.new"
    temporary.write_text(json.dumps(asdict(recipe)), "utf-8")
    temporary.replace(folder / RECIPE)


def create_collection(folder: Path, weights: WordWeights) -> None:
    """Make an empty collection in ``folder``."""
    create_index(folder)
    _write_recipe(folder, Recipe(weights))


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
    workers: Workers | None = None,
) -> int:
    """Delete the keys in ``drop``, add ``documents`` in place of those of the same keys, in one
    commit; return how many were added.

    ``workers``: processes that cut texts, for many documents; ``total``: how many are expected,
    for the progress.
    """
    writer = WordWriter(folder)
    added = 0
    try:
        writer.drop(drop)
        joint = {kind: JointTerms() for kind in KINDS}
        cuts = cut_documents(documents, analyzer, encoder, workers=workers)
        for batch in _segments(_counted(cuts, progress, total)):
            writer.drop([document.key for cut in batch for document in cut.documents])
            writer.add_segment(_segment_arrays(folder, batch, joint))
            added += sum(len(cut.documents) for cut in batch)
    except BaseException:
        writer.cancel()
        raise
    writer.commit()
    return added


def _counted(cuts: Iterable[Cut], progress: Progress, total: int) -> Iterator[Cut]:
    done = 0
    for cut in cuts:
        yield cut
        done += len(cut.documents)
        progress("写入索引", done, total)


def _segments(cuts: Iterable[Cut]) -> Iterable[list[Cut]]:
    held: list[Cut] = []
    size = 0
    for cut in cuts:
        if held and size + len(cut.documents) > SEGMENT_DOCUMENTS:
            yield held
            held, size = [], 0
        held.append(cut)
        size += len(cut.documents)
    if held:
        yield held


def _segment_arrays(folder: Path, cuts: Sequence[Cut], joint: Mapping[str, JointTerms]) -> Arrays:
    documents = [document for cut in cuts for document in cut.documents]
    vectors = np.concatenate([cut.vectors for cut in cuts])
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "keys": np.array([document.key.encode() for document in documents]),
        **_class_arrays([document.label for document in documents]),
        "valid_from": np.array([document.valid_from for document in documents], np.int32),
        "valid_until": np.array([document.valid_until for document in documents], np.int32),
    }
    counts = {
        kind: terms.join([terms.recode(getattr(cut, kind)) for cut in cuts])
        for kind, terms in joint.items()
    }
    recipe = read_recipe(folder)
    if recipe.pivots is None:
        lengths = {kind: each.lengths for kind, each in counts.items()}
        recipe = Recipe(recipe.weights, _choose_pivots(lengths))
        _choose_rotation(folder, vectors)
        _write_recipe(folder, recipe)
    for kind, each in counts.items():
        pivots = np.array((recipe.pivots or {})[kind], np.float32)
        inverted = invert(each, recipe.weights, pivots)
        arrays.update({f"{kind}.{name}": array for name, array in inverted.items()})
    return {**arrays, **_vector_arrays(folder, vectors)}


def _class_arrays(labels: Sequence[str]) -> Arrays:
    """``classes``: the codes there are; ``class_of``: the place of each document's, or -1."""
    classes = sorted(set(filter(None, labels)))
    numbers = {code: number for number, code in enumerate(classes)}
    return {
        "classes": np.array([code.encode() for code in classes], "S6"),
        "class_of": np.array([numbers.get(label, -1) for label in labels], np.int16),
    }


def _choose_pivots(lengths: dict[str, npt.NDArray[np.int32]]) -> dict[str, list[float]]:
    """Average lengths; the usual ones for a collection that starts with a handful of documents."""
    return {
        kind: each.mean(axis=0).tolist() if len(each) >= LEAST_PIVOT else list(USUAL_LENGTHS[kind])
        for kind, each in lengths.items()
    }


def _choose_rotation(folder: Path, vectors: Vectors) -> None:
    if len(vectors) >= ROTATE_FROM and vectors.shape[1] > HEAD:
        np.save(folder / ROTATION, find_rotation(vectors))


def _vector_arrays(folder: Path, vectors: Vectors) -> Arrays:
    path = folder / ROTATION
    if not path.is_file() or not vectors.shape[1]:
        return {"vectors": vectors}
    rotated = vectors @ np.load(path)
    return {"vectors": rotated, "heads": np.ascontiguousarray(rotated[:, :HEAD])}
