"""Is this talk a complaint of our trade? What a learnt answer reads of a query, and the answer.

Callers of every trade speak of refunds, promises and hotlines alike; what tells them apart is what
they name. So each feature has a *lean*: the log ratio of its share in our talk to that in other
talk, near 0 for what both say. The answer is a logistic regression over the features themselves
and over a few facts: how far the most telling features lean to either side, how much a text is of
the trade against Chinese at large, how many nouns it has that our desk never says.

It needs no encoder: the encoder was trained on the very complaints the regression learns from, so
their cosines would look far better than those of a new caller.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.arrays import read_arrays, write_arrays
from indexer.dictionary import general_counts
from indexer.names import Hashes, find_rows, hash_names
from indexer.queries import Query
from indexer.readings import syllables_of
from indexer.scoring import WordScorer

GATE_FILE = "trade.arrays"
KINDS = "wcs"
"""First letters of features that lean: words, pairs of characters, pairs of syllables."""
FACTS = (
    *(f"{side} {kind}" for kind in KINDS for side in ("ours", "others", "balance")),
    "length", "new nouns", "share of new nouns", "keyness", "no word of ours", "strange",
)  # fmt: skip
"""Numbers that stand beside the features."""
INDIFFERENT = 0.7
"""Leans up to this say nothing; beyond it, they say what they exceed it by."""
TELLING = 3
"""Of each kind and side, the so many that lean farthest count."""
SHORTEST = 4
"""Fewer features than this weigh as if they were so many: one word decides nothing alone."""
KEPT_NUMBERS = (3, 5)
"""Numbers of so many digits are names (691, 10086); others say only how long they are."""
STRANGE = "?"
"""The feature of a text with a Latin word the handbook does not hold."""
WORDS_A_DOCUMENT = 40
UNSEEN = 0.05
_HAN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True)
class Talk:
    """A query as the gate reads it.

    ``words``: its different words of two characters or more; ``nouns``: those of them that are
    nouns in general Chinese. ``keyness``: sum over its three most telling words of the log ratio of
    their share in the handbook to that in Chinese at large (Dunning 1993 uses the same ratio).
    ``length``: different words, on a log scale.
    """

    features: frozenset[str]
    words: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    keyness: float = 0.0
    length: float = 0.0


class Sign(NamedTuple):
    """What is learnt of a feature."""

    weight: float
    lean: float


NO_SIGN = Sign(0.0, 0.0)


@dataclass(frozen=True)
class TradeGate:
    """What is learnt. ``names``: hashes of the features, increasing; ``signs``: weight and lean of
    each, shape (features, 2); ``own``: whether it is a word our desk says; ``facts``: weights in
    the order of FACTS; ``least``: the score from which a text counts as one of the trade."""

    names: Hashes
    signs: npt.NDArray[np.float32]
    own: npt.NDArray[np.bool_]
    facts: tuple[float, ...]
    start: float
    least: float

    def score(self, talk: Talk) -> float:
        """Log odds that the talk is of the trade."""
        signs, own = self._read({*talk.features, *map(name_own, talk.words | talk.nouns)})
        said = math.fsum(signs.get(name, NO_SIGN).weight for name in talk.features)
        facts = measure_facts(
            talk, lambda name: signs.get(name, NO_SIGN).lean, lambda word: name_own(word) in own
        )
        told = math.fsum(weight * fact for weight, fact in zip(self.facts, facts, strict=True))
        return self.start + told + said * feature_share(talk)

    def is_trade(self, talk: Talk) -> bool:
        """Whether the talk is enough like a complaint of the trade to suggest anything."""
        return self.score(talk) >= self.least

    def _read(self, names: Iterable[str]) -> tuple[dict[str, Sign], set[str]]:
        """The signs of those names that are known, and which of them are words of ours."""
        asked = list(names)
        rows = find_rows(self.names, asked)
        known = list(compress(asked, rows >= 0))
        held = rows[rows >= 0]
        signs = map(Sign._make, self.signs[held].tolist())
        return dict(zip(known, signs, strict=True)), set(compress(known, self.own[held]))


def make_gate(
    signs: Mapping[str, Sign],
    own: Iterable[str],
    *,
    facts: Sequence[float],
    start: float,
    least: float = 0.0,
) -> TradeGate:
    """A gate of signs by the names of features; ``own``: words our desk says."""
    said = set(map(name_own, own))
    names = sorted({*signs, *said})
    hashes = hash_names(names)
    order = np.argsort(hashes)
    table = np.array([signs.get(name, NO_SIGN) for name in names], np.float32)
    return TradeGate(
        names=hashes[order],
        signs=table.reshape(len(names), 2)[order],
        own=np.array([name in said for name in names], np.bool_)[order],
        facts=tuple(facts),
        start=start,
        least=least,
    )


def name_own(word: str) -> str:
    """The name of a word among those our desk says: numbers stand as they are."""
    return f"w{word}"


def feature_share(talk: Talk) -> float:
    """What one feature counts for: the more there are, the less each says."""
    return 2.0 / math.sqrt(max(len(talk.features), SHORTEST))


def measure_facts(
    talk: Talk, lean: Callable[[str], float], is_own: Callable[[str], bool]
) -> tuple[float, ...]:
    """The numbers of FACTS for a talk."""
    leans: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for name in talk.features:
        if name[0] in leans and may_lean(name):
            leans[name[0]].append(lean(name))
    new = sum(not is_own(word) for word in talk.nouns)
    return (
        *(fact for kind in KINDS for fact in _sum_leans(leans[kind])),
        talk.length,
        math.log1p(new),
        new / (len(talk.words) + 2),
        talk.keyness / 10,
        float(not any(map(is_own, talk.words))),
        float(STRANGE in talk.features),
    )


def may_lean(name: str) -> bool:
    """Whether a feature may lean: single Chinese characters are in everybody's mouth."""
    return len(name) > 2 or name[1:].isdigit()


