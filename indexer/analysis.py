"""Here is a text, give me its terms: one pipe for documents and queries.

Normalise (NFKC, case, traditional to simplified, spoken digits), then cut: words by jieba with the
desk's own words (HMM off), each run of Latin letters and digits whole, and every pair of
neighbouring Chinese characters for what no dictionary knows. Offsets always point into the
original text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kb.masking import SPOKEN_DIGITS
from kb.vocabulary import Vocabulary

ANALYSIS_VERSION = "1"
"""Raised whenever the same text gives other terms: an index of another version is rebuilt."""

DOMAIN_FREQUENCY = 20_000
"""Frequency given to the desk's words: explicit, so that segmentation does not depend on order."""

SMOOTHING = 20
"""Added to the general count of every word, so that rare ones do not look like terms of art."""
KEPT_TEXTS = 20_000
"""Short texts (steps, titles, sentences) whose terms are kept in memory."""

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+(?:[.\-][0-9]+)*")
_HAN = re.compile(r"[\u3400-\u9fff]")
_NUMERALS = re.compile("[" + "".join(SPOKEN_DIGITS) + "]{3,}")
_MIXED = re.compile(r"[a-z]+|[0-9]+")


@dataclass(frozen=True)
class Normalised:
    """A text in its normal form; ``starts[i]``, ``ends[i]`` bound in the original what became
    character ``i``."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True)
class Term:
    """One term with its [start, end) in the original text. ``is_word``: a word, not a pair."""

    text: str
    start: int
    end: int
    is_word: bool


class Analyzer:
    """The analysis of one desk: built from its vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Load the dictionary and add every Chinese word of the vocabulary (about 0.7 s once)."""
        import jieba

        jieba.setLogLevel("ERROR")
        self._jieba = jieba.Tokenizer()
        self._jieba.initialize()
        self._words_in_all = float(self._jieba.total)
        self._added = {word: self._jieba.FREQ.get(word) or 0 for word in domain_words(vocabulary)}
        for word in sorted(self._added):
            self._jieba.add_word(word, freq=DOMAIN_FREQUENCY)
        self.kept_terms = lru_cache(maxsize=KEPT_TEXTS)(self.terms)

    def terms(self, text: str) -> tuple[Term, ...]:
        """All terms of ``text``: of each run the words in order, then its pairs.

        ``kept_terms`` is the same and remembers: for texts shown again and again.
        """
        normal = normalise(text)
        return tuple(
            Term(term, normal.starts[start], normal.ends[end - 1], is_word)
            for term, start, end, is_word in self._cut(normal.text)
        )

    def tokens(self, text: str) -> list[str]:
        """The terms' texts alone: what documents are indexed by and what the encoder reads."""
        return [term for term, _, _, _ in self._cut(normalise(text).text)]

    def general_share(self, word: str) -> float:
        """How common ``word`` is in Chinese at large: jieba's own count over all its counts."""
        count = self._added.get(word, self._jieba.FREQ.get(word) or 0)
        return (count + SMOOTHING) / self._words_in_all

    def words(self, text: str) -> list[str]:
        """Words only, without the pairs."""
        return [term for term, _, _, is_word in self._cut(normalise(text).text) if is_word]

    def fields_of(self, text: str) -> tuple[list[str], list[str]]:
        """Words and pairs of ``text``, as documents are indexed; a word of two is also a pair."""
        terms = list(self._cut(normalise(text).text))
        words = [term for term, _, _, is_word in terms if is_word]
        pairs = [term for term, _, _, is_word in terms if not is_word or len(term) == 2]
        return words, pairs

    def _cut(self, text: str) -> Iterator[tuple[str, int, int, bool]]:
        for run in _RUN.finditer(text):
            if _HAN.match(run[0]):
                yield from self._cut_han(run[0], run.start())
            else:
                yield from _cut_latin(run[0], run.start())

    def _cut_han(self, run: str, offset: int) -> Iterator[tuple[str, int, int, bool]]:
        place = 0
        inside: set[int] = set()
        for word in self._jieba.cut(run, HMM=False):
            end = place + len(word)
            yield word, offset + place, offset + end, True
            if len(word) == 2:
                inside.add(place)
            place = end
        for start in range(len(run) - 1):
            if start not in inside:
                yield run[start : start + 2], offset + start, offset + start + 2, False


def _cut_latin(run: str, offset: int) -> Iterator[tuple[str, int, int, bool]]:
    yield run, offset, offset + len(run), True
    parts = list(_MIXED.finditer(run))
    if len(parts) > 1:
        for part in parts:
            yield part[0], offset + part.start(), offset + part.end(), False


def normalise(text: str) -> Normalised:
    """Bring ``text`` to its normal form, keeping where each character came from."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for place, char in enumerate(text):
        for piece in _fold(char):
            chars.append(piece)
            starts.append(place)
            ends.append(place + 1)
    folded = to_simplified("".join(chars))
    folded = _NUMERALS.sub(_spoken_number, folded)
    return Normalised(folded, tuple(starts), tuple(ends))


@lru_cache(maxsize=65_536)
def _fold(char: str) -> str:
    """NFKC and lower case of one character; combining leftovers and controls become blanks."""
    folded = unicodedata.normalize("NFKC", char).lower()
    return folded if folded.isprintable() else " "


def _spoken_number(match: re.Match[str]) -> str:
    return "".join(SPOKEN_DIGITS[char] for char in match[0])


def to_simplified(text: str) -> str:
    """Traditional characters as simplified ones, Taiwan's words as the mainland's where the length
    is kept (軟體 → 软件): offsets stay true."""
    table = _traditional()
    if not any(char in table for char in text):
        return text
    converted: str = _opencc().convert(text)
    if len(converted) == len(text):
        return converted
    return "".join(table.get(char, char) for char in text)


@lru_cache(maxsize=1)
def _opencc() -> Any:
    from opencc import OpenCC

    return OpenCC("tw2sp")


@lru_cache(maxsize=1)
def _traditional() -> dict[str, str]:
    """Each traditional character that has another simplified form."""
    converter = _opencc()
    chars = (chr(code) for code in range(0x3400, 0xA000))
    pairs = ((char, converter.convert(char)) for char in chars)
    return {char: new for char, new in pairs if new != char and len(new) == 1}


def domain_words(vocabulary: Vocabulary) -> set[str]:
    """Chinese words of the vocabulary in normal form, two characters and longer."""
    groups: Iterable[str] = (word for group in vocabulary.synonyms for word in group)
    words = {normalise(word).text for word in groups}
    words |= {normalise(item.correct).text for item in vocabulary.confusions}
    return {word for word in words if len(word) > 1 and all(map(_HAN.match, word))}
