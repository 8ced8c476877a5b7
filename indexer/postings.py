"""Postings of one segment as arrays: written once, read by Whoosh and by the scorer alike.

A posting is a document and its *saturation*: what BM25F leaves to multiply with the term's idf.
With count c and length l of the term's document in field f (Robertson & Zaragoza 2009, §3.6):
``tf = Σ_f w_f · c_f / (1 - b + b · l_f / pivot_f)``,
``saturation = floor + tf · (k1 + 1) / (tf + k1)``; a floor above 0 is BM25+ (Lv & Zhai 2011).
``pivot_f`` is the average length of the field when the collection was built. It stays as it is
while documents come and go, so that a small commit leaves every other posting as it was; df and
idf follow each commit exactly.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse._sparsetools import csc_matvec

from indexer.arrays import Arrays

FIELDS = ("title", "keywords", "complaint", "steps", "resolution")
KINDS = ("words", "pairs")

Scores = npt.NDArray[np.float32]
"""One score a document; 0 where nothing matches."""
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WordWeights:
    """Parameters of BM25F. The fields' weights; ``floor``: what a term adds at least where it
    stands at all; ``pairs``: weight of pairs of characters against words, applied when a query is
    scored."""

    k1: float = 0.5
    b: float = 0.8
    floor: float = 0.0
    title: float = 1.0
    keywords: float = 1.0
    complaint: float = 1.0
    steps: float = 1.0
    resolution: float = 1.0
    pairs: float = 0.5

    @property
    def fields(self) -> npt.NDArray[np.float32]:
        """Weights in the order of FIELDS."""
        values = asdict(self)
        return np.array([values[name] for name in FIELDS], np.float32)


def hash_term(term: bytes) -> int:
    """64 bits of a term: the same on every machine and day."""
    return int.from_bytes(hashlib.blake2b(term, digest_size=8).digest(), "little")


class Postings:
    """The postings of one kind in one segment, over the arrays of ``indexer.counting.invert``."""

    def __init__(self, arrays: Arrays) -> None:
        """Keep views of the arrays; nothing is read yet."""
        self._terms: npt.NDArray[np.uint8] = arrays["terms"]
        self._bounds: npt.NDArray[np.int64] = arrays["bounds"]
        self._starts: npt.NDArray[np.int32] = arrays["starts"]
        self._documents: npt.NDArray[np.int32] = arrays["documents"]
        self._saturations: npt.NDArray[np.float32] = arrays["saturations"]
        self._hashes: npt.NDArray[np.uint64] = arrays["hashes"]
        self._rows: npt.NDArray[np.int32] = arrays["rows"]

    def __len__(self) -> int:
        """Number of terms."""
        return len(self._rows)

    def find(self, terms: Sequence[bytes], hashes: npt.NDArray[np.uint64]) -> Rows:
        """The row of each term, -1 for one that no document holds."""
        rows = np.full(len(terms), -1, np.int64)
        if not len(self):
            return rows
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self) - 1)
        for number in np.flatnonzero(self._hashes[places] == hashes).tolist():
            place = int(places[number])
            while place < len(self) and self._hashes[place] == hashes[number]:
                row = int(self._rows[place])
                if self.term(row) == terms[number]:
                    rows[number] = row
                    break
                place += 1
        return rows

    def term(self, row: int) -> bytes:
        """The term of a row."""
        return self._terms[self._bounds[row] : self._bounds[row + 1]].tobytes()

    def first_from(self, prefix: bytes) -> int:
        """The first row whose term is not below ``prefix`` in byte order."""
        return bisect_left(range(len(self)), prefix, key=self.term)

    def all_terms(self) -> Iterator[bytes]:
        """Every term in byte order."""
        text, bounds = self._terms.tobytes(), self._bounds.tolist()
        return (text[start:end] for start, end in pairwise(bounds))

    def terms_of(self, size: int) -> tuple[Rows, npt.NDArray[np.uint8]]:
        """Rows of the terms of ``size`` bytes, and these bytes, a row each."""
        rows = np.flatnonzero(np.diff(self._bounds) == size)
        return rows, self._terms[self._bounds[rows][:, None] + np.arange(size)]

    def sizes(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Documents that hold each row's term, deleted ones too; 0 for row -1."""
        known = np.maximum(rows, 0)
        if not len(self):
            return np.zeros(len(rows), np.int64)
        found = (self._starts[known + 1] - self._starts[known]).astype(np.int64)
        return np.where(rows >= 0, found, 0)

    def sizes_among(self, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Documents among those ``kept`` that hold each term, by row."""
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept[self._documents])])
        return np.diff(sums[self._starts])

    def of(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Documents in order, and the saturation of each."""
        start, end = int(self._starts[row]), int(self._starts[row + 1])
        return self._documents[start:end], self._saturations[start:end]

    def add_to(self, scores: Scores, rows: Rows, weights: npt.NDArray[np.float32]) -> None:
        """Add weight times saturation of each row to ``scores`` (one a document of the segment).

        scipy's kernel for one sparse column reads the mapped arrays in place, about a nanosecond
        a posting; its public interface would copy them first.
        """
        for number in np.flatnonzero((rows >= 0) & (weights != 0)).tolist():
            row = rows[number]
            csc_matvec(
                len(scores),
                1,
                self._starts[row : row + 2],
                self._documents,
                self._saturations,
                weights[number : number + 1],
                scores,
            )

    def deleted(self, rows: Rows, deleted: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """How many of the ``deleted`` documents (in order) hold each row's term."""
        counts = np.zeros(len(rows), np.int64)
        if not len(deleted):
            return counts
        for number in np.flatnonzero(rows >= 0).tolist():
            documents, _ = self.of(int(rows[number]))
            shorter, longer = sorted((documents, deleted), key=len)
            places = np.minimum(np.searchsorted(longer, shorter), len(longer) - 1)
            counts[number] = np.count_nonzero(longer[places] == shorter)
        return counts