def _sum_leans(leans: list[float]) -> tuple[float, float, float]:
    """What leans farthest to us, what to others, and the balance of all."""
    ours = sorted((lean - INDIFFERENT for lean in leans if lean > INDIFFERENT), reverse=True)
    others = sorted((-lean - INDIFFERENT for lean in leans if -lean > INDIFFERENT), reverse=True)
    balance = (sum(ours) - sum(others)) / math.sqrt(max(len(leans), TELLING))
    return sum(ours[:TELLING]), sum(others[:TELLING]), balance


class TalkReader:
    """Reads queries as the gate does, over the handbook's passages of one snapshot."""

    def __init__(self, scorer: WordScorer, documents: int, analyzer: Analyzer) -> None:
        """``documents``: how many passages ``scorer`` scores."""
        self.analyzer = analyzer
        self._scorer = scorer
        self._words_in_all = WORDS_A_DOCUMENT * max(documents, 1)

    def read(self, query: Query) -> Talk:
        """What the gate reads of a query."""
        words = query.words
        features = set(read_features(query.text, words))
        if any(self.strange(words)):
            features.add(STRANGE)
        longer = frozenset(word for word in words if len(word) > 1)
        return Talk(
            features=frozenset(features),
            words=longer,
            nouns=frozenset(filter(general_counts().is_noun, longer)),
            keyness=sum(sorted(self.keyness(words))[-TELLING:]),
            length=math.log1p(len(words)),
        )

    def strange(self, words: Sequence[str]) -> list[bool]:
        """Which are Latin words that the handbook does not hold."""
        counts = self._scorer.document_counts(words, is_word=True)
        return [
            not count and word.isascii() and word.isalpha()
            for word, count in zip(words, counts, strict=True)
        ]

    def keyness(self, words: Sequence[str]) -> list[float]:
        """How much each word is of the trade; not above 0 for one the handbook does not hold."""
        counts = self._scorer.document_counts(words, is_word=True)
        return list(map(self._keyness, words, counts))

    def _keyness(self, word: str, count: int) -> float:
        if len(word) == 1 and not word.isdigit():
            return 0.0
        share = (count + UNSEEN) / self._words_in_all
        ratio = math.log(share / self.analyzer.general_share(word))
        return ratio if count else min(ratio, 0.0)


def read_features(text: str, words: Iterable[str]) -> Iterator[str]:
    """Features of a normalised text: its words, neighbouring characters, neighbouring syllables.

    Syllables without tone see through homophones (通化 for 通话).
    """
    yield from map(name_word, words)
    for run in _HAN.findall(text):
        syllables = [read_syllable(char) for char in run]
        for place in range(len(run) - 1):
            yield f"c{run[place : place + 2]}"
            yield f"s{syllables[place]} {syllables[place + 1]}"


def name_word(word: str) -> str:
    """The feature of a word; of most numbers only how long they are."""
    kept = not word.isdigit() or len(word) in KEPT_NUMBERS
    return f"w{word}" if kept else f"n{min(len(word), 9)}"


@lru_cache(maxsize=32_768)
def read_syllable(char: str) -> str:
    """The commonest reading of one Chinese character without tone; itself when it has none."""
    return "".join(syllables_of(char) or (char,))


def save_gate(folder: Path, gate: TradeGate) -> None:
    """Write a gate into a generation's folder."""
    numbers = np.array([gate.start, gate.least, *gate.facts])
    write_arrays(
        folder / GATE_FILE,
        {"names": gate.names, "signs": gate.signs, "own": gate.own, "numbers": numbers},
    )


@lru_cache(maxsize=4)
def open_gate(folder: Path) -> TradeGate:
    """The gate of a generation, which never changes in it; raise IndexDamaged without one."""
    arrays = read_arrays(folder / GATE_FILE)
    start, least, *facts = arrays["numbers"].tolist()
    return TradeGate(arrays["names"], arrays["signs"], arrays["own"], tuple(facts), start, least)
