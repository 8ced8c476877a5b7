"""How a collection's documents are weighed and turned: chosen once, by its first segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.arrays import read_arrays, write_arrays
from indexer.cutting import Cut
from indexer.encoder import Vectors
from indexer.postings import KINDS, WordWeights
from indexer.rotation import HEAD, find_rotation
from indexer.sealed import read_sealed, write_sealed

RECIPE = "recipe.json"
ROTATION = "rotation.arrays"
ROTATE_FROM = 20_000
"""Documents from which vectors are rotated, so that their heads can be scanned first."""
LEAST_PIVOT = 50
"""Documents from which the first commit's average lengths are taken as pivots."""
USUAL_LENGTHS = {
    "words": (6.0, 8.0, 45.0, 60.0, 45.0),
    "pairs": (8.0, 10.0, 55.0, 75.0, 55.0),
}
"""Pivots of a collection that starts nearly empty, in FIELDS' order (terms)."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """How a collection's postings are weighed. ``pivots``: average lengths by kind, in FIELDS'
    order, None before the first document. ``is_rotated``: whether vectors are turned."""

    weights: WordWeights
    pivots: dict[str, list[float]] | None = None
    is_rotated: bool = False


@dataclass(frozen=True)
class Measures:
    """What a recipe is chosen by. ``lengths``: sum by kind and field; ``scatter``: sum over the
    vectors of their outer products, shape (dimension, dimension)."""

    documents: int
    lengths: Mapping[str, Doubles]
    scatter: Doubles


def measure(cuts: Sequence[Cut]) -> Measures:
    """The measures of some batches."""
    squares = (cut.vectors.T @ cut.vectors for cut in cuts)
    return Measures(
        documents=sum(map(len, cuts)),
        lengths={
            kind: np.sum([cut.counts[kind].lengths.sum(axis=0) for cut in cuts], axis=0)
            for kind in KINDS
        },
        scatter=np.sum([square.astype(np.float64) for square in squares], axis=0),
    )


def add_measures(parts: Sequence[Measures]) -> Measures:
    """The measures of all parts together."""
    return Measures(
        documents=sum(part.documents for part in parts),
        lengths={kind: np.sum([part.lengths[kind] for part in parts], axis=0) for kind in KINDS},
        scatter=np.sum([part.scatter for part in parts], axis=0),
    )


def read_recipe(folder: Path) -> Recipe:
    """How the postings in ``folder`` are weighed; raise IndexDamaged."""
    values = read_sealed(folder / RECIPE)
    return Recipe(WordWeights(**values["weights"]), values["pivots"], values["is_rotated"])


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Keep the recipe in ``folder``."""
    write_sealed(folder / RECIPE, asdict(recipe))


def read_rotation(folder: Path) -> Vectors | None:
    """How vectors are turned, shape (dimension, dimension); None when they lie as they were."""
    if not read_recipe(folder).is_rotated:
        return None
    rotation: Vectors = read_arrays(folder / ROTATION)["rotation"]
    return rotation


def complete_recipe(folder: Path, measures: Measures) -> None:
    """Choose the average lengths and the rotation of a recipe that has none yet."""
    count = measures.documents
    dimension = len(measures.scatter)
    is_rotated = count >= ROTATE_FROM and dimension > HEAD
    if is_rotated:
        write_arrays(folder / ROTATION, {"rotation": find_rotation(measures.scatter)})
    pivots = {
        kind: (sums / count).tolist() if count >= LEAST_PIVOT else list(USUAL_LENGTHS[kind])
        for kind, sums in measures.lengths.items()
    }
    write_recipe(folder, Recipe(read_recipe(folder).weights, pivots, is_rotated))
