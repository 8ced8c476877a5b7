"""Here are texts, which of them speak of one matter: so that whole matters can be held out.

What is asked later is often about a matter no pair was known for. Pairs held out one by one have
near twins among those trained on and make the encoder look better than it will be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.encoder import Vectors

MATTERS = 20
ROUNDS = 15
PARTS = 5
"""Each part is judged by what was learned from the others."""


def group_matters(vectors: Vectors, *, seed: int) -> npt.NDArray[np.int64]:
    """The group of each text by its unit vector (spherical k-means, Dhillon & Modha 2001)."""
    rng = np.random.default_rng(seed)
    count = min(MATTERS, len(vectors))
    centres = vectors[rng.choice(len(vectors), count, replace=False)].copy()
    groups = np.zeros(len(vectors), np.int64)
    for _ in range(ROUNDS):
        groups = (vectors @ centres.T).argmax(axis=1)
        for number in range(count):
            members = vectors[groups == number]
            if len(members):
                centre = members.sum(axis=0)
                centres[number] = centre / max(float(np.linalg.norm(centre)), 1e-9)
    return groups


def part_by_matter(vectors: Vectors, *, seed: int) -> npt.NDArray[np.int64]:
    """The part of each text, 0 to PARTS - 1: those of one matter are in one part."""
    if not len(vectors):
        return np.zeros(0, np.int64)
    return group_matters(vectors, seed=seed) % PARTS


def is_held_out(texts: Sequence[str], *, parts: int) -> bool:
    """Whether a pair is for judging only: by its own text, the same in every training."""
    digest = hashlib.sha256("\n".join(texts).encode()).digest()
    return int.from_bytes(digest[:4], "big") % parts == 0
