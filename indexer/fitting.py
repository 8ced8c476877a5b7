"""How much to trust each lane: one weight, fitted on judged queries.

``alpha`` is the share of the meaning lane in the fused score; 0 is words alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.collection import Collection, Document
from indexer.encoder import Encoder
from indexer.scoring import WordScorer, WordWeights

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
PRIOR = 0.1
COST = 0.05
"""Used when there is nothing to fit on: words lead."""
MOST_QUERIES = 600

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


def fit_desk_alpha(
    collection: Collection, documents: Sequence[Document], analyzer: Analyzer, encoder: Encoder
) -> float:
    """Fit on the desk's own tickets: what was said must find another ticket of the same class.

    Each query is one ticket's question side, itself left out.
    """
    labelled = [place for place, document in enumerate(documents) if document.label]
    step = max(1, len(labelled) // MOST_QUERIES)
    chosen = labelled[::step][:MOST_QUERIES]
    if len(chosen) < 20 or not collection.vectors.shape[1]:
        return PRIOR
    scorer = WordScorer(collection, WordWeights())
    places = {key: place for place, key in enumerate(collection.rows.keys.tolist())}
    words = np.zeros((len(chosen), len(collection.alive)), np.float32)
    meaning = np.zeros_like(words)
    relevant = np.zeros(words.shape, bool)
    asked = encoder.encode([documents[place].question for place in chosen])
    for row, place in enumerate(chosen):
        document = documents[place]
        own = places[document.key]
        terms = {(term.text, term.is_word): 1.0 for term in analyzer.terms(document.question)}
        words[row] = scorer.score(terms)
        meaning[row] = collection.vectors @ asked[row]
        words[row, own] = meaning[row, own] = 0
        relevant[row] = collection.rows.labels == document.label
        relevant[row, own] = False
    return fit_alpha(words, meaning, relevant)
