"""The words a desk knows, found again by how they sound, how they are abbreviated or spelt.

Made from the desk's vocabulary and the words of one state of the index. How many documents hold a
word decides between words that fit equally well.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexer.collection import Collection
from indexer.dictionary import general_counts
from indexer.readings import initials_of, readings_of, sounds_like, split_syllables, syllables_of

LEAST_DOCUMENTS = 2
"""A word of fewer tickets may be a slip of the pen itself."""
HANDBOOK_WEIGHT = 5
"""A document of the handbook counts as this many tickets: it is edited."""
VOCABULARY_COUNT = 20
"""Documents a word of the vocabulary counts for before any holds it."""
LONGEST_READ = 8
"""Longest word that is found by its sound, in characters."""
LEAST_SPELT = 3
"""Shortest word that is found by its spelling: shorter ones have too many neighbours."""
MOST_CHOICES = 6
NEAR_COST = 3.0
"""Cost of near sounds against exact ones, as a logarithm."""
FOREIGN_COST = 3
"""Times the cost of an abbreviation for a word the vocabulary does not have."""
LEAST_GENERAL = 1_000
"""General count of a rare character at least: what is rare at large may be dialect."""

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LETTERS = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Spelt:
    """A row of words that letters may stand for, with the logarithm of how likely it is."""

    words: tuple[str, ...]
    score: float

    @property
    def text(self) -> str:
        """The words as one text."""
        return "".join(self.words)


class Lexicon:
    """Known words with their counts: Chinese ones by sound and initials, all by spelling."""

    def __init__(self, counts: Mapping[str, int], pairs: PairTable, own: Iterable[str]) -> None:
        """``counts``: word → weight by documents; ``own``: words of the vocabulary, which are
        found by rarer readings too."""
        self.counts = counts
        self.pairs = pairs
        self._total = math.log(sum(counts.values()) or 1)
        self._own = set(own)
        self._by_letters: dict[str, list[str]] = defaultdict(list)
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._by_initials: dict[str, list[str]] = defaultdict(list)
        self._by_length: dict[int, list[str]] = defaultdict(list)
        syllables: set[str] = set()
        for word in sorted(counts, key=lambda each: (-counts[each], each)):
            if len(word) > LONGEST_READ or not _HAN.fullmatch(word):
                continue
            readings = list(readings_of(word)) if word in self._own else _only(syllables_of(word))
            for reading in readings:
                syllables.update(reading)
                self._by_letters["".join(reading)].append(word)
            for reading in readings[:1]:
                self._by_sound[_sound(reading)].append(word)
                self._by_initials[initials_of(reading)].append(word)
        for words in self._by_initials.values():
            words.sort(key=lambda each: each not in self._own)
        self._syllables = frozenset(syllables)
        for word in counts:
            if len(word) >= LEAST_SPELT and word not in self._by_letters:
                self._by_length[len(word)].append(word)

    def score(self, word: str) -> float:
        """Logarithm of the share of a known word among all. One character is judged by how much
        commoner it is here than in Chinese at large: 灯 (deng) before 等."""
        score = math.log(self.counts[word]) - self._total
        if len(word) > 1:
            return score
        return score - math.log(max(general_counts().count(word), LEAST_GENERAL)) / 2

    def _scored(self, words: Sequence[str]) -> list[tuple[str, float]]:
        return [(word, self.score(word)) for word in words]

    def named(self, letters: str) -> list[str]:
        """Words whose pinyin is ``letters``, commonest first."""
        return self._by_letters.get(letters, [])[:MOST_CHOICES]

    def abbreviated(self, letters: str) -> list[str]:
        """Words of two characters and more whose initials are ``letters``: those of the
        vocabulary, then others, commonest first."""
        return self._by_initials.get(letters, [])[:MOST_CHOICES] if len(letters) > 1 else []

    def sounding(self, syllables: Sequence[str]) -> list[str]:
        """Words that sound like ``syllables`` to one who mixes up near sounds."""
        return self._by_sound.get(_sound(syllables), [])[:MOST_CHOICES]

    def spelt_like(self, text: str) -> list[str]:
        """Words one character away: another, a missing, an extra one, or two in other order."""
        if len(text) < LEAST_SPELT:
            return []
        is_latin = bool(_LETTERS.fullmatch(text))
        lengths = (len(text) - 1, len(text), len(text) + 1)
        words = [word for length in lengths for word in self._by_length.get(length, ())]
        found = process.extract(text, words, scorer=OSA.distance, score_cutoff=1, limit=None)
        near = [word for word, distance, _ in found if distance == 1]
        near = [word for word in near if bool(_LETTERS.fullmatch(word)) == is_latin]
        return sorted(near, key=lambda word: (-self.counts[word], word))[:MOST_CHOICES]

    def read_pinyin(self, letters: str) -> list[Spelt]:
        """Rows of words written in pinyin as ``letters``, or sounding so, the likeliest first."""
        exact = _best_rows(letters, lambda part: self._scored(self.named("".join(part))))
        syllables = split_syllables(letters, self._syllables)
        if not syllables:
            return exact
        near = _best_rows(syllables, lambda part: self._scored(self.sounding(part)))
        near = [Spelt(row.words, row.score - NEAR_COST) for row in near]
        return sorted([*exact, *near], key=lambda row: (-row.score, row.words))[:MOST_CHOICES]

    def read_initials(self, letters: str, cost: float) -> list[Spelt]:
        """Rows of words written in pinyin or as initials; ``cost`` of each abbreviated
        word, FOREIGN_COST times as much when the vocabulary does not have it."""

        def choices(part: Sequence[str]) -> list[tuple[str, float]]:
            text = "".join(part)
            return self._scored(self.named(text)) + [
                (word, self.score(word) - (cost if word in self._own else FOREIGN_COST * cost))
                for word in self.abbreviated(text)
            ]

        return _best_rows(letters, choices)


def _only(reading: tuple[str, ...] | None) -> list[tuple[str, ...]]:
    return [reading] if reading else []


def _sound(syllables: Sequence[str]) -> str:
    return "'".join(map(sounds_like, syllables))


def _best_rows(
    parts: Sequence[str], choices: Callable[[Sequence[str]], list[tuple[str, float]]]
) -> list[Spelt]:
    """The likeliest rows of words that cover ``parts`` from end to end."""
    longest = LONGEST_READ * 6
    rows: list[list[Spelt]] = [[Spelt((), 0.0)]]
    for end in range(1, len(parts) + 1):
        found = [
            Spelt((*row.words, word), row.score + score)
            for start in range(max(0, end - longest), end)
            if rows[start]
            for word, score in choices(parts[start:end])
            for row in rows[start]
        ]
        rows.append(sorted(found, key=lambda row: (-row.score, row.words))[:MOST_CHOICES])
    return rows[-1]


class PairTable:
    """The pairs of characters of an index with the documents that hold each."""

    def __init__(self, pairs: Sequence[str], counts: npt.NDArray[np.int64]) -> None:
        """``pairs``: two characters each."""
        text = np.array(pairs, "U2")
        self._codes = text.view(np.uint32).reshape(-1, 2)
        self._text = text
        self._counts = counts

    def count_characters(self) -> dict[str, int]:
        """Each character with the sum of the documents of its pairs."""
        chars, places = np.unique(self._codes, return_inverse=True)
        sums = np.bincount(places.ravel(), np.repeat(self._counts, 2), len(chars))
        return {chr(char): int(count) for char, count in zip(chars, sums, strict=True)}

    def holding(self, char: str, limit: int) -> list[tuple[str, int]]:
        """Pairs with ``char`` and the documents that hold them, commonest first."""
        places = np.flatnonzero((self._codes == ord(char)).any(axis=1))
        order = places[np.argsort(-self._counts[places], kind="stable")][:limit]
        return list(zip(self._text[order].tolist(), self._counts[order].tolist(), strict=True))


def build_lexicon(passages: Collection, tickets: Collection, own: Iterable[str]) -> Lexicon:
    """The lexicon of one state of the index; ``own``: words of the vocabulary in normal form."""
    own = set(own)
    edited, spoken = count_documents(passages, "words"), count_documents(tickets, "words")
    counts = {word: count for word, count in spoken.items() if count >= LEAST_DOCUMENTS}
    for word, count in edited.items():
        counts[word] = counts.get(word, spoken.get(word, 0)) + HANDBOOK_WEIGHT * count
    for word in own:
        counts[word] = counts.get(word, 0) + VOCABULARY_COUNT
    pairs = _pair_table(passages, tickets)
    characters = pairs.count_characters()
    kept = {
        word: characters.get(word, count) if len(word) == 1 else count
        for word, count in counts.items()
        if not word.isdigit()
    }
    return Lexicon(kept, pairs, own)


def count_documents(collection: Collection, kind: str) -> dict[str, int]:
    """Every term of a kind with how many documents hold it, deleted ones too."""
    counts: dict[str, int] = {}
    for segment in collection.segments:
        postings = segment.data.kinds[kind]
        sizes = postings.sizes(np.arange(len(postings))).tolist()
        for term, size in zip(postings.all_terms(), sizes, strict=True):
            text = term.decode()
            counts[text] = counts.get(text, 0) + size
    return counts


def _pair_table(passages: Collection, tickets: Collection) -> PairTable:
    counts = {
        pair: HANDBOOK_WEIGHT * count for pair, count in count_documents(passages, "pairs").items()
    }
    for pair, count in count_documents(tickets, "pairs").items():
        counts[pair] = counts.get(pair, 0) + count
    pairs = [pair for pair in counts if len(pair) == 2]
    return PairTable(pairs, np.array([counts[pair] for pair in pairs], np.int64))
