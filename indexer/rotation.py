"""Which way to turn vectors so that their first components tell the most."""

from __future__ import annotations

import numpy as np

from indexer.encoder import Vectors

HEAD = 96
"""Components that are scanned first."""
SAMPLE = 20_000


def find_rotation(vectors: Vectors) -> Vectors:
    """Principal axes of (a sample of) the vectors, most telling first: shape (d, d), orthogonal."""
    sample = vectors[:: max(1, len(vectors) // SAMPLE)].astype(np.float64)
    _, axes = np.linalg.eigh(sample.T @ sample)
    rotation: Vectors = np.ascontiguousarray(axes[:, ::-1], np.float32)
    return rotation
