"""Which way to turn vectors so that their first components tell the most, and how they are kept.

Heads are scanned for every document and are float32 for the product's sake; tails are read of a
few candidates only and hold little of a cosine, so half precision loses nothing (5e-6 at most).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

HEAD = 96
"""Components that are scanned first."""


def find_rotation(scatter: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Principal axes of vectors, most telling first: shape (d, d), orthogonal. ``scatter``: the sum
    of their outer products."""
    _, axes = np.linalg.eigh(scatter)
    return np.ascontiguousarray(axes[:, ::-1], np.float32)


def part_vectors(rotated: npt.NDArray[np.float32]) -> dict[str, npt.NDArray[Any]]:
    """Rotated vectors as they are kept: ``heads`` (n, HEAD) and ``tails`` (n, d - HEAD)."""
    return {
        "heads": np.ascontiguousarray(rotated[:, :HEAD]),
        "tails": rotated[:, HEAD:].astype(np.float16),
    }


def join_vectors(
    arrays: Mapping[str, npt.NDArray[Any]], rows: npt.NDArray[np.int64] | slice
) -> npt.NDArray[np.float32]:
    """The vectors of some documents of a segment, float32, shape (rows, d)."""
    if "vectors" in arrays:
        whole: npt.NDArray[np.float32] = arrays["vectors"][rows]
        return whole
    parts = (arrays["heads"][rows], arrays["tails"][rows])
    return np.concatenate(parts, axis=1, dtype=np.float32)


def dimension_of(arrays: Mapping[str, npt.NDArray[Any]]) -> int:
    """Components of a segment's vectors; 0 when it has none."""
    return sum(
        int(arrays[name].shape[1]) for name in ("vectors", "heads", "tails") if name in arrays
    )
