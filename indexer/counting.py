"""Terms as they stand to postings of a segment: counted batch by batch, weighed and joined once.

A batch keeps its entries term by term, so that joining copies runs instead of sorting again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.arrays import Arrays
from indexer.bulk import Codes, Occurrences
from indexer.postings import FIELDS, WordWeights, hash_term

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Counts:
    """Terms of a batch of documents, of one kind.

    Term ``codes[i]`` (increasing) has the next ``sizes[i]`` entries: it occurs ``counts`` times in
    field ``fields`` of document ``documents``, sorted by document and field. ``lengths``: shape
    (documents, fields).
    """

    codes: Codes
    sizes: Codes
    documents: npt.NDArray[np.int32]
    fields: npt.NDArray[np.uint8]
    counts: Floats
    lengths: npt.NDArray[np.int32]


def count_terms(found: Occurrences, documents: int) -> Counts:
    """Count the terms of ``documents``, each as many texts as there are FIELDS, in their order."""
    texts = documents * len(FIELDS)
    bits = texts.bit_length()
    keys, times = count_keys((found.codes << bits) | found.texts)
    codes = keys >> bits
    starts = first_places(codes)
    owners, fields = np.divmod((keys & ((1 << bits) - 1)).astype(np.int32), np.int32(len(FIELDS)))
    lengths = np.bincount(found.texts, minlength=texts).reshape(documents, len(FIELDS))
    return Counts(
        codes=codes[starts],
        sizes=np.diff(starts, append=len(codes)),
        documents=owners,
        fields=fields.astype(np.uint8),
        counts=times.astype(np.float32),
        lengths=lengths.astype(np.int32),
    )


def count_keys(keys: Codes) -> tuple[Codes, Codes]:
    """Each key once, increasing, and how often it is there. ``keys`` are sorted in place."""
    keys.sort()
    places = first_places(keys)
    return keys[places], np.diff(places, append=len(keys))


def first_places(keys: npt.NDArray[np.integer[Any]]) -> Codes:
    """Where sorted keys begin to differ from the one before, the first of all among them."""
    is_new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_new[1:])
    return np.flatnonzero(is_new)


@dataclass(frozen=True)
class _Weighed:
    """Entries of a batch once a document: their terms' ``rows`` and ``sizes`` as in Counts."""

    rows: Codes
    sizes: Codes
    documents: npt.NDArray[np.int32]
    saturations: Floats


def invert(
    parts: Sequence[Counts],
    terms_of: Callable[[Codes], list[bytes]],
    weights: WordWeights,
    pivots: Floats,
) -> Arrays:
    """Postings by term over all parts, their documents one after another.

    ``terms`` (UTF-8, in byte order), ``bounds`` of each term in them, ``starts`` of each term's
    postings in ``documents`` and ``saturations``; the term hashes in order with the ``rows`` of the
    terms they belong to. ``terms_of``: the terms of some codes, which are increasing.
    """
    codes = np.unique(np.concatenate([part.codes for part in parts]))
    terms = terms_of(codes)
    order = sorted(range(len(terms)), key=terms.__getitem__)
    ranks = np.empty(len(terms), np.int64)
    ranks[order] = np.arange(len(terms))
    weighed = []
    first = 0
    for part in parts:
        rows = ranks[np.searchsorted(codes, part.codes)]
        weighed.append(_weigh(part, rows, first, weights, pivots))
        first += len(part.lengths)
    return {**_term_arrays([terms[place] for place in order]), **_join(weighed, len(terms))}


def _term_arrays(terms: Sequence[bytes]) -> Arrays:
    hashes = np.array([hash_term(term) for term in terms], np.uint64)
    rows = np.argsort(hashes, kind="stable").astype(np.int32)
    bounds = np.zeros(len(terms) + 1, np.int64)
    np.cumsum([len(term) for term in terms], out=bounds[1:])
    return {
        "terms": np.frombuffer(b"".join(terms), np.uint8),
        "bounds": bounds,
        "hashes": hashes[rows],
        "rows": rows,
    }


def _weigh(part: Counts, rows: Codes, first: int, weights: WordWeights, pivots: Floats) -> _Weighed:
    """The saturations of a part whose first document has the number ``first``."""
    norms = (1 - weights.b + weights.b * part.lengths / np.maximum(pivots, 1e-6)).astype(np.float32)
    places = part.documents * np.int32(len(FIELDS)) + part.fields
    shares = part.counts * weights.fields[part.fields] / norms.ravel()[places]
    starts = np.cumsum(part.sizes) - part.sizes
    is_new = np.zeros(len(shares), bool)
    is_new[first_places(part.documents)] = True
    is_new[starts] = True
    kept = np.flatnonzero(is_new)
    frequency = np.add.reduceat(shares, kept) if len(kept) else shares
    saturations = frequency * np.float32(weights.k1 + 1) / (frequency + np.float32(weights.k1))
    ends = np.searchsorted(kept, starts + part.sizes)
    return _Weighed(
        rows=rows,
        sizes=np.diff(ends, prepend=0),
        documents=part.documents[kept] + np.int32(first),
        saturations=saturations + np.float32(weights.floor),
    )


def _join(parts: Sequence[_Weighed], terms: int) -> Arrays:
    """Postings of all parts, those of a term one after another."""
    totals = np.zeros(terms + 1, np.int64)
    for part in parts:
        totals[part.rows + 1] += part.sizes
    starts = np.cumsum(totals)
    documents = np.empty(starts[-1], np.int32)
    saturations = np.empty(starts[-1], np.float32)
    free = starts[:-1].copy()
    for part in parts:
        own = np.cumsum(part.sizes) - part.sizes
        places = np.repeat(free[part.rows] - own, part.sizes) + np.arange(len(part.documents))
        documents[places] = part.documents
        saturations[places] = part.saturations
        free[part.rows] += part.sizes
    return {
        "starts": starts.astype(np.int32),
        "documents": documents,
        "saturations": saturations,
    }
