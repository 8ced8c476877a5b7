"""Which class a complaint belongs to, from the index's own neighbours.

A class scores half by its best article and half by the mean of its nearest tickets; probabilities
are a softmax over classes at a temperature fitted on class-labelled complaints.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.scoring import Scores

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
        """Group the documents of both collections by label once."""
        self._articles = _by_label(passages)
        self._tickets = _by_label(tickets)
        self._codes = sorted({*self._articles, *self._tickets})

    def classify(self, passages: Scores, tickets: Scores) -> list[ClassEvidence]:
        """All classes, most probable first; empty when nothing in the index has a class."""
        if not self._codes:
            return []
        articles = np.array([_best(passages, self._articles.get(code)) for code in self._codes])
        cases = np.array([_nearest(tickets, self._tickets.get(code)) for code in self._codes])
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


def _by_label(collection: Collection) -> dict[str, npt.NDArray[np.int64]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place in np.flatnonzero(collection.alive).tolist():
        if code := str(collection.rows.labels[place]):
            groups[code].append(place)
    return {code: np.array(places) for code, places in groups.items()}


def _best(scores: Scores, places: npt.NDArray[np.int64] | None) -> float:
    return 0.0 if places is None else float(scores[places].max())


def _nearest(scores: Scores, places: npt.NDArray[np.int64] | None) -> float:
    """Mean of the class's best tickets: as many as NEAREST, missing ones count 0."""
    if places is None:
        return 0.0
    found = scores[places]
    if len(found) > NEAREST:
        found = np.partition(found, len(found) - NEAREST)[-NEAREST:]
    return float(found.sum() / NEAREST)


def _scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    best = values.max()
    scaled: npt.NDArray[np.float64] = values / best if best > 0 else values
    return scaled
