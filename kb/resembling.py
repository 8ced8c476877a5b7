"""Articles that say nearly the same: by pairs of characters they share, rare ones weighing more.

The cosine of tf-idf vectors (Salton & Buckley 1988) over character pairs; no dictionary is needed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kb.article import Article

NEAR = 0.25
"""Least cosine that is worth a look; a text copied with changes has 0.7 and more."""
SAME = 0.8
_LETTERS = re.compile(r"[^\W_]+")
Vector = Mapping[str, float]


@dataclass(frozen=True)
class Resembling:
    """An article that resembles a text; ``score``: 0 (nothing shared) to 1 (the same)."""

    article: Article
    score: float


class Resemblance:
    """Compares texts with articles; made once for many texts."""

    def __init__(self, articles: Iterable[Article]) -> None:
        """Count the pairs of all articles."""
        self._articles = list(articles)
        counts = [count_pairs(_text(article)) for article in self._articles]
        spread = Counter(pair for each in counts for pair in each)
        self._rarity = {
            pair: math.log((1 + len(counts)) / number) for pair, number in spread.items()
        }
        self._unseen = math.log(1 + len(counts))
        self._vectors = [self._vector(each) for each in counts]

    def find(self, text: str, *, limit: int = 3, least: float = NEAR) -> list[Resembling]:
        """The articles most like a text, the most alike first."""
        wanted = self._vector(count_pairs(text))
        scored = (
            Resembling(article, round(_cosine(wanted, vector), 3))
            for article, vector in zip(self._articles, self._vectors, strict=True)
        )
        near = [each for each in scored if each.score >= least]
        return sorted(near, key=lambda each: (-each.score, each.article.id))[:limit]

    def _vector(self, counts: Counter[str]) -> Vector:
        weights = {
            pair: (1 + math.log(number)) * self._rarity.get(pair, self._unseen)
            for pair, number in counts.items()
        }
        length = math.sqrt(math.fsum(each * each for each in weights.values())) or 1.0
        return {pair: weight / length for pair, weight in weights.items()}


def count_pairs(text: str) -> Counter[str]:
    """Pairs of neighbouring characters, not across punctuation or blanks."""
    runs = _LETTERS.findall(text.lower())
    return Counter(run[place : place + 2] for run in runs for place in range(len(run) - 1))


def _text(article: Article) -> str:
    revision = article.revision
    return "\n".join((revision.title, revision.body, *revision.steps))


def _cosine(one: Vector, other: Vector) -> float:
    small, large = sorted((one, other), key=len)
    return math.fsum(weight * large[pair] for pair, weight in small.items() if pair in large)
