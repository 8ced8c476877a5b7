"""Many texts at once to terms as numbers: what ``Analyzer.fields_of`` gives of each, much faster.

All texts are one array of code points: characters are folded by a table, pairs are two neighbours
in one number, and the dictionary cuts everything in one call. What the table cannot fold (a
character that becomes several, a traditional one) sends its text through ``normal_form`` first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.analysis import (
    LATIN_RUN,
    Analyzer,
    find_speeds,
    fold_character,
    latin_pairs,
    normal_form,
    speak_numbers,
)

HAN_FIRST, HAN_LAST = 0x3400, 0x9FFF
PAIR_BITS = 15
OTHER_PAIRS = 1 << (2 * PAIR_BITS)
"""Codes from here on are numbers of pairs that are not two Chinese characters."""
END, BLANK = 0x0A, 0x20
"""What ends a text (no folded text holds a line end), and what stands for everything not cut."""
LAST_POINT = 0x110000
SEVERAL = 0xFFFFFFFF
MEGA, LETTERS_OF_SPEED = ord("兆"), (ord("m"), ord("g"))

Codes = npt.NDArray[np.int64]
Points = npt.NDArray[np.uint32]
_FOLDED = np.zeros(LAST_POINT, np.uint32)
"""The folded form of each character, 0 before it is met, SEVERAL where a table is not enough."""


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
class Occurrences:
    """Terms as they stand: term ``codes[i]`` in text number ``texts[i]``."""

    codes: Codes
    texts: Codes


@dataclass(frozen=True)
class BulkTerms:
    """Terms of some texts. ``characters``: those of Chinese words of several, by HAN_FIRST."""

    words: Occurrences
    pairs: Occurrences
    characters: Occurrences


class BulkAnalyzer:
    """Cuts batch after batch; terms keep their numbers from one to the next."""

    def __init__(self, analyzer: Analyzer) -> None:
        """Nothing is numbered yet but the blank."""
        self._analyzer = analyzer
        self._words = TermNumbers()
        self._blank = self._words[" "]
        self._sizes = np.ones(1, np.int64)
        self._others = TermNumbers()
        self._latin: dict[str, tuple[int, tuple[int, ...]]] = {}

    def cut(self, texts: Sequence[str]) -> BulkTerms:
        """The terms of ``texts``."""
        points, lengths = _fold_all(texts)
        text = speak_numbers(_to_text(points))
        points = _to_points(text)
        text_of = np.repeat(np.arange(len(texts)), lengths)
        is_han = (points >= HAN_FIRST) & (points <= HAN_LAST)
        words, characters = self._words_of(points, is_han, text_of)
        pairs = _pairs_of(points, is_han, text_of)
        ends = np.cumsum(lengths)
        other_words, other_pairs = self._others_of(text, points, text_of, ends)
        return BulkTerms(_joined(words, other_words), _joined(pairs, other_pairs), characters)

    def word_terms(self, codes: Codes) -> list[bytes]:
        """The words of these codes, in UTF-8."""
        terms = self._words.terms
        return [terms[code].encode() for code in codes.tolist()]

    def pair_terms(self, codes: Codes) -> list[bytes]:
        """The pairs of these codes (increasing), in UTF-8."""
        han = codes[codes < OTHER_PAIRS]
        both = np.stack([han >> PAIR_BITS, han & ((1 << PAIR_BITS) - 1)], axis=1) + HAN_FIRST
        blob = _to_text(both.astype(np.uint32).ravel()).encode()
        terms = [blob[start : start + 6] for start in range(0, len(blob), 6)]
        others = (codes[len(han) :] - OTHER_PAIRS).tolist()
        return terms + [self._others.terms[number].encode() for number in others]

    def new_words(self, known: int) -> list[str]:
        """Words numbered from ``known`` on."""
        return self._words.terms[known:]

    def new_other_pairs(self, known: int) -> list[str]:
        """Pairs that are not of two Chinese characters, numbered from ``known`` on."""
        return self._others.terms[known:]

    def _words_of(
        self, points: Points, is_han: npt.NDArray[np.bool_], text_of: Codes
    ) -> tuple[Occurrences, Occurrences]:
        """Words of the Chinese runs, with one blank after each run; and their characters."""
        kept = is_han.copy()
        kept[1:] |= is_han[:-1]
        chunk = np.where(is_han, points, np.uint32(BLANK))[kept]
        found = self._analyzer.cut_words(_to_text(chunk))
        numbers = np.fromiter(map(self._words.__getitem__, found), np.int64, len(found))
        sizes = self._word_sizes()[numbers]
        texts = text_of[kept]
        is_word = numbers != self._blank
        starts = np.cumsum(sizes) - sizes
        in_several = np.repeat(is_word & (sizes > 1), sizes)
        return (
            Occurrences(numbers[is_word], texts[starts[is_word]]),
            Occurrences(chunk[in_several].astype(np.int64) - HAN_FIRST, texts[in_several]),
        )

    def _word_sizes(self) -> Codes:
        """Characters of each word by number."""
        added = [len(term) for term in self._words.terms[len(self._sizes) :]]
        self._sizes = np.concatenate([self._sizes, np.array(added, np.int64)])
        return self._sizes

    def _others_of(
        self, text: str, points: Points, text_of: Codes, ends: Codes
    ) -> tuple[Occurrences, Occurrences]:
        """Words and pairs of Latin runs, and line speeds."""
        words: list[tuple[int, int]] = []
        pairs: list[tuple[int, int]] = []
        for run in LATIN_RUN.finditer(text):
            number, parts = self._latin.get(run[0]) or self._read_latin(run[0])
            words.append((number, run.start()))
            pairs += [(part, run.start()) for part in parts]
        for place in _with_speeds(points, text_of):
            start = int(ends[place - 1]) if place else 0
            for speed in find_speeds(text[start : int(ends[place]) - 1]):
                words.append((self._words[speed], start))
                if len(speed) == 2:
                    pairs.append((OTHER_PAIRS + self._others[speed], start))
        return _placed(words, text_of), _placed(pairs, text_of)

    def _read_latin(self, run: str) -> tuple[int, tuple[int, ...]]:
        parts = tuple(OTHER_PAIRS + self._others[part] for part in latin_pairs(run))
        self._latin[run] = self._words[run], parts
        return self._latin[run]


def pair_code(term: str) -> int:
    """The code of two Chinese characters; -1 for any other term."""
    if len(term) != 2 or not all(HAN_FIRST <= ord(char) <= HAN_LAST for char in term):
        return -1
    return (ord(term[0]) - HAN_FIRST) << PAIR_BITS | (ord(term[1]) - HAN_FIRST)


def _fold_all(texts: Sequence[str]) -> tuple[Points, Codes]:
    """The folded texts in one array, an END after each; and their lengths, the END included."""
    points, lengths = _join(texts)
    folded = _fold(points)
    whose = np.unique(np.repeat(np.arange(len(texts)), lengths)[folded == SEVERAL]).tolist()
    if whose:
        texts = list(texts)
        for place in whose:
            texts[place] = normal_form(texts[place])
        is_folded = np.zeros(len(texts), bool)
        is_folded[whose] = True
        points, lengths = _join(texts)
        folded = np.where(np.repeat(is_folded, lengths), points, _fold(points))
    folded[np.cumsum(lengths) - 1] = END
    return folded, lengths


def _join(texts: Sequence[str]) -> tuple[Points, Codes]:
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    return _to_points("\n".join((*texts, ""))), lengths


def _fold(points: Points) -> Points:
    """Each character's folded form; SEVERAL where its whole text has to be looked at."""
    folded = _FOLDED[points]
    unmet = np.unique(points[folded == 0]).tolist()
    if not unmet:
        return folded
    for point in unmet:
        char = fold_character(point)
        _FOLDED[point] = ord(char) if len(char) == 1 else SEVERAL
    return _FOLDED[points]


