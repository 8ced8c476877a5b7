"""Here is a text, give me its terms: one pipe for documents and queries.

Normalise (NFKC, case, traditional to simplified, spoken digits), then cut: words by jieba's
dictionary with the desk's own words (HMM off), each run of Latin letters and digits whole, a line
speed once more in its one written form (千兆 → 1000m), and every pair of neighbouring Chinese
characters for what no dictionary knows. Offsets always point into the original text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import Any, NamedTuple

from indexer.dictionary import general_counts, open_cutter
from kb.masking import SPOKEN_DIGITS
from kb.vocabulary import Vocabulary

ANALYSIS_VERSION = "5"
"""Raised whenever the same text gives other terms: an index of another version is rebuilt."""

SMOOTHING = 20
"""Added to the general count of every word, so that rare ones do not look like terms of art."""
KEPT_TEXTS = 5_000
"""Texts shown (steps, titles, what callers said) whose words are kept in memory."""

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
LATIN_RUN = re.compile(r"[a-z0-9]+(?:[.\-][0-9]+)*")
_RUN = re.compile(f"{_HAN_RUN.pattern}|{LATIN_RUN.pattern}")
_NUMERALS = re.compile("[" + "".join(SPOKEN_DIGITS) + "]{3,}")
_MIXED = re.compile(r"[a-z]+|[0-9]+")
_MAYBE_SPEED = re.compile(r"兆|[0-9] ?[mg]")
_SPEED = re.compile(
    r"(?<![a-z0-9.])(?P<number>[0-9]+(?:\.[0-9]+)?) ?"
    r"(?:(?:m|兆)(?:bps|bit/s|b/s|bit|b)?"
    r"|(?P<giga>g)(?:bps|bit/s|b/s|(?= ?(?:带宽|宽带|速率|光网))))(?![a-z0-9])"
    r"|(?P<said>[一二两三四五六七八九十百千万]+)兆"
)
_KEPT = frozenset("么抬")
"""Characters of the mainland that opencc takes for rare traditional ones (什么 → 什幺)."""
_EITHER = frozenset("著乾")
"""Characters of both scripts (显著, 看著): they alone do not make a text a traditional one."""
_MEGA_IN_GIGA = 1000
_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}


@dataclass(frozen=True)
class Normalised:
    """A text in its normal form; ``starts[i]``, ``ends[i]`` bound in the original what became
    character ``i``."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class Term(NamedTuple):
    """One term with its [start, end) in the original text. ``is_word``: a word, not a pair."""

    text: str
    start: int
    end: int
    is_word: bool


class Analyzer:
    """The analysis of one desk: built from its vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Load the dictionary and add every Chinese word of the vocabulary (about 0.3 s)."""
        self._cutter: Any = open_cutter(domain_words(vocabulary))
        self.kept_words = lru_cache(maxsize=KEPT_TEXTS)(self.find_words)
        """The words among a text's ``terms``, remembered: for texts shown again and again."""

    def terms(self, text: str) -> tuple[Term, ...]:
        """All terms of ``text``: of each run the words in order, then its pairs; speeds last."""
        normal = normalise(text)
        return tuple(
            Term(term, normal.starts[start], normal.ends[end - 1], is_word)
            for term, start, end, is_word in self._cut(normal.text)
        )

    def find_words(self, text: str, wanted: Container[str] | None = None) -> tuple[Term, ...]:
        """The words of ``terms``, or those that are ``wanted``, in a third of the time."""
        normal = normalise(text)
        return tuple(
            Term(word, normal.starts[start], normal.ends[end - 1], True)
            for word, start, end in self._cut_words(normal.text)
            if wanted is None or word in wanted
        )

    def fields_of(self, text: str) -> tuple[list[str], list[str]]:
        """Words and pairs of ``text`` as they are indexed: the terms of ``terms``, each as often
        as it stands there, but without their places, which takes a tenth of the time.

        A word of two characters is also a pair; so are the parts of a run like 5g.
        """
        normal = normal_form(text)
        runs = _HAN_RUN.findall(normal)
        words = [word for word in self.cut_words(" ".join(runs)) if word != " "]
        pairs: list[str] = []
        for run in runs:
            pairs += map(add, run, run[1:])
        for run in LATIN_RUN.findall(normal):
            words.append(run)
            pairs += latin_pairs(run)
        for speed in find_speeds(normal):
            words.append(speed)
            if len(speed) == 2:
                pairs.append(speed)
        return words, pairs

    def cut_words(self, runs: str) -> list[str]:
        """The words of Chinese runs with blanks between them, the blanks among them."""
        words: list[str] = self._cutter.cut(runs, False)
        return words

    def tokens(self, text: str) -> list[str]:
        """What the encoder reads: the terms' texts, words first, and every Chinese character."""
        words, pairs = self.fields_of(text)
        others = Counter(pairs)
        others.subtract(word for word in words if len(word) == 2)
        return [*words, *others.elements(), *(char for word in words for char in characters(word))]

    def words(self, text: str) -> list[str]:
        """Words only, without the pairs."""
        return self.fields_of(text)[0]

    def general_share(self, word: str) -> float:
        """How common ``word`` is in Chinese at large: jieba's own count over all its counts."""
        counts = general_counts()
        return (counts.count(word) + SMOOTHING) / counts.total

    def _cut(self, text: str) -> Iterator[tuple[str, int, int, bool]]:
        for run in _RUN.finditer(text):
            if _HAN_RUN.match(run[0]):
                yield from self._cut_han(run[0], run.start())
            else:
                yield from _cut_latin(run[0], run.start())
        for speed, start, end in _speeds(text):
            yield speed, start, end, True

    def _cut_words(self, text: str) -> Iterator[tuple[str, int, int]]:
        for run in _RUN.finditer(text):
            words = self._cutter.cut(run[0], False) if _HAN_RUN.match(run[0]) else (run[0],)
            place = run.start()
            for word in words:
                yield word, place, place + len(word)
                place += len(word)
        yield from _speeds(text)

    def _cut_han(self, run: str, offset: int) -> Iterator[tuple[str, int, int, bool]]:
        place = 0
        inside: set[int] = set()
        for word in self._cutter.cut(run, False):
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


