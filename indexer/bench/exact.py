"""BM25 straight from the tokens, in plain Python: what every fast scorer must agree with.

Shares no code with the index: counts come from the tokens themselves, statistics from the documents
that are left. ``score = Σ ln(1 + (N - df + 0.5) / (df + 0.5)) · c · (k1 + 1) / (c + k1 · (1 - b + b
· length / average))``, each term counted once.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

K1, B = 1.2, 0.75
TOLERANCE = 2e-4
"""Share of the best score by which two scores may differ and still be equal: float32 against
float64, and sums in another order."""


@dataclass(frozen=True)
class Agreement:
    """How a contender's first documents compare with the exact ones.

    ``mismatches``: places of the queries where they differ in more than ties. ``overlap``: share of
    the exact ones that are among them, whatever their order.
    """

    queries: int
    mismatches: tuple[int, ...]
    overlap: float

    @property
    def share(self) -> float:
        """Share of the queries answered exactly."""
        return round(1 - len(self.mismatches) / self.queries, 4) if self.queries else 0.0


class ExactScores:
    """Exact scores of the documents for queries over ``wanted`` terms."""

    def __init__(self, wanted: Collection[str], dropped: Collection[int]) -> None:
        """Count ``wanted`` terms only; documents with numbers in ``dropped`` do not exist."""
        self._dropped = frozenset(dropped)
        self._postings = {term: (array("q"), array("q")) for term in wanted}
        self._lengths = array("q")

    def add_all(self, documents: Iterable[Sequence[str]]) -> None:
        """Count the tokens of all documents, in order of their numbers."""
        for number, tokens in enumerate(documents):
            is_left = number not in self._dropped
            self._lengths.append(len(tokens) if is_left else 0)
            if is_left:
                self._count(number, tokens)

    def _count(self, number: int, tokens: Sequence[str]) -> None:
        counts: dict[str, int] = {}
        for token in tokens:
            if token in self._postings:
                counts[token] = counts.get(token, 0) + 1
        for token, count in counts.items():
            numbers, times = self._postings[token]
            numbers.append(number)
            times.append(count)

    def scores(
        self, terms: Collection[str], *, average: float | None = None
    ) -> npt.NDArray[np.float64]:
        """The score of every document; 0 for dropped ones. ``average``: length that counts as
        neither short nor long, else that of the documents that are left."""
        lengths = np.array(self._lengths, np.float64)
        size = len(lengths) - len(self._dropped)
        average = average or lengths.sum() / max(size, 1)
        total = np.zeros(len(lengths))
        for term in set(terms):
            numbers, times = (np.array(each) for each in self._postings[term])
            if not len(numbers):
                continue
            idf = np.log(1 + (size - len(numbers) + 0.5) / (len(numbers) + 0.5))
            norm = K1 * (1 - B + B * lengths[numbers] / average)
            total[numbers] += idf * times * (K1 + 1) / (times + norm)
        return total

    def average_of(self, first: int) -> float:
        """Average length of the ``first`` documents, deleted ones left out."""
        lengths = [length for length in self._lengths[:first] if length]
        return sum(lengths) / max(len(lengths), 1)


def agrees(found: Sequence[int], exact: npt.NDArray[np.float64], count: int) -> bool:
    """Whether ``found`` are the ``count`` best documents, whichever of equals comes first."""
    best = np.sort(exact[exact > 0])[::-1][:count]
    if len(found) != len(best) or len(set(found)) != len(found):
        return False
    own = exact[np.array(found, np.int64)] if len(found) else best
    return bool(np.all(np.abs(own - best) <= TOLERANCE * max(float(best.max(initial=0.0)), 1e-9)))


def compare(
    answers: Sequence[Sequence[int]], exact: Sequence[npt.NDArray[np.float64]], count: int
) -> Agreement:
    """Compare the answers to some queries with the exact scores for them."""
    wrong = [
        place
        for place, (found, scores) in enumerate(zip(answers, exact, strict=True))
        if not agrees(found, scores, count)
    ]
    shares = [_overlap(found, scores, count) for found, scores in zip(answers, exact, strict=True)]
    return Agreement(len(answers), tuple(wrong), round(float(np.mean(shares or [0.0])), 4))


def _overlap(found: Sequence[int], exact: npt.NDArray[np.float64], count: int) -> float:
    """Share of the best that were found; any of equals will do."""
    best = np.sort(exact[exact > 0])[::-1][:count]
    if not len(best):
        return 1.0
    edge = best[-1] - TOLERANCE * best[0]
    return min(int(sum(exact[place] >= edge for place in found)) / len(best), 1.0)