def _to_text(points: Points) -> str:
    return points.tobytes().decode("utf-32-le")


def _to_points(text: str) -> Points:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _pairs_of(points: Points, is_han: npt.NDArray[np.bool_], text_of: Codes) -> Occurrences:
    first = np.flatnonzero(is_han[:-1] & is_han[1:])
    chars = points.astype(np.int64) - HAN_FIRST
    return Occurrences((chars[first] << PAIR_BITS) | chars[first + 1], text_of[first])


def _with_speeds(points: Points, text_of: Codes) -> Iterator[int]:
    """Numbers of the texts where a line speed may stand: a superset, cheaply found."""
    is_digit = (points >= ord("0")) & (points <= ord("9"))
    after = np.zeros(len(points), bool)
    after[1:] = is_digit[:-1]
    after[2:] |= is_digit[:-2] & (points[1:-1] == BLANK)
    is_letter = (points == LETTERS_OF_SPEED[0]) | (points == LETTERS_OF_SPEED[1])
    found = (points == MEGA) | (is_letter & after)
    return iter(np.unique(text_of[found]).tolist())


def _placed(found: Sequence[tuple[int, int]], text_of: Codes) -> Occurrences:
    """Codes with the places they stand at → codes with the numbers of their texts."""
    both = np.array(found, np.int64).reshape(-1, 2)
    return Occurrences(both[:, 0], text_of[both[:, 1]])


def _joined(one: Occurrences, other: Occurrences) -> Occurrences:
    return Occurrences(
        np.concatenate([one.codes, other.codes]), np.concatenate([one.texts, other.texts])
    )
