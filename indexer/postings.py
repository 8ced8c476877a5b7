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
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
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


class TermNumbers(dict[str, int]):
    """A number for each term, given when it is first met; ``terms`` in the order of numbers."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self.terms: list[str] = []

    def __missing__(self, term: str) -> int:
        """The next number."""
        number = len(self.terms)
        self.terms.append(term)
        self[term] = number
        return number


@dataclass(frozen=True)
class Counts:
    """Terms of some documents, of one kind: term ``codes[i]`` occurs ``counts[i]`` times in field
    ``fields[i]`` of document ``documents[i]``, sorted by document and code.

    Codes are numbers of the process ``source``, which gave ``added`` the numbers from ``first``
    on. ``lengths``: shape (documents, fields).
    """

    source: int
    first: int
    added: Sequence[str]
    codes: npt.NDArray[np.int32]
    documents: npt.NDArray[np.int32]
    fields: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.float32]
    lengths: npt.NDArray[np.int32]


class Tally:
    """Counts the terms of a batch of documents, of one kind."""

    def __init__(self, numbers: TermNumbers) -> None:
        """Number new terms in ``numbers``, which outlives the batch."""
        self._numbers = numbers
        self._first = len(numbers)
        self._codes: list[int] = []
        self._ends: list[int] = []

    def add(self, terms: Sequence[str]) -> None:
        """The terms of the next field: each document has as many fields as FIELDS."""
        self._codes.extend(map(self._numbers.__getitem__, terms))
        self._ends.append(len(self._codes))

    def counts(self, source: int = 0) -> Counts:
        """What was counted."""
        ends = np.array(self._ends, np.int64)
        lengths = np.diff(ends, prepend=0)
        places = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
        documents, fields = np.divmod(places, len(FIELDS))
        known = max(len(self._numbers), 1)
        keys = (documents * known + np.array(self._codes, np.int64)) * len(FIELDS) + fields
        unique, counts = np.unique(keys, return_counts=True)
        rest, fields = np.divmod(unique, len(FIELDS))
        documents, codes = np.divmod(rest, known)
        return Counts(
            source=source,
            first=self._first,
            added=self._numbers.terms[self._first :],
            codes=codes.astype(np.int32),
            documents=documents.astype(np.int32),
            fields=fields.astype(np.uint8),
            counts=counts.astype(np.float32),
            lengths=lengths.reshape(-1, len(FIELDS)).astype(np.int32),
        )


class JointTerms:
    """One numbering over the numberings of several processes."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._numbers = TermNumbers()
        self._of_source: dict[int, npt.NDArray[np.int32]] = {}

    def recode(self, part: Counts) -> Counts:
        """``part`` in the joint numbers; the parts of each source come in order."""
        known = self._of_source.get(part.source, np.zeros(0, np.int32))
        added = np.fromiter(map(self._numbers.__getitem__, part.added), np.int32, len(part.added))
        known = np.concatenate([known[: part.first], added])
        self._of_source[part.source] = known
        return replace(part, added=(), codes=known[part.codes])

    def join(self, parts: Sequence[Counts]) -> Counts:
        """Recoded counts of all parts, their documents one after another; ``added`` holds the
        terms that occur in them, to which the codes are fitted."""
        starts = np.cumsum([0, *(len(part.lengths) for part in parts[:-1])])
        codes = np.concatenate([part.codes for part in parts])
        used = np.zeros(len(self._numbers), bool)
        used[codes] = True
        fitted = np.cumsum(used, dtype=np.int32) - 1
        return Counts(
            source=0,
            first=0,
            added=[self._numbers.terms[number] for number in np.flatnonzero(used).tolist()],
            codes=fitted[codes],
            documents=np.concatenate(
                [
                    part.documents + np.int32(start)
                    for part, start in zip(parts, starts.tolist(), strict=True)
                ]
            ),
            fields=np.concatenate([part.fields for part in parts]),
            counts=np.concatenate([part.counts for part in parts]),
            lengths=np.concatenate([part.lengths for part in parts]),
        )


def invert(counts: Counts, weights: WordWeights, pivots: npt.NDArray[np.float32]) -> Arrays:
    """Postings by term: ``terms`` (UTF-8, in byte order), ``bounds`` of each term in them,
    ``starts`` of each term's postings in ``documents`` and ``saturations``, and the term hashes
    in order with the term ``rows`` they belong to."""
    terms = [term.encode() for term in counts.added]
    order = sorted(range(len(terms)), key=terms.__getitem__)
    ranks = np.empty(len(terms), np.int32)
    ranks[order] = np.arange(len(terms), dtype=np.int32)
    norms = 1 - weights.b + weights.b * counts.lengths / np.maximum(pivots, 1e-6)
    shares = counts.counts * weights.fields[counts.fields]
    shares /= norms.astype(np.float32)[counts.documents, counts.fields]
    documents, codes, frequency = _once_a_document(counts, shares)
    saturations = frequency * np.float32(weights.k1 + 1) / (frequency + np.float32(weights.k1))
    saturations += np.float32(weights.floor)
    shape = (len(terms), len(counts.lengths))
    matrix = coo_array((saturations, (ranks[codes], documents)), shape=shape).tocsr()
    blob = [terms[place] for place in order]
    hashes = np.array([hash_term(term) for term in blob], np.uint64)
    rows = np.argsort(hashes, kind="stable").astype(np.int32)
    return {
        "terms": np.frombuffer(b"".join(blob), np.uint8),
        "bounds": _bounds([len(term) for term in blob]),
        "starts": matrix.indptr.astype(np.int32),
        "documents": matrix.indices.astype(np.int32),
        "saturations": matrix.data.astype(np.float32),
        "hashes": hashes[rows],
        "rows": rows,
    }


def _once_a_document(
    counts: Counts, shares: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Documents and codes once each, with the sum of their fields' shares."""
    if not len(shares):
        return counts.documents, counts.codes, shares
    is_new = np.ones(len(shares), bool)
    is_new[1:] = (counts.codes[1:] != counts.codes[:-1]) | (
        counts.documents[1:] != counts.documents[:-1]
    )
    places = np.flatnonzero(is_new)
    return counts.documents[places], counts.codes[places], np.add.reduceat(shares, places)


def hash_term(term: bytes) -> int:
    """64 bits of a term: the same on every machine and day."""
    return int.from_bytes(hashlib.blake2b(term, digest_size=8).digest(), "little")


def _bounds(lengths: Sequence[int]) -> npt.NDArray[np.int64]:
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    return bounds


class Postings:
    """The postings of one kind in one segment, over the arrays of ``invert``."""

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
