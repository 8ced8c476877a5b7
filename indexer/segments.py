"""Cut batches to one file: what a commit writes of its new documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.arrays import Arrays
from indexer.bulk import Codes
from indexer.counting import invert
from indexer.cutting import Cut
from indexer.encoder import Vectors
from indexer.recipe import complete_recipe, measure, read_recipe, read_rotation
from indexer.rotation import part_vectors
from indexer.words import ArraySegment, save_segment

SEGMENT_DOCUMENTS = 150_000
"""Documents in one segment at most: what is held in memory at once."""

TermsOf = Mapping[str, Callable[[Codes], list[bytes]]]


def gather_segments(cuts: Iterable[Cut]) -> Iterator[list[Cut]]:
    """Batches that become a segment each."""
    held: list[Cut] = []
    for cut in cuts:
        if held and sum(map(len, held)) + len(cut) > SEGMENT_DOCUMENTS:
            yield held
            held = []
        held.append(cut)
    if held:
        yield held


def write_segment(folder: Path, cuts: Sequence[Cut], terms_of: TermsOf) -> ArraySegment:
    """Write some batches as one segment; the first of a collection completes its recipe."""
    if read_recipe(folder).pivots is None:
        complete_recipe(folder, measure(cuts))
    return save_segment(folder, _segment_arrays(folder, cuts, terms_of))


def _segment_arrays(folder: Path, cuts: Sequence[Cut], terms_of: TermsOf) -> Arrays:
    days = np.concatenate([cut.days for cut in cuts]).astype(np.int32)
    vectors = np.concatenate([cut.vectors for cut in cuts])
    keys = [key.encode() for cut in cuts for key in cut.keys]
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "keys": np.array(keys),
        **_class_arrays(list(chain.from_iterable(cut.labels for cut in cuts))),
        "valid_from": days[:, 0],
        "valid_until": days[:, 1],
        "prints": np.concatenate([cut.prints for cut in cuts]),
    }
    recipe = read_recipe(folder)
    for kind, terms in terms_of.items():
        pivots = np.array((recipe.pivots or {})[kind], np.float32)
        inverted = invert([cut.counts[kind] for cut in cuts], terms, recipe.weights, pivots)
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


def _vector_arrays(folder: Path, vectors: Vectors) -> Arrays:
    rotation = read_rotation(folder)
    if rotation is None or not vectors.shape[1]:
        return {"vectors": vectors}
    return part_vectors(vectors @ rotation)
