"""Features of many texts at once: ``trade.read_features`` of each text, as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    Occurrences,
    TermNumbers,
)
from indexer.counting import count_keys, first_places
from indexer.trade import KINDS, name_word, read_syllable

BATCH = 2_000
SECOND = (1 << PAIR_BITS) - 1


@dataclass(frozen=True)
class Features:
    """What stands in some texts, as often as it stands there. ``by_kind``: numbers that
    ``TextFeatures.names`` names; ``words``: numbers in ``TextFeatures.words``."""

    by_kind: Mapping[str, Occurrences]
    words: Occurrences


class TextFeatures:
    """Reads batch after batch of texts; a feature keeps its number from one to the next."""

    def __init__(self, analyzer: Analyzer) -> None:
        """Nothing is numbered yet."""
        self._bulk = BulkAnalyzer(analyzer)
        self._named = TermNumbers()
        self._of_words = np.zeros(0, np.int64)
        self._syllables = TermNumbers()
        self._of_characters = np.full(HAN_LAST - HAN_FIRST + 1, -1, np.int64)

    @property
    def words(self) -> Sequence[str]:
        """The words met so far, by number; the first is a blank that no text holds."""
        return self._bulk.new_words(0)

    def read(self, texts: Sequence[str]) -> Features:
        """The features of a batch."""
        terms = self._bulk.cut(texts)
        han = terms.pairs.codes < OTHER_PAIRS
        pairs, owners = terms.pairs.codes[han], terms.pairs.texts[han]
        return Features(
            {
                "w": Occurrences(self._name_words(terms.words.codes), terms.words.texts),
                "c": Occurrences(pairs, owners),
                "s": Occurrences(self._sounds(pairs), owners),
            },
            terms.words,
        )

    def names(self, kind: str, codes: Codes) -> list[str]:
        """The names of numbers of a kind, which are increasing."""
        if kind == "w":
            return [self._named.terms[code] for code in codes.tolist()]
        if kind == "c":
            return [f"c{term.decode()}" for term in self._bulk.pair_terms(codes)]
        syllables = self._syllables.terms
        both = zip((codes >> PAIR_BITS).tolist(), (codes & SECOND).tolist(), strict=True)
        return [f"s{syllables[first]} {syllables[second]}" for first, second in both]

    def _name_words(self, codes: Codes) -> Codes:
        added = self._bulk.new_words(len(self._of_words))
        numbers = [self._named[name_word(word)] for word in added]
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


class FeatureCounts:
    """Adds up how often each class has each feature, batch after batch of texts.

    A feature counts once a text, with the text's weight.
    """

    def __init__(self, analyzer: Analyzer, classes: int, weights: Sequence[float]) -> None:
        """``weights``: the different weights that texts may have, increasing."""
        self._features = TextFeatures(analyzer)
        self._classes = classes
        self._weights = np.array(weights)
        self._keys: dict[str, list[Codes]] = {kind: [] for kind in KINDS}

    def add(self, texts: Sequence[str], classes: Sequence[int], weights: Sequence[float]) -> None:
        """Count the features of some texts, each of a class and with a weight."""
        kinds = np.array(classes) * len(self._weights) + np.searchsorted(self._weights, weights)
        for start in range(0, len(texts), BATCH):
            batch = slice(start, start + BATCH)
            self._add(texts[batch], kinds[batch])

    def _add(self, texts: Sequence[str], kinds: Codes) -> None:
        """``kinds``: the class and the weight of each text in one number."""
        for kind, found in self._features.read(texts).by_kind.items():
            codes, owners = once_a_text(found, len(texts))
            self._keys[kind].append(codes * self._kinds + kinds[owners])

    @property
    def _kinds(self) -> int:
        return self._classes * len(self._weights)

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
            names += self._features.names(kind, features[starts][kept])
            rows.append(counts)
        order = sorted(range(len(names)), key=names.__getitem__)
        return [names[place] for place in order], np.concatenate(rows)[order]


def once_a_text(found: Occurrences, texts: int) -> tuple[Codes, Codes]:
    """Codes and texts of ``found`` without repeats, in order of the codes."""
    bits = texts.bit_length()
    once, _ = count_keys((found.codes << bits) | found.texts)
    return once >> bits, once & ((1 << bits) - 1)
