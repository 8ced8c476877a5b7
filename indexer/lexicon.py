"""The words a desk knows, found again by how they sound, how they are abbreviated or spelt.

Made from the desk's vocabulary and the words of one state of the index. How many documents hold a
word decides between words that fit equally well.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexer.collection import Collection
from indexer.dictionary import general_counts
from indexer.pairs import PairTable, count_pairs
from indexer.readings import initials_of, readings_of, sounds_like, split_syllables, syllables_of

LEAST_DOCUMENTS = 2
DOCUMENTS_A_SLIP = 20_000
"""A word of fewer tickets may be a slip of the pen itself: of two, and of one in so many."""
HANDBOOK_WEIGHT = 5
"""A document of the handbook counts as this many tickets: it is edited."""
VOCABULARY_COUNT = 20
"""Documents a word of the vocabulary counts for before any holds it."""
LONGEST_READ = 8
"""Longest word that is found by its sound, in characters."""
LEAST_SPELT = 3
"""Shortest word that is found by its spelling: shorter ones have too many neighbours."""
ENDS = (0, -1)
"""Places of the first and the last character of a word."""
MOST_CHOICES = 6
NEAR_COST = 3.0
"""Cost of a word of the vocabulary by a near sound, as a logarithm; twice that for others."""
BEGUN_COST, MISTYPED_COST = 4.0, 6.0
"""Cost of a word whose pinyin is only begun, or has a wrong letter."""
LEAST_LETTERS = 4
"""Shortest pinyin that may be begun or mistyped."""
OWN_BONUS = 2.0
"""What a word of the vocabulary has over others that are read alike, as a logarithm."""
LEAST_GENERAL = 1_000
"""General count of a rare character at least: what is rare at large may be dialect."""

Places = npt.NDArray[np.int64]
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
        self._by_end: dict[tuple[int, int, str], list[str]] = defaultdict(list)
        syllables: set[str] = set()
        own_letters: set[str] = set()
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
                if word in self._own and len(word) > 1:
                    own_letters.add("".join(reading))
        for words in self._by_initials.values():
            words.sort(key=lambda each: each not in self._own)
        self._syllables = frozenset(syllables)
        self._own_letters = sorted(own_letters)
        for word in counts:
            if len(word) >= LEAST_SPELT and word not in self._by_letters:
                for end in ENDS:
                    self._by_end[len(word), end, word[end]].append(word)

    def is_own(self, word: str) -> bool:
        """Whether the vocabulary has the word."""
        return word in self._own

    def score(self, word: str) -> float:
        """Logarithm of the share of a known word among all. One character is judged by how much
        commoner it is here than in Chinese at large: 灯 (deng) before 等."""
        score = math.log(self.counts[word]) - self._total
        if len(word) > 1:
            return score
        return score - math.log(max(general_counts().count(word), LEAST_GENERAL)) / 2

    def _scored(self, words: Sequence[str]) -> list[tuple[str, float]]:
        return [
            (word, self.score(word) + (OWN_BONUS if word in self._own else 0.0)) for word in words
        ]

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
        """Words one character away: another, a missing, an extra one, or two in other order.

        One such change leaves the first or the last character as it is.
        """
        if len(text) < LEAST_SPELT:
            return []
        is_latin = bool(_LETTERS.fullmatch(text))
        lengths = (len(text) - 1, len(text), len(text) + 1)
        words = {
            word
            for length, end in product(lengths, ENDS)
            for word in self._by_end.get((length, end, text[end]), ())
        }
        found = process.extract(text, [*words], scorer=OSA.distance, score_cutoff=1, limit=None)
        near = [word for word, distance, _ in found if distance == 1]
        near = [word for word in near if bool(_LETTERS.fullmatch(word)) == is_latin]
        return sorted(near, key=lambda word: (-self.counts[word], word))[:MOST_CHOICES]

    def read_pinyin(self, letters: str) -> list[Spelt]:
        """Rows of words written in pinyin as ``letters``, or sounding so, the likeliest first;
        words of the vocabulary also when the end or one letter is missing or wrong."""
        rows = _best_rows(letters, lambda part: self._scored(self.named("".join(part))))
        syllables = split_syllables(letters, self._syllables)
        if syllables:
            near = _best_rows(syllables, lambda part: self._scored(self.sounding(part)))
            rows += [Spelt(row.words, row.score - self._near_cost(row.words)) for row in near]
        if len(letters) >= LEAST_LETTERS:
            rows += self._begun(letters) + self._mistyped(letters)
        return sorted(rows, key=lambda row: (-row.score, row.words))[:MOST_CHOICES]

    def _near_cost(self, words: Sequence[str]) -> float:
        return sum(NEAR_COST if word in self._own else 2 * NEAR_COST for word in words)

    def _begun(self, letters: str) -> list[Spelt]:
        """Words of the vocabulary whose pinyin starts with ``letters``."""
        start = bisect_left(self._own_letters, letters)
        end = bisect_left(self._own_letters, letters + "~")
        return self._own_rows(self._own_letters[start:end], BEGUN_COST)

    def _mistyped(self, letters: str) -> list[Spelt]:
        """Words of the vocabulary whose pinyin is one letter away."""
        found = process.extract(
            letters, self._own_letters, scorer=OSA.distance, score_cutoff=1, limit=None
        )
        return self._own_rows([key for key, distance, _ in found if distance], MISTYPED_COST)

    def _own_rows(self, keys: Sequence[str], cost: float) -> list[Spelt]:
        words = [word for key in keys for word in self.named(key) if word in self._own]
        return [Spelt((word,), self.score(word) - cost) for word in words]

    def read_initials(self, letters: str, cost: float) -> list[Spelt]:
        """Rows of words in pinyin or as initials; ``cost`` of each abbreviated word, which is one
        of the vocabulary."""

        def choices(part: Sequence[str]) -> list[tuple[str, float]]:
            text = "".join(part)
            named = [word for word in self.named(text) if len(word) > 1]
            short = [word for word in self.abbreviated(text) if word in self._own]
            return self._scored(named) + [
                (word, score - cost) for word, score in self._scored(short)
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


def build_lexicon(
    passages: Collection,
    tickets: Collection,
    own: Iterable[str],
    *,
    hidden: tuple[Places | None, Places | None] = (None, None),
) -> Lexicon:
    """The lexicon of one state of the index; ``own``: words of the vocabulary in normal form.

    ``hidden``: documents of either collection whose words are not told.
    """
    own = set(own)
    edited, spoken = count_words(passages, hidden[0]), count_words(tickets, hidden[1])
    least = max(LEAST_DOCUMENTS, len(tickets) // DOCUMENTS_A_SLIP)
    counts = {word: count for word, count in spoken.items() if count >= least}
    for word, count in edited.items():
        counts[word] = counts.get(word, spoken.get(word, 0)) + HANDBOOK_WEIGHT * count
    for word in own:
        counts[word] = counts.get(word, 0) + VOCABULARY_COUNT
    pairs = count_pairs([(passages, HANDBOOK_WEIGHT), (tickets, 1)])
    characters = pairs.count_characters()
    kept = {
        word: characters.get(word, count) if len(word) == 1 else count
        for word, count in counts.items()
        if not word.isdigit()
    }
    return Lexicon(kept, pairs, own)


def count_words(collection: Collection, hidden: Places | None = None) -> dict[str, int]:
    """Every word with how many documents hold it, deleted ones too, but none of the hidden."""
    counts: dict[str, int] = {}
    kept = np.ones(collection.size, bool)
    if hidden is not None:
        kept[hidden] = False
    for segment in collection.segments:
        postings = segment.data.kinds["words"]
        if hidden is None:
            sizes = postings.sizes(np.arange(len(postings))).tolist()
        else:
            sizes = postings.sizes_among(kept[segment.places]).tolist()
        for term, size in zip(postings.all_terms(), sizes, strict=True):
            if size:
                word = term.decode()
                counts[word] = counts.get(word, 0) + size
    return counts