def latin_pairs(run: str) -> list[str]:
    """What is indexed as pairs of a run of Latin letters and digits: itself if it has two
    characters, and its parts if it has several (5g → 5, g)."""
    parts = _MIXED.findall(run)
    return ([run] if len(run) == 2 else []) + (parts if len(parts) > 1 else [])


def find_speeds(text: str) -> Iterator[str]:
    """Line speeds of a text in normal form that are written in another way than 1000m."""
    return (speed for speed, _, _ in _speeds(text))


def _speeds(text: str) -> Iterator[tuple[str, int, int]]:
    """Line speeds as one term each (1000m) where they are written in another way, with their
    [start, end): 千兆, 1000兆, 1000 Mbps, 1G带宽."""
    has_unit = "兆" in text or "m" in text or "g" in text
    if not has_unit or not _MAYBE_SPEED.search(text):
        return
    for found in _SPEED.finditer(text):
        speed = _in_mega(found)
        if speed != found[0]:
            yield speed, found.start(), found.end()


def _in_mega(found: re.Match[str]) -> str:
    if found["said"]:
        return f"{_said_number(found['said'])}m"
    if found["giga"]:
        return f"{float(found['number']) * _MEGA_IN_GIGA:.0f}m"
    return f"{found['number']}m"


def _said_number(numerals: str) -> int:
    """The value of 五百, 两千, 千 (one thousand), 二十五."""
    total = digit = 0
    for char in numerals:
        if char in _POWERS:
            total += (digit or 1) * _POWERS[char]
            digit = 0
        else:
            digit = int(SPOKEN_DIGITS[char])
    return total + digit


def characters(word: str) -> str:
    """The characters an encoder reads besides ``word``: those of a Chinese word of several."""
    return word if len(word) > 1 and "\u3400" <= word[0] <= "\u9fff" else ""


def normalise(text: str) -> Normalised:
    """Bring ``text`` to its normal form, keeping where each character came from."""
    normal = normal_form(text)
    if len(normal) == len(text):  # no character ever becomes none, so each became one
        return Normalised(normal, range(len(text)), range(1, len(text) + 1))
    starts = [place for place, char in enumerate(text) for _ in _fold(char)]
    return Normalised(normal, starts, [start + 1 for start in starts])


def normal_form(text: str) -> str:
    """The normal form of ``text`` alone."""
    folded = text.translate(_FOLDED)
    if _TRADITIONAL in folded:
        folded = to_simplified("".join(map(_fold, text)))
    return speak_numbers(folded)


def speak_numbers(text: str) -> str:
    """Spoken digits of a folded text as digits (幺三八 → 138)."""
    return _NUMERALS.sub(_spoken_number, text)


def fold_character(point: int) -> str:
    """The folded form of one character; "" where the words around it decide."""
    return _FOLDED[point].replace(_TRADITIONAL, "")


class _Folding(dict[int, str]):
    """The folded form of each character, _TRADITIONAL where opencc has to see the words around
    it; filled in as characters are met."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        is_simple = all(_simple(char) == char or char in _EITHER for char in folded)
        self[code] = folded if is_simple else _TRADITIONAL
        return self[code]


_FOLDED = _Folding()
_TRADITIONAL = "\ue000"
"""No text holds this character of private use: folding makes a blank of it."""


@lru_cache(maxsize=8_192)
def _fold(char: str) -> str:
    """NFKC and lower case of one character; combining leftovers and controls become blanks."""
    folded = unicodedata.normalize("NFKC", char).lower()
    return folded if folded.isprintable() else " "


@lru_cache(maxsize=8_192)
def _simple(char: str) -> str:
    """The simplified form of one character."""
    if char in _KEPT or not _HAN_RUN.match(char):
        return char
    converted: str = _opencc().convert(char)
    return converted if len(converted) == 1 else char


def _spoken_number(match: re.Match[str]) -> str:
    return "".join(SPOKEN_DIGITS[char] for char in match[0])


def to_simplified(text: str) -> str:
    """Traditional characters as simplified ones, Taiwan's words as the mainland's where the length
    is kept (軟體 → 软件): offsets stay true."""
    return _HAN_RUN.sub(_simplify_run, text)


def _simplify_run(run: re.Match[str]) -> str:
    text = run[0]
    by_character = "".join(map(_simple, text))
    is_traditional = any(
        new != old and old not in _EITHER for old, new in zip(text, by_character, strict=True)
    )
    if not is_traditional:
        return text
    converted: str = _opencc().convert(text)
    if len(converted) != len(text):
        return by_character
    pairs = zip(text, converted, strict=True)
    return "".join(old if old in _KEPT else new for old, new in pairs)


@lru_cache(maxsize=1)
def _opencc() -> Any:
    from opencc import OpenCC

    return OpenCC("tw2sp")


def domain_words(vocabulary: Vocabulary) -> set[str]:
    """Chinese words of the vocabulary in normal form, two characters and longer."""
    groups: Iterable[str] = (word for group in vocabulary.synonyms for word in group)
    words = {normal_form(word) for word in groups}
    words |= {normal_form(item.correct) for item in vocabulary.confusions}
    words |= {normal_form(word) for word in vocabulary.words}
    return {word for word in words if len(word) > 1 and _HAN_RUN.fullmatch(word)}
