"""Is this talk a complaint of our trade? What a learnt answer reads of a query, and the answer.

A logistic regression over what is said (words, pairs of characters, pairs of syllables) and how far
the handbook speaks of it. It needs no encoder: the encoder was trained on the very complaints the
regression learns from, so their cosines would look far better than those of a new caller.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from indexer.analysis import Analyzer
from indexer.queries import Query
from indexer.readings import syllables_of
from indexer.scoring import WordScorer
from kb.errors import IndexMismatch

GATE_FILE = "trade.npz"
FACTS = ("coverage", "keyness", "length")
"""Numbers that stand beside the features."""
CEILING_START = 5.0
"""Added to the ceiling of a query, so that one known word alone is no full coverage."""
SHORTEST = 4
"""Fewer features than this weigh as if they were so many: one word decides nothing alone."""
KEPT_NUMBERS = (3, 5)
"""Numbers of so many digits are names (691, 10086); others say only how long they are."""
KEPT_CEILINGS = 50_000
STRANGE = "?"
"""The feature of a text with a Latin word the handbook does not hold."""
TELLING = 3
WORDS_A_DOCUMENT = 40
UNSEEN = 0.05
_HAN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True)
class Talk:
    """A query as the gate reads it.

    ``coverage``: the handbook's best BM25 score as a share of what the query's terms could score.
    ``keyness``: sum over its three most telling words of the log ratio of their share in the
    handbook to that in Chinese at large (Dunning 1993 uses the same ratio). ``length``: different
    words, on a log scale.
    """

    features: frozenset[str]
    coverage: float
    keyness: float
    length: float

    @property
    def facts(self) -> tuple[float, ...]:
        """The numbers in the order of FACTS, brought to one scale: learning ends sooner."""
        return 10 * self.coverage, self.keyness / 10, self.length


@dataclass(frozen=True)
class TradeGate:
    """Learnt weights. ``facts``: in the order of FACTS; ``least``: the score from which a text
    counts as one of the trade."""

    features: Mapping[str, float]
    facts: tuple[float, ...]
    start: float
    least: float

    def score(self, talk: Talk) -> float:
        """Log odds that the talk is of the trade."""
        said = sum(self.features.get(feature, 0.0) for feature in sorted(talk.features))
        known = sum(weight * fact for weight, fact in zip(self.facts, talk.facts, strict=True))
        return self.start + known + said * feature_share(talk)

    def is_trade(self, talk: Talk) -> bool:
        """Whether the talk is enough like a complaint of the trade to suggest anything."""
        return self.score(talk) >= self.least


def feature_share(talk: Talk) -> float:
    """What one feature counts for: the more there are, the less each says."""
    return 2.0 / math.sqrt(max(len(talk.features), SHORTEST))


class TalkReader:
    """Reads queries as the gate does, over the handbook's passages of one snapshot."""

    def __init__(self, scorer: WordScorer, documents: int, analyzer: Analyzer) -> None:
        """``documents``: how many passages ``scorer`` scores."""
        self._scorer = scorer
        self._words_in_all = WORDS_A_DOCUMENT * max(documents, 1)
        self._analyzer = analyzer
        self._ceiling = lru_cache(maxsize=KEPT_CEILINGS)(scorer.ceiling)

    def read(self, query: Query) -> Talk:
        """What the gate reads of a query."""
        written = {term: weight for term, weight in query.terms.items() if term[0] in query.written}
        ceiling = sum(
            weight * self._ceiling(text, is_word=is_word)
            for (text, is_word), weight in written.items()
        )
        best = float(self._scorer.score(query.terms).max(initial=0.0))
        words = [text for text, is_word in written if is_word]
        features = set(read_features(query.text, words))
        if any(self._is_strange(word) for word in words):
            features.add(STRANGE)
        return Talk(
            features=frozenset(features),
            coverage=best / (ceiling + CEILING_START),
            keyness=sum(sorted(map(self.keyness, words))[-TELLING:]),
            length=math.log1p(len(words)),
        )

    def _is_strange(self, word: str) -> bool:
        is_latin = word.isascii() and word.isalpha()
        return is_latin and not self._scorer.document_count(word, True)

    def keyness(self, word: str) -> float:
        """How much a word is of the trade; not above 0 for one the handbook does not hold."""
        if len(word) == 1 and not word.isdigit():
            return 0.0
        count = self._scorer.document_count(word, True)
        share = (count + UNSEEN) / self._words_in_all
        ratio = math.log(share / self._analyzer.general_share(word))
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
    names = sorted(gate.features)
    np.savez(
        folder / GATE_FILE,
        names=np.array(names),
        weights=np.array([gate.features[name] for name in names], np.float32),
        facts=np.array(gate.facts),
        start=np.array(gate.start),
        least=np.array(gate.least),
    )


@lru_cache(maxsize=2)
def open_gate(folder: Path) -> TradeGate:
    """The gate of a generation, which never changes in it; raise IndexMismatch without one."""
    if not (folder / GATE_FILE).is_file():
        raise IndexMismatch("索引里没有判别闲话的模型，请运行 kb index --full")
    with np.load(folder / GATE_FILE, allow_pickle=False) as file:
        return TradeGate(
            features=dict(zip(file["names"].tolist(), file["weights"].tolist(), strict=True)),
            facts=tuple(file["facts"].tolist()),
            start=float(file["start"]),
            least=float(file["least"]),
        )
