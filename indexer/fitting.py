"""How much to trust each lane: one weight, fitted on judged queries.

``alpha`` is the share of the meaning lane in the fused score; 0 is words alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
PRIOR = 0.1
COST = 0.05
"""Used when there is nothing to fit on: words lead."""

Matrix = npt.NDArray[np.float32]


def fuse(words: Matrix, meaning: Matrix, alpha: float) -> Matrix:
    """Both lanes scaled by their best document of the query, then mixed: (1 - alpha), alpha.

    Shapes (..., documents). A lane without a positive score adds nothing.
    """
    return (1 - alpha) * _scaled(words) + alpha * _scaled(meaning)


def _scaled(scores: Matrix) -> Matrix:
    best = scores.max(axis=-1, keepdims=True, initial=0.0)
    positive = np.maximum(scores, 0)
    scaled: Matrix = np.divide(positive, best, out=np.zeros_like(positive), where=best > 0)
    return scaled


def reciprocal_ranks(scores: Matrix, relevant: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """For each query (row) 1 / rank of its best relevant document, 0 past the tenth."""
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    ranks = 1 + (scores > best).sum(axis=1)
    return np.where((ranks <= 10) & np.isfinite(best[:, 0]), 1 / ranks, 0.0)


def fit_alpha(words: Matrix, meaning: Matrix, relevant: npt.NDArray[np.bool_]) -> float:
    """The weight of the grid with the best MRR@10; PRIOR when there is no query to judge by.

    Meaning must earn its share: COST of MRR for a weight of 1, because pairs to fit on are easier
    than what is asked later, and a gain query by query of more than one standard error.
    """
    if not len(words):
        return PRIOR
    best, held = GRID[0], reciprocal_ranks(fuse(words, meaning, GRID[0]), relevant)
    for alpha in GRID[1:]:
        ranks = reciprocal_ranks(fuse(words, meaning, alpha), relevant)
        gain = ranks - held - COST * (alpha - best)
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, held = alpha, ranks
    return best
