"""In which pairs does a character stand, and how often: what a character alone is searched by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection

PAIR_BYTES = 6
"""Two Chinese characters in UTF-8: three bytes each."""
HALF = 32
"""Bits of one character in a pair's code."""

Codes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]


class PairTable:
    """Pairs of Chinese characters with the documents that hold each."""

    def __init__(self, codes: Codes, counts: Counts) -> None:
        """``codes``: of each pair, its characters' code points in one number."""
        self._chars = np.stack([codes >> HALF, codes & (2**HALF - 1)], axis=1).astype(np.uint32)
        self._counts = counts

    def count_characters(self) -> dict[str, int]:
        """Each character with the sum of the documents of its pairs."""
        chars, places = np.unique(self._chars, return_inverse=True)
        sums = np.bincount(places.ravel(), np.repeat(self._counts, 2), len(chars))
        return dict(zip(map(chr, chars.tolist()), sums.astype(int).tolist(), strict=True))

    def holding(self, char: str, limit: int) -> list[tuple[str, int]]:
        """Pairs with ``char`` and the documents that hold them, commonest first."""
        places = np.flatnonzero((self._chars == ord(char)).any(axis=1))
        best = places[np.argsort(-self._counts[places], kind="stable")][:limit]
        pairs = ["".join(map(chr, chars)) for chars in self._chars[best].tolist()]
        return list(zip(pairs, self._counts[best].tolist(), strict=True))


def count_pairs(collections: Sequence[tuple[Collection, int]]) -> PairTable:
    """The pairs of collections, each document counting as often as its collection's weight."""
    codes: list[Codes] = [np.zeros(0, np.int64)]
    counts: list[Counts] = [np.zeros(0, np.int64)]
    for collection, weight in collections:
        for segment in collection.segments:
            postings = segment.data.kinds["pairs"]
            rows, text = postings.terms_of(PAIR_BYTES)
            codes.append(_code_pairs(text))
            counts.append(postings.sizes(rows) * weight)
    unique, places = np.unique(np.concatenate(codes), return_inverse=True)
    sums = np.bincount(places, np.concatenate(counts), len(unique))
    return PairTable(unique, sums.astype(np.int64))


def code_pair(pair: str) -> int:
    """The code of two characters."""
    return ord(pair[0]) << HALF | ord(pair[1])


def _code_pairs(text: npt.NDArray[np.uint8]) -> Codes:
    """Codes of pairs given as the six bytes of their UTF-8, a row each."""
    bits = text.astype(np.int64) & np.array([0x0F, 0x3F, 0x3F] * 2)
    first = bits[:, 0] << 12 | bits[:, 1] << 6 | bits[:, 2]
    second = bits[:, 3] << 12 | bits[:, 4] << 6 | bits[:, 5]
    codes: Codes = first << HALF | second
    return codes
