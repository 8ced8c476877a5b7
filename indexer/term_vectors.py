"""Vectors of documents whose terms are counted already, by our own encoder's table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csc_array

from indexer.bulk import OTHER_PAIRS, BulkAnalyzer, BulkTerms, Codes
from indexer.counting import Counts, count_terms
from indexer.encoder import StaticEncoder, Vectors, unit_rows

PAIR = 2


class TermVectors:
    """Reads batch after batch of one ``BulkAnalyzer``: gives what ``encoder.encode`` gives."""

    def __init__(self, bulk: BulkAnalyzer, encoder: StaticEncoder) -> None:
        """Nothing is known yet of the terms ``bulk`` has numbered."""
        self._bulk = bulk
        self._encoder = encoder
        self._of_words = np.zeros(0, np.int64)
        self._of_others = np.zeros(0, np.int64)

    def encode(self, terms: BulkTerms, counts: Mapping[str, Counts], documents: int) -> Vectors:
        """Unit vectors of the documents of a batch."""
        self._learn()
        characters = count_terms(terms.characters, documents)
        parts = (
            (counts["words"], self._of_words[counts["words"].codes]),
            (counts["pairs"], self._pair_rows(counts["pairs"].codes)),
            (characters, self._encoder.character_rows[characters.codes]),
        )
        sums = np.zeros((documents, self._encoder.dimension), np.float32)
        for part in parts:
            sums += self._add_up(*part)
        return unit_rows(sums)

    def _learn(self) -> None:
        """Rows of what was numbered since the last batch; a word of two is among the pairs."""
        words = self._bulk.new_words(len(self._of_words))
        longer = [word if len(word) != PAIR else None for word in words]
        self._of_words = np.concatenate([self._of_words, self._encoder.rows_of(longer)])
        others = self._bulk.new_other_pairs(len(self._of_others))
        self._of_others = np.concatenate([self._of_others, self._encoder.rows_of(others)])

    def _pair_rows(self, codes: Codes) -> Codes:
        known, rows = self._encoder.pair_rows
        han = codes[codes < OTHER_PAIRS]
        others = codes[len(han) :] - OTHER_PAIRS
        if not len(known):
            return np.concatenate([np.full(len(han), -1), self._of_others[others]])
        places = np.minimum(np.searchsorted(known, han), len(known) - 1)
        found = np.where(known[places] == han, rows[places], -1)
        return np.concatenate([found, self._of_others[others]])

    def _add_up(self, counts: Counts, rows: Codes) -> Vectors:
        """For each document the sum of its terms' vectors; row -1 has none."""
        is_known = rows >= 0
        kept = np.repeat(is_known, counts.sizes)
        ends = np.cumsum(counts.sizes[is_known])
        matrix = csc_array(
            (counts.counts[kept], counts.documents[kept], np.concatenate([[0], ends])),
            shape=(len(counts.lengths), len(ends)),
        )
        return np.asarray(matrix @ self._encoder.table[rows[is_known]], np.float32)
