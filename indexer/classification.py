"""Which class a complaint belongs to, from the index's own neighbours.

A class scores half by its best article and half by the mean of its nearest tickets; probabilities
are a softmax over classes at a temperature fitted on class-labelled complaints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.postings import Scores
from indexer.retrieval import Found

NEAREST = 4
TEMPERATURE = 0.055


@dataclass(frozen=True)
class ClassEvidence:
    """A class with its probability and what speaks for it (fused scores 0 to 1)."""

    code: str
    probability: float
    article: float
    tickets: float


class Classifier:
    """The classes of one snapshot: which documents speak for which."""

    def __init__(self, passages: Collection, tickets: Collection) -> None:
        """Number the labels of both collections once."""
        self._codes = sorted({*passages.classes, *tickets.classes})
        self._articles = self._numbered(passages)
        self._tickets = self._numbered(tickets)

    def _numbered(self, collection: Collection) -> npt.NDArray[np.int16]:
        numbers = [self._codes.index(code) for code in collection.classes]
        return np.array([*numbers, -1], np.int16)[collection.class_of]

    def classify(self, passages: Found, tickets: Found) -> list[ClassEvidence]:
        """All classes, most probable first; empty when nothing in the index has a class."""
        if not self._codes:
            return []
        count = len(self._codes)
        articles = nearest_means(self._articles[passages.places], passages.scores, count, 1)
        cases = nearest_means(self._tickets[tickets.places], tickets.scores, count, NEAREST)
        scores = _scaled(articles) + _scaled(cases)
        weights = np.exp((scores - scores.max()) / 2 / TEMPERATURE)
        probabilities = weights / weights.sum()
        order = np.argsort(-scores, kind="stable")
        return [
            ClassEvidence(
                self._codes[place],
                float(probabilities[place]),
                float(articles[place]),
                float(cases[place]),
            )
            for place in order
        ]


def nearest_means(
    labels: npt.NDArray[np.int16], scores: Scores, count: int, nearest: int
) -> npt.NDArray[np.float64]:
    """For each of ``count`` labels the mean of its ``nearest`` best scores, missing ones as 0.

    ``labels``: of each score, below 0 for none.
    """
    order = np.lexsort((-scores, labels))
    sorted_labels, sorted_scores = labels[order], scores[order]
    starts = np.searchsorted(sorted_labels, np.arange(count))
    rank = np.arange(len(labels)) - starts[np.clip(sorted_labels, 0, None)]
    chosen = (sorted_labels >= 0) & (rank < nearest) & (sorted_scores > 0)
    sums = np.bincount(sorted_labels[chosen], sorted_scores[chosen], count)
    means: npt.NDArray[np.float64] = sums / nearest
    return means


def _scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    best = values.max()
    scaled: npt.NDArray[np.float64] = values / best if best > 0 else values
    return scaled
