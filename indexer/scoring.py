"""The word lane: BM25F over whole posting lists, exact, no term left out.

``score(d) = Σ_t weight_t · idf_t · saturation_t,d`` (``indexer.postings`` has the saturation), with
``idf = ln(1 + (N - df + 0.5) / (df + 0.5))``, N and df over documents not deleted. Words and pairs
of characters are terms of their own and added up with their own weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.postings import KINDS, Postings, Rows, Scores, hash_term

KEPT_COUNTS = 100_000
SAMPLED_FROM = 20_000
"""Scores from which the edge of the best is first guessed from a sample."""
STEP = 16


class WordScorer:
    """Scores queries against one opened collection; postings are read where they lie."""

    def __init__(self, collection: Collection) -> None:
        """Keep the collection; nothing is read yet."""
        self._collection = collection
        self._count = len(collection)
        self._pairs = collection.recipe.weights.pairs
        self._most = collection.recipe.weights.k1 + 1 + collection.recipe.weights.floor
        self._held: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}

    def score(self, terms: Mapping[tuple[str, bool], float]) -> Scores:
        """Scores of all documents for terms (text, is_word) → weight; deleted ones get 0."""
        scores = np.zeros(self._collection.size, np.float32)
        for kind in KINDS:
            is_words = kind == "words"
            asked = {
                text: weight for (text, is_word), weight in terms.items() if is_word == is_words
            }
            if asked:
                share = 1.0 if is_words else self._pairs
                self._add_kind(scores, kind, list(asked), share * np.array(list(asked.values())))
        scores[self._collection.dead] = 0
        return scores

    def _add_kind(
        self, scores: Scores, kind: str, texts: Sequence[str], weights: npt.NDArray[np.float64]
    ) -> None:
        found = self._find(kind, texts)
        factors = (weights * self._idf(self._counts(kind, texts, found))).astype(np.float32)
        for segment, (postings, rows) in zip(self._collection.segments, found, strict=True):
            postings.add_to(scores[segment.places], rows, factors)

    def _find(self, kind: str, texts: Sequence[str]) -> list[tuple[Postings, Rows]]:
        """In each segment: its postings and the terms' rows."""
        encoded = [text.encode() for text in texts]
        hashes = np.array([_hash(text) for text in texts], np.uint64)
        segments = (segment.data.kinds[kind] for segment in self._collection.segments)
        return [(postings, postings.find(encoded, hashes)) for postings in segments]

    def _counts(
        self, kind: str, texts: Sequence[str], found: Sequence[tuple[Postings, Rows]]
    ) -> npt.NDArray[np.int64]:
        """How many live documents hold each term; counted once for this state of the index."""
        held = self._held[kind]
        if len(held) > KEPT_COUNTS:
            held.clear()
        missing = [number for number, text in enumerate(texts) if text not in held]
        if missing:
            counts = np.zeros(len(missing), np.int64)
            for segment, (postings, rows) in zip(self._collection.segments, found, strict=True):
                counts += postings.sizes(rows[missing])
                counts -= postings.deleted(rows[missing], segment.deleted)
            held.update(zip([texts[number] for number in missing], counts.tolist(), strict=True))
        return np.array([held.get(text, 0) for text in texts], np.int64)

    def document_count(self, text: str, is_word: bool) -> int:
        """How many live documents hold the term."""
        kind = "words" if is_word else "pairs"
        count = self._held[kind].get(text)
        if count is None:
            count = int(self._counts(kind, [text], self._find(kind, [text]))[0])
        return count

    def ceiling(self, text: str, *, is_word: bool) -> float:
        """The score a term can at most add; an unknown term counts as a rare one."""
        counts = np.array([self.document_count(text, is_word)], np.int64)
        share = 1.0 if is_word else self._pairs
        return float(share * self._idf(counts)[0] * self._most)

    def _idf(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        df = np.asarray(counts, np.float64)
        idf: npt.NDArray[np.float64] = np.log1p((self._count - df + 0.5) / (df + 0.5))
        return idf


@lru_cache(maxsize=KEPT_COUNTS)
def _hash(text: str) -> int:
    return hash_term(text.encode())


def top(scores: Scores, count: int) -> npt.NDArray[np.int64]:
    """Numbers of the ``count`` best documents with a positive score, best first, ties by number."""
    positive = np.flatnonzero(scores > _sure_edge(scores, count))
    if len(positive) > count:
        values = scores[positive]
        edge = np.partition(values, len(values) - count)[len(values) - count]
        positive = positive[values >= edge]
    order = np.lexsort((positive, -scores[positive]))
    return positive[order][:count]


def _sure_edge(scores: Scores, count: int) -> float:
    """A score that at least ``count`` documents exceed, or 0: most documents need not be sorted.

    A sample of every STEP-th score guesses it, a count makes sure.
    """
    if len(scores) < SAMPLED_FROM or count * STEP * 2 > len(scores):
        return 0.0
    sample = scores[::STEP]
    rank = len(sample) - (2 * count // STEP + 16)
    guess = max(float(np.partition(sample, rank)[rank]), 0.0)
    return guess if np.count_nonzero(scores > guess) >= count else 0.0
