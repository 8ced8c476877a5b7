"""Comparing a complaint with the earlier ones of its number: evidence from the desk's language.

At most ten earlier texts are compared with one new one; nothing of the index is scanned for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from indexer.analysis import Analyzer, normalise
from indexer.classification import ClassEvidence
from indexer.queries import QueryBuilder
from kb.repeat import Evidence, measure_age, speak_alike

_WIDEST_GAP = 10.0
_MUCH_FOREIGN = 15.0
_RARE = 6.0
_TELLING = 4.0
"""Minus log share in Chinese at large from which a word says something."""
_MUCH_DETAIL = 20.0


@dataclass(frozen=True)
class Earlier:
    """An earlier complaint of the same number."""

    text: str
    category: str
    days: float
    is_open: bool


@dataclass(frozen=True)
class Comparer:
    """Compares texts in the language of one desk; ``keyness``: how much a word is of the trade."""

    analyzer: Analyzer
    builder: QueryBuilder
    keyness: Callable[[str], float]

    def compare(self, text: str, classes: Sequence[ClassEvidence], earlier: Earlier) -> Evidence:
        """Evidence on one earlier complaint; ``classes``: of the new text, as classified."""
        new, old = normalise(text).text, normalise(earlier.text).text
        said, before = self._words(new), self._words(old)
        return Evidence(
            same_class=sum(each.probability for each in classes if each.code == earlier.category),
            class_gap=class_gap(classes, earlier.category[:4]),
            wide_gap=class_gap(classes, earlier.category[:2]),
            foreign=self._foreign(new, old),
            detail=1 - 1 / (1 + sum(self._rarity(said, _RARE).values()) / _MUCH_DETAIL),
            overlap=_cosine(self._rarity(said, _TELLING), self._rarity(before, _TELLING)),
            age=measure_age(earlier.days),
            is_open=float(earlier.is_open),
            **speak_alike(new, old),
        )

    def _words(self, text: str) -> set[str]:
        return {word for word in self.analyzer.words(text) if len(word) > 1 or word.isdigit()}

    def _rarity(self, words: set[str], common: float) -> dict[str, float]:
        rarity = {word: -math.log(self.analyzer.general_share(word)) - common for word in words}
        return {word: weight for word, weight in rarity.items() if weight > 0}

    def _foreign(self, new: str, old: str) -> float:
        """Trade words of the new text that neither stand in the earlier one nor mean the same."""
        known = {text for text, is_word in self.builder.build(old).terms if is_word}
        query = self.builder.build(new)
        words = {
            text
            for (text, is_word), weight in query.terms.items()
            if is_word and weight == 1.0 and len(text) > 1
        }
        mass = sum(max(0.0, self.keyness(word)) for word in words - known)
        return min(1.0, mass / _MUCH_FOREIGN)


def class_gap(classes: Sequence[ClassEvidence], group: str) -> float:
    """How far the classes of a group (the first digits of a code) are behind the most probable.

    The logarithm of the ratio of both probabilities over ten, not below -1; 0 without classes.
    """
    if not classes or not group:
        return 0.0
    best = max(each.probability for each in classes)
    own = max((each.probability for each in classes if each.code.startswith(group)), default=0.0)
    return max(-1.0, math.log((own + 1e-12) / (best + 1e-12)) / _WIDEST_GAP)


def _cosine(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    common = sum(weight * second[word] for word, weight in first.items() if word in second)
    lengths = math.hypot(*first.values()) * math.hypot(*second.values())
    return common / lengths if lengths else 0.0
