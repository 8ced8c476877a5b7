"""BM25F over the whole posting lists of the word index, with numpy: exact, no term left out.

Formula (Robertson & Zaragoza 2009, §3.6): for a term t in document d,
``tf = Σ_f w_f · count_f / (1 - b + b · length_f / average_f)`` over the question and answer field,
``score = idf(t) · tf · (k1 + 1) / (tf + k1)``, ``idf = ln(1 + (N - df + 0.5) / (df + 0.5))``, with
df the documents that hold t in either field and N, averages and df over documents not deleted.
Words and pairs of characters are scored apart and added with their own weights.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.words import FIELDS

Scores = npt.NDArray[np.float32]
"""One score a document, in the collection's numbering; 0 where nothing matches."""

CACHE_POSTINGS = 20_000_000
"""Postings kept in memory at most (8 bytes each)."""


@dataclass(frozen=True)
class WordWeights:
    """Parameters of BM25F. ``question``, ``answer``: field weights; ``pairs``: weight of pairs of
    characters against words."""

    k1: float = 0.5
    b: float = 0.8
    question: float = 1.0
    answer: float = 1.0
    pairs: float = 1.0


Impacts = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


class WordScorer:
    """Scores queries against one opened collection; posting lists are read once and kept."""

    def __init__(self, collection: Collection, weights: WordWeights) -> None:
        """Take the statistics of the documents that are not deleted."""
        self._collection = collection
        self._weights = weights
        alive = collection.alive
        self._count = int(alive.sum())
        lengths = collection.rows.lengths.astype(np.float32)
        averages = lengths[alive].mean(axis=0) if self._count else np.ones(len(FIELDS), np.float32)
        averages = np.maximum(averages, 1e-6)
        self._norms = 1 - weights.b + weights.b * lengths / averages
        self._cache: OrderedDict[tuple[str, bool], Impacts | None] = OrderedDict()
        self._cached = 0

    def score(self, terms: Mapping[tuple[str, bool], float]) -> Scores:
        """Scores of all documents for terms (text, is_word) → weight."""
        scores = np.zeros(len(self._collection.alive), np.float32)
        for (text, is_word), weight in terms.items():
            impacts = self.impacts(text, is_word=is_word)
            if impacts is not None:
                documents, values = impacts
                scores[documents] += np.float32(weight) * values
        return scores

    def impacts(self, text: str, *, is_word: bool) -> Impacts | None:
        """Documents that hold the term and what it adds to each score; None if none does."""
        key = (text, is_word)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        found = self._read_impacts(text, is_word=is_word)
        self._cache[key] = found
        self._cached += 1 if found is None else len(found[0])
        while self._cached > CACHE_POSTINGS:
            _, old = self._cache.popitem(last=False)
            self._cached -= 1 if old is None else len(old[0])
        return found

    def ceiling(self, text: str, *, is_word: bool) -> float:
        """The score a term can at most add; an unknown term counts as a rare one."""
        impacts = self.impacts(text, is_word=is_word)
        df = 0 if impacts is None else len(impacts[0])
        share = 1.0 if is_word else self._weights.pairs
        return float(share * self._idf(df) * (self._weights.k1 + 1))

    def _idf(self, df: int) -> float:
        return float(np.log1p((self._count - df + 0.5) / (df + 0.5)))

    def _read_impacts(self, text: str, *, is_word: bool) -> Impacts | None:
        kind = "words" if is_word else "pairs"
        documents: list[npt.NDArray[np.int64]] = []
        counts: list[npt.NDArray[np.float32]] = []
        for side, weight in (
            ("question", self._weights.question),
            ("answer", self._weights.answer),
        ):
            column = FIELDS.index(f"{side}_{kind}")
            for segment, offset in zip(
                self._collection.words.segments, self._collection.offsets[:-1], strict=True
            ):
                postings = segment.postings(FIELDS[column], text)
                if postings is None:
                    continue
                numbers = postings[0].astype(np.int64) + offset
                documents.append(numbers)
                counts.append(weight * postings[1] / self._norms[numbers, column])
        if not documents:
            return None
        numbers, frequency = _add_up(np.concatenate(documents), np.concatenate(counts))
        kept = self._collection.alive[numbers]
        numbers, frequency = numbers[kept], frequency[kept]
        if not len(numbers):
            return None
        share = 1.0 if is_word else self._weights.pairs
        idf = self._idf(len(numbers))
        values = share * idf * frequency * (self._weights.k1 + 1) / (frequency + self._weights.k1)
        return numbers.astype(np.int32), values.astype(np.float32)


def _add_up(
    documents: npt.NDArray[np.int64], counts: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Documents once each, in order, with the sum of their counts."""
    unique, place = np.unique(documents, return_inverse=True)
    sums: npt.NDArray[np.float64] = np.bincount(place, counts, len(unique)).astype(np.float64)
    return unique, sums


def top(scores: Scores, count: int) -> npt.NDArray[np.int64]:
    """Numbers of the ``count`` best documents with a positive score, best first, ties by number."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > count:
        values = scores[positive]
        edge = np.partition(values, len(values) - count)[len(values) - count]
        positive = positive[values >= edge]
    order = np.lexsort((positive, -scores[positive]))
    return positive[order][:count]
