"""Which class a complaint belongs to: by its nearest articles and tickets, and by how each class
is talked about.

Both answers are put on one scale (how far a class stands out among all, in standard deviations)
and added; probabilities are a softmax over classes. The slope is fitted on the sample tickets,
each left out of what it is judged by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.class_words import ClassWords
from indexer.collection import Collection
from indexer.postings import Scores
from indexer.retrieval import Found
from indexer.scoring import top
from kb.steps import timed

NEAREST = 4
SLOPE = 1.23
COUNTED = 20
"""Nearest tickets among which those of the class are counted, for the reason shown."""
TELLING = 0.3
"""Fused score from which an article is named as a reason."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassEvidence:
    """A class with its probability and what speaks for it.

    ``article``, ``tickets``: fused scores (0 to 1) of its best passage and of its nearest tickets;
    ``passage``: number of that passage, -1 for none; ``alike``: of the ``counted`` tickets nearest
    of all, how many are of the class.
    """

    code: str
    probability: float
    article: float = 0.0
    tickets: float = 0.0
    passage: int = -1
    alike: int = 0
    counted: int = 0


class Classifier:
    """The classes of one snapshot: which documents and words speak for which."""

    def __init__(self, passages: Collection, tickets: Collection, words: ClassWords) -> None:
        """Number the labels of both collections once."""
        self._codes = sorted({*passages.classes, *tickets.classes, *words.codes})
        self._articles = self._numbered(passages)
        self._tickets = self._numbered(tickets)
        self._words = words
        self._of_words = [self._codes.index(code) for code in words.codes]

    def _numbered(self, collection: Collection) -> npt.NDArray[np.int16]:
        numbers = [self._codes.index(code) for code in collection.classes]
        return np.array([*numbers, -1], np.int16)[collection.class_of]

    @timed("classify")
    def classify(
        self, passages: Found, tickets: Found, features: Iterable[str]
    ) -> list[ClassEvidence]:
        """All classes, most probable first; empty when nothing in the index has a class."""
        count = len(self._codes)
        if not count:
            return []
        best, articles = best_places(self._articles[passages.places], passages, count)
        cases = nearest_means(self._tickets[tickets.places], tickets.scores, count, NEAREST)
        scores = standing(scaled(articles) + scaled(cases)) + standing(self._said(features))
        probabilities = softmax(SLOPE * scores)
        near = self._tickets[tickets.places[top(tickets.scores, COUNTED)]]
        alike = np.bincount(near[near >= 0], minlength=count)
        order = np.argsort(-scores, kind="stable")
        columns = (each[order].tolist() for each in (probabilities, articles, cases, best, alike))
        codes = [self._codes[place] for place in order.tolist()]
        return [
            ClassEvidence(*(*values, len(near))) for values in zip(codes, *columns, strict=True)
        ]

    def _said(self, features: Iterable[str]) -> Values:
        """Log likelihoods in the order of the codes; a class without words gets the lowest."""
        if not self._of_words:
            return np.zeros(len(self._codes))
        found = self._words.score(features)
        said = np.full(len(self._codes), found.min())
        said[self._of_words] = found
        return said


def describe_evidence(evidence: ClassEvidence, title: str) -> str:
    """Why a class is named, in Chinese: ``title`` is that of its best article, "" for none."""
    reasons = []
    if title and evidence.article >= TELLING:
        reasons.append(f"说法接近手册「{title}」")
    if evidence.alike:
        reasons.append(f"最相近的 {evidence.counted} 张工单里有 {evidence.alike} 张是这一类")
    return "；".join(reasons) or "用词接近这一类的投诉"


def nearest_means(
    labels: npt.NDArray[np.int16], scores: Scores, count: int, nearest: int
) -> Values:
    """For each of ``count`` labels the mean of its ``nearest`` best scores, missing ones as 0.

    ``labels``: of each score, below 0 for none.
    """
    order = np.lexsort((-scores, labels))
    sorted_labels, sorted_scores = labels[order], scores[order]
    starts = np.searchsorted(sorted_labels, np.arange(count))
    rank = np.arange(len(labels)) - starts[np.clip(sorted_labels, 0, None)]
    chosen = (sorted_labels >= 0) & (rank < nearest) & (sorted_scores > 0)
    sums = np.bincount(sorted_labels[chosen], sorted_scores[chosen], count)
    means: Values = sums / nearest
    return means


def best_places(
    labels: npt.NDArray[np.int16], found: Found, count: int
) -> tuple[npt.NDArray[np.int64], Values]:
    """For each label the number of its best document, -1 for none, and that one's score.

    Of equals the last. Grouped by label instead of sorted by score: a tenth of the time.
    """
    best, scores = np.full(count, -1, np.int64), np.zeros(count)
    known = np.flatnonzero((labels >= 0) & (found.scores > 0))
    if not len(known):
        return best, scores
    order = known[np.argsort(labels[known], kind="stable")]
    own, values = labels[order], found.scores[order]
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    highest = np.maximum.reduceat(values, starts)
    is_best = values == np.repeat(highest, np.diff(starts, append=len(own)))
    best[own[is_best]] = found.places[order[is_best]]
    scores[own[starts]] = highest
    return best, scores


def standing(values: Values) -> Values:
    """How far each value lies above the mean, in standard deviations; all 0 if they are equal."""
    spread = values.std()
    if spread < np.finfo(np.float32).eps:
        return np.zeros_like(values)
    stands: Values = (values - values.mean()) / spread
    return stands


def scaled(values: Values) -> Values:
    """Values as shares of the best one."""
    best = values.max()
    shares: Values = values / best if best > 0 else values
    return shares


def softmax(values: Values) -> Values:
    """Probabilities in proportion to the exponentials."""
    weights = np.exp(values - values.max())
    shares: Values = weights / weights.sum()
    return shares


def sum_levels(classes: Iterable[ClassEvidence], *, digits: int) -> dict[str, float]:
    """Probability of each class a level or two up (2 or 4 digits): the sum of those below it."""
    sums: dict[str, float] = {}
    for evidence in classes:
        code = evidence.code[:digits]
        sums[code] = sums.get(code, 0.0) + evidence.probability
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))
