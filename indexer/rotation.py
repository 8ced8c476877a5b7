"""Which way to turn vectors so that their first components tell the most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

HEAD = 96
"""Components that are scanned first."""


def find_rotation(scatter: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Principal axes of vectors, most telling first: shape (d, d), orthogonal. ``scatter``: the sum
    of their outer products."""
    _, axes = np.linalg.eigh(scatter)
    return np.ascontiguousarray(axes[:, ::-1], np.float32)
