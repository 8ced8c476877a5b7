"""The word lane: BM25F over whole posting lists, exact, no term left out.

``score(d) = Σ_t weight_t · idf_t · saturation_t,d`` (``indexer.postings`` has the saturation), with
``idf = ln(1 + (N - df + 0.5) / (df + 0.5))``, N and df over documents not deleted. Words and pairs
of characters are terms of their own and added up with their own weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.postings import KINDS, Postings, Rows, Scores, hash_term

KEPT_TERMS = 100_000
SAMPLED_FROM = 20_000
"""Scores from which the edge of the best is first guessed from a sample."""
STEP = 16

Terms = Mapping[tuple[str, bool], float]
"""(text, is_word) → weight."""


@dataclass(frozen=True)
class _Held:
    """A term in this state of the index. ``count``: live documents that hold it; ``rows``: its row
    in each segment, -1 for none."""

    count: int
    idf: float
    rows: tuple[int, ...]


class WordScorer:
    """Scores queries against one opened collection; postings are read where they lie."""

    def __init__(self, collection: Collection) -> None:
        """Keep the collection; nothing is read yet."""
        self._collection = collection
        self._count = len(collection)
        self._pairs = collection.recipe.weights.pairs
        self._most = collection.recipe.weights.k1 + 1 + collection.recipe.weights.floor
        self._held: dict[str, dict[str, _Held]] = {kind: {} for kind in KINDS}

    def score(self, terms: Terms) -> Scores:
        """Scores of all documents for terms (text, is_word) → weight; deleted ones get 0."""
        scores = np.zeros(self._collection.size, np.float32)
        for kind in KINDS:
            rows, weights = self._resolve(terms, kind)
            for segment, own in zip(self._collection.segments, rows.T, strict=True):
                segment.data.kinds[kind].add_to(scores[segment.places], own, weights)
        scores[self._collection.dead] = 0
        return scores

    def _resolve(self, terms: Terms, kind: str) -> tuple[Rows, npt.NDArray[np.float32]]:
        """Rows of the terms of a kind, shape (terms, segments), and weight times idf of each."""
        asked = {text: weight for (text, is_word), weight in terms.items() if is_word == _is(kind)}
        share = 1.0 if _is(kind) else self._pairs
        held = self._look_up(kind, list(asked))
        found = [(each.rows, share * asked[text] * each.idf) for text, each in held.items()]
        rows = np.array([rows for rows, _ in found], np.int64)
        rows = rows.reshape(len(found), len(self._collection.segments))
        return rows, np.array([weight for _, weight in found], np.float32)

    def _look_up(self, kind: str, texts: Sequence[str]) -> dict[str, _Held]:
        """The terms as they are held; looked up once for this state of the index."""
        held = self._held[kind]
        if len(held) > KEPT_TERMS:
            held.clear()
        missing = [text for text in texts if text not in held]
        if missing:
            held.update(zip(missing, self._find(kind, missing), strict=True))
        return {text: held[text] for text in texts}

    def _find(self, kind: str, texts: Sequence[str]) -> list[_Held]:
        encoded = [text.encode() for text in texts]
        hashes = np.array([_hash(text) for text in texts], np.uint64)
        counts = np.zeros(len(texts), np.int64)
        rows = np.full((len(texts), len(self._collection.segments)), -1, np.int64)
        for number, segment in enumerate(self._collection.segments):
            postings: Postings = segment.data.kinds[kind]
            rows[:, number] = postings.find(encoded, hashes)
            counts += postings.sizes(rows[:, number])
            counts -= postings.deleted(rows[:, number], segment.deleted)
        return [
            _Held(count, self._idf(count), tuple(own))
            for count, own in zip(counts.tolist(), rows.tolist(), strict=True)
        ]

    def document_counts(self, texts: Sequence[str], *, is_word: bool) -> list[int]:
        """How many live documents hold each term."""
        held = self._look_up("words" if is_word else "pairs", texts)
        return [held[text].count for text in texts]

    def ceiling(self, text: str, *, is_word: bool) -> float:
        """The score a term can at most add; an unknown term counts as a rare one."""
        share = 1.0 if is_word else self._pairs
        kind = "words" if is_word else "pairs"
        return share * self._look_up(kind, [text])[text].idf * self._most

    def _idf(self, count: int) -> float:
        return math.log1p((self._count - count + 0.5) / (count + 0.5))


def _is(kind: str) -> bool:
    return kind == "words"


@lru_cache(maxsize=KEPT_TERMS)
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
