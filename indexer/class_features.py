"""Features of many texts at once: ``trade.read_features`` of each text, as numbers, by class.

A feature counts once a text, with the text's weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.bulk import (
    HAN_FIRST,
    HAN_LAST,
    OTHER_PAIRS,
    PAIR_BITS,
    BulkAnalyzer,
    Codes,
    TermNumbers,
)
from indexer.counting import count_keys, first_places
from indexer.trade import name_word, read_syllable

BATCH = 2_000
SECOND = (1 << PAIR_BITS) - 1


class FeatureCounts:
    """Adds up how often each class has each feature, batch after batch of texts."""

    def __init__(self, analyzer: Analyzer, classes: int, weights: Sequence[float]) -> None:
        """``weights``: the different weights that texts may have, increasing."""
        self._bulk = BulkAnalyzer(analyzer)
        self._classes = classes
        self._weights = np.array(weights)
        self._words = TermNumbers()
        self._of_words = np.zeros(0, np.int64)
        self._syllables = TermNumbers()
        self._of_characters = np.full(HAN_LAST - HAN_FIRST + 1, -1, np.int64)
        self._keys: dict[str, list[Codes]] = {"w": [], "c": [], "s": []}

    def add(self, texts: Sequence[str], classes: Sequence[int], weights: Sequence[float]) -> None:
        """Count the features of some texts, each of a class and with a weight."""
        kinds = np.array(classes) * len(self._weights) + np.searchsorted(self._weights, weights)
        for start in range(0, len(texts), BATCH):
            batch = slice(start, start + BATCH)
            self._add(texts[batch], kinds[batch])

    def _add(self, texts: Sequence[str], kinds: Codes) -> None:
        """``kinds``: the class and the weight of each text in one number."""
        terms = self._bulk.cut(texts)
        han = terms.pairs.codes < OTHER_PAIRS
        pairs, owners = terms.pairs.codes[han], terms.pairs.texts[han]
        found = {
            "w": (self._word_features(terms.words.codes), terms.words.texts),
            "c": (pairs, owners),
            "s": (self._sounds(pairs), owners),
        }
        bits = len(texts).bit_length()
        for kind, (codes, places) in found.items():
            once, _ = count_keys((codes << bits) | places)
            own = kinds[once & ((1 << bits) - 1)]
            self._keys[kind].append((once >> bits) * self._kinds + own)

    @property
    def _kinds(self) -> int:
        return self._classes * len(self._weights)

    def _word_features(self, codes: Codes) -> Codes:
        added = self._bulk.new_words(len(self._of_words))
        numbers = [self._words[name_word(word)] for word in added]
        self._of_words = np.concatenate([self._of_words, np.array(numbers, np.int64)])
        return self._of_words[codes]

    def _sounds(self, pairs: Codes) -> Codes:
        first, second = pairs >> PAIR_BITS, pairs & SECOND
        for char in np.unique(np.concatenate([first, second])).tolist():
            if self._of_characters[char] < 0:
                syllable = read_syllable(chr(HAN_FIRST + char))
                self._of_characters[char] = self._syllables[syllable]
        sounds: Codes = (self._of_characters[first] << PAIR_BITS) | self._of_characters[second]
        return sounds

    def table(self, least: float) -> tuple[list[str], npt.NDArray[np.float32]]:
        """Features of at least this weight over all classes, in order of their names; and the
        weight of each in each class, shape (features, classes)."""
        names: list[str] = []
        rows = []
        for kind, parts in self._keys.items():
            keys, times = count_keys(np.concatenate([np.zeros(0, np.int64), *parts]))
            values = times * self._weights[keys % len(self._weights)]
            features, places = keys // self._kinds, keys % self._kinds // len(self._weights)
            starts = first_places(features)
            sizes = np.diff(starts, append=len(keys))
            kept = np.add.reduceat(values, starts) >= least if len(keys) else np.zeros(0, bool)
            is_kept = np.repeat(kept, sizes)
            counts = np.zeros((np.count_nonzero(kept), self._classes), np.float32)
            row = np.repeat(np.arange(len(counts)), sizes[kept])
            np.add.at(counts, (row, places[is_kept]), values[is_kept])
            names += self._names(kind, features[starts][kept])
            rows.append(counts)
        order = sorted(range(len(names)), key=names.__getitem__)
        return [names[place] for place in order], np.concatenate(rows)[order]

    def _names(self, kind: str, codes: Codes) -> list[str]:
        if kind == "w":
            return [self._words.terms[code] for code in codes.tolist()]
        if kind == "c":
            return [f"c{term.decode()}" for term in self._bulk.pair_terms(codes)]
        syllables = self._syllables.terms
        both = zip((codes >> PAIR_BITS).tolist(), (codes & SECOND).tolist(), strict=True)
        return [f"s{syllables[first]} {syllables[second]}" for first, second in both]
