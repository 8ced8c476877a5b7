"""What was typed, what was meant: pinyin, initials, words that sound or look alike.

Only what is no word as it stands is put right: 款待 and 花费 are words. Chinese is looked at where
the dictionary finds single characters only, Latin letters where the index does not know them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import exp

from indexer.dictionary import general_counts
from indexer.lexicon import LEAST_SPELT, Lexicon, Spelt
from indexer.readings import readings_of, syllables_of

LONGEST_WINDOW = 8
LONGEST_HAN = 30
"""Chinese characters up to which a text is looked at: longer ones are told, not typed."""
LONGEST_LETTERS = 40
ABBREVIATED = 3.0
"""Cost of a word given by its initials, as a logarithm: full pinyin is believed first."""
SOUND_ODDS, SPELLING_ODDS = 20, 200
"""So many times more documents must hold what was meant than what was typed: when both sound
alike, when they only look alike."""
LEAST_CHOICE = 0.15
"""Weight under which another reading of the same letters is left out."""
MOST_READINGS = 4

_LATIN = re.compile(r"(?<![a-z0-9.])[a-z]{2,}(?:[ '][a-z]+)*(?![a-z0-9])")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True)
class Correction:
    """[start, end) of a text and what was meant there, the likeliest first, with weights.

    ``is_sure``: False where what was typed may be meant as well: 网络慢 beside 网速慢.
    """

    start: int
    end: int
    choices: tuple[tuple[str, float], ...]
    is_sure: bool = True

    @property
    def meant(self) -> str:
        """The likeliest."""
        return self.choices[0][0]


class Speller:
    """Finds what was meant. ``cut``: text → words; ``count``: documents that hold a pair."""

    def __init__(
        self, lexicon: Lexicon, cut: Callable[[str], list[str]], count: Callable[[str], int]
    ) -> None:
        self._lexicon = lexicon
        self._cut = cut
        self._count = count

    def correct(self, text: str) -> list[Correction]:
        """Corrections of a text in normal form, from left to right, none over another."""
        found = list(self._correct_letters(text))
        taken = [(each.start, each.end) for each in found]
        for run in _HAN_RUN.finditer(text):
            if len(run[0]) > LONGEST_HAN:
                continue
            found += [
                each
                for each in self._correct_han(text, run.start(), run.end())
                if all(each.end <= start or each.start >= end for start, end in taken)
            ]
        return sorted(found, key=lambda each: each.start)

    def correct_letters(self, text: str) -> list[Correction]:
        """Corrections of Latin letters only: pinyin, initials, misspelt names."""
        return list(self._correct_letters(text))

    def correct_alone(self, text: str) -> list[Correction]:
        """What a Chinese word may stand for that is all of the query and in no document: words of
        the same sound and length."""
        found = _HAN_RUN.fullmatch(text) and len(text) > 1 and len(text) <= LONGEST_WINDOW
        if not found or text in self._lexicon.counts or min(map(self._count, _pairs(text))):
            return []
        words = [word for word in next(self._candidates(text))[0] if word != text]
        return [Correction(0, len(text), ((words[0], 1.0),))] if words else []

    def _correct_letters(self, text: str) -> Iterator[Correction]:
        for chunk in _LATIN.finditer(text):
            joined = re.sub("[ ']", "", chunk[0])
            parts = list(re.finditer("[a-z]+", chunk[0]))
            if all(self._is_known(part[0]) for part in parts) or len(joined) > LONGEST_LETTERS:
                continue
            whole = self._lexicon.read_pinyin(joined) if len(parts) > 1 else []
            if whole:
                yield Correction(chunk.start(), chunk.end(), _weighed(whole))
                continue
            for part in parts:
                start, end = chunk.start() + part.start(), chunk.start() + part.end()
                found = None if self._is_known(part[0]) else self._read(text, start, end)
                if found:
                    yield found

    def _is_known(self, word: str) -> bool:
        return word in self._lexicon.counts and not self._lexicon.named(word)

    def _read(self, text: str, start: int, end: int) -> Correction | None:
        """What one run of letters stands for: with its Chinese neighbours a word, pinyin, the
        initials of one word, a Latin word with one wrong letter, initials of several words."""
        letters = text[start:end]
        joined = self._with_neighbours(text, start, end)
        if joined:
            return joined
        lexicon = self._lexicon
        spelt = lexicon.read_pinyin(letters)
        if not spelt:
            spelt = [Spelt((word,), lexicon.score(word)) for word in lexicon.abbreviated(letters)]
        near = [Spelt((word,), lexicon.score(word)) for word in lexicon.spelt_like(letters)]
        if near and (not spelt or len(letters) > LEAST_SPELT):
            spelt = spelt if spelt and spelt[0].score > near[0].score else near
        spelt = spelt or lexicon.read_initials(letters, ABBREVIATED)
        return Correction(start, end, _weighed(spelt)) if spelt else None

    def _with_neighbours(self, text: str, start: int, end: int) -> Correction | None:
        """A word of which a part was typed in letters: kuan带, 退ding."""
        letters = text[start:end]
        for size in (3, 2, 1):
            after, before = text[end : end + size], text[max(0, start - size) : start]
            if len(after) == size and _HAN_RUN.fullmatch(after):
                words = self._lexicon.named(letters + "".join(syllables_of(after) or ()))
                words = [word for word in words if word.endswith(after)]
                if words:
                    return Correction(start, end + size, ((words[0], 1.0),))
            if len(before) == size and _HAN_RUN.fullmatch(before):
                words = self._lexicon.named("".join(syllables_of(before) or ()) + letters)
                words = [word for word in words if word.startswith(before)]
                if words:
                    return Correction(start - size, end, ((words[0], 1.0),))
        return None

    def _correct_han(self, text: str, start: int, end: int) -> Iterator[Correction]:
        """Windows of whole words, a single character among them, that are no word together but
        sound or look like one: the longest first. A character after a figure is its unit."""
        words = self._cut(text[start:end])
        places = [start, *(start + size for size in accumulate(map(len, words)))]
        is_single = [len(word) == 1 for word in words]
        if start and text[start - 1].isascii() and text[start - 1].isalnum():
            is_single[0] = False
        first = 0
        while first < len(words):
            for last in range(len(words), first, -1):
                size = places[last] - places[first]
                if not 2 <= size <= LONGEST_WINDOW or not any(is_single[first:last]):
                    continue
                meant, is_sure = self._meant(text[places[first] : places[last]])
                if meant:
                    yield Correction(places[first], places[last], ((meant, 1.0),), is_sure)
                    first = last - 1
                    break
            first += 1

    def _meant(self, window: str) -> tuple[str, bool]:
        """What a window stands for, "" when it stands for itself, and whether that is sure."""
        if window in self._lexicon.counts or general_counts().count(window):
            return "", False
        rarest = min(map(self._count, _pairs(window)))
        for words, odds in self._candidates(window):
            for word in words:
                if word != window and self._lexicon.counts[word] >= odds * rarest:
                    return word, odds == SOUND_ODDS or len(window) > LEAST_SPELT
        return "", False

    def _candidates(self, window: str) -> Iterator[tuple[list[str], int]]:
        """Words of the same sound, of a near sound with a character in common, of a near
        spelling, with their odds: each list is looked at when the ones before it gave nothing."""
        lexicon = self._lexicon
        readings = list(readings_of(window))[:MOST_READINGS]
        same = [word for reading in readings for word in lexicon.named("".join(reading))]
        yield [word for word in same if len(word) == len(window)], SOUND_ODDS
        near = [word for reading in readings for word in lexicon.sounding(reading)]
        yield [word for word in near if set(word) & set(window)], SOUND_ODDS
        spelt = lexicon.spelt_like(window)
        if len(window) <= LEAST_SPELT:
            spelt = [word for word in spelt if lexicon.is_own(word)]
        yield spelt, SPELLING_ODDS


def _pairs(text: str) -> list[str]:
    return ["".join(pair) for pair in pairwise(text)]


def _weighed(spelt: list[Spelt]) -> tuple[tuple[str, float], ...]:
    """Texts with weights by how likely each is against the first."""
    weights = {each.text: exp(each.score - spelt[0].score) for each in reversed(spelt)}
    return tuple(
        (text, weight) for text, weight in reversed(weights.items()) if weight >= LEAST_CHOICE
    )
