"""Chinese words: jieba's dictionary, cut by its Rust twin, and how common each word is at large.

The Python tokenizer of jieba is never started: it costs 0.7 s and 80 MB and cuts thirty times
slower. A test holds both to the same cuts.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import rjieba

DOMAIN_FREQUENCY = 20_000
"""Frequency given to the desk's words: explicit, so that segmentation does not depend on order."""

FILLER = "\ue001"
"""A character of private use: the analysis makes a blank of it in every text."""
TOTAL_STEP = 20_000_000
"""A thousand words: how far the dictionary grows before everything is cut anew."""

KEPT_COUNTS = 50_000
READ_AT_ONCE = 1 << 20
"""Bytes of the dictionary file."""
NO_TAG = ""


def open_cutter(words: Collection[str]) -> Any:
    """A tokenizer with ``words`` added: ``cut(text, False)`` gives its words in order.

    A cut is weighed by each word's share of all counts, so one word more would move the shares of
    all and cut near ties elsewhere otherwise. A word that no text holds fills the total up to
    ``rounded_total``: then a text that holds no changed word is cut as before.
    """
    cutter = rjieba.Jieba()
    for word in sorted(words):
        cutter.add_word(word, DOMAIN_FREQUENCY, NO_TAG)
    if words:
        cutter.add_word(FILLER, rounded_total(words) - _total(words), NO_TAG)
    return cutter


def rounded_total(words: Collection[str]) -> int:
    """The total of all counts with ``words`` added, filled up to a whole TOTAL_STEP."""
    total = _total(words)
    return -(-total // TOTAL_STEP) * TOTAL_STEP if words else total


def _total(words: Collection[str]) -> int:
    counts = general_counts()
    return counts.total + sum(DOMAIN_FREQUENCY - counts.count(word) for word in words)


class GeneralCounts:
    """How often each word stands in jieba's corpus of general Chinese, and whether it is a noun.

    Kept as sorted hashes beside the counts (4 MB): as a dict of strings it would be 60 MB.
    """

    def __init__(self) -> None:
        """Read jieba's dictionary file (about 0.1 s), some lines of "word count tag" at a time."""
        hashes, counts, nouns = array("q"), array("i"), array("b")
        with dictionary_path().open("rb") as file:
            while lines := file.readlines(READ_AT_ONCE):
                parts = b"".join(lines).split()
                hashes.extend(map(hash, parts[::3]))
                counts.extend(map(int, parts[1::3]))
                nouns.extend(tag.startswith(b"n") for tag in parts[2::3])
        order = np.argsort(np.frombuffer(hashes, np.int64))
        self._hashes = np.frombuffer(hashes, np.int64)[order]
        self._counts = np.frombuffer(counts, np.int32)[order]
        self._nouns = np.frombuffer(nouns, np.int8)[order]
        self.total = int(self._counts.sum(dtype=np.int64))
        self.count = lru_cache(maxsize=KEPT_COUNTS)(self._count)
        self.is_noun = lru_cache(maxsize=KEPT_COUNTS)(self._is_noun)

    def _count(self, word: str) -> int:
        place = self._find(word)
        return 0 if place is None else int(self._counts[place])

    def _is_noun(self, word: str) -> bool:
        place = self._find(word)
        return place is not None and bool(self._nouns[place])

    def _find(self, word: str) -> int | None:
        wanted = hash(word.encode("utf-8", "surrogatepass"))
        place = int(np.searchsorted(self._hashes, wanted))
        is_there = place < len(self._hashes) and self._hashes[place] == wanted
        return place if is_there else None


def dictionary_path() -> Path:
    """jieba's dictionary file, found without importing jieba."""
    package = find_spec("jieba")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("jieba")
    return Path(package.submodule_search_locations[0]) / "dict.txt"


@lru_cache(maxsize=1)
def general_counts() -> GeneralCounts:
    """The counts, read at the first call and shared by every analysis of the process."""
    return GeneralCounts()
