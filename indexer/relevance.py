"""How telling a term is, learned from pairs: which words of a question come back in its answer.

Robertson & Sparck Jones (1976): a term's weight is ``logit(p) + idf``, with p the probability that
a relevant document holds it. Plain idf takes p to be the same for every term. Pairs tell better:
什么 is rare in regulations and yet never in the answer; the name of a product nearly always is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.analysis import Analyzer

Term = tuple[str, bool]
"""(text, is_word)."""

SMOOTHING = 20.0
"""Pairs the usual p counts as, for each term."""
LEAST_SEEN = 3
"""Pairs a term must have been asked in."""
MOST_FACTOR = 3.0
"""A factor learned over one collection is not carried to extremes in another."""
LEAST_IDF = 0.05


@dataclass(frozen=True)
class TermWeights:
    """Factors on the query's terms; 1 for terms not named."""

    factors: Mapping[Term, float] = field(default_factory=dict)

    def weigh(self, terms: Mapping[Term, float]) -> dict[Term, float]:
        """The terms of a query with their weights times the factors; those of 0 are left out."""
        weighed = {term: weight * self.factors.get(term, 1.0) for term, weight in terms.items()}
        return {term: weight for term, weight in weighed.items() if weight > 0}


def terms_of(analyzer: Analyzer, text: str) -> frozenset[Term]:
    """The different terms of a text, as they are indexed."""
    words, pairs = analyzer.fields_of(text)
    return frozenset([*((word, True) for word in words), *((pair, False) for pair in pairs)])


def count_documents(documents: Iterable[frozenset[Term]]) -> tuple[Counter[Term], int]:
    """In how many documents each term stands, and how many documents there are."""
    frequency: Counter[Term] = Counter()
    count = 0
    for document in documents:
        frequency.update(document)
        count += 1
    return frequency, count


def learn_term_weights(
    counted: tuple[Counter[Term], int], pairs: Sequence[tuple[frozenset[Term], frozenset[Term]]]
) -> TermWeights:
    """Factors from pairs (question, answer), for a collection whose documents were counted."""
    frequency, count = counted
    asked: Counter[Term] = Counter()
    answered: Counter[Term] = Counter()
    for question, answer in pairs:
        asked.update(question)
        answered.update(question & answer)
    usual = {kind: _usual_share(asked, answered, is_word=kind) for kind in (True, False)}
    factors = {}
    for term, seen in asked.items():
        if seen < LEAST_SEEN:
            continue
        share = usual[term[1]]
        telling = (answered[term] + SMOOTHING * share) / (seen + SMOOTHING)
        idf = math.log1p((count - frequency[term] + 0.5) / (frequency[term] + 0.5))
        idf = max(idf, LEAST_IDF)
        weight = max(idf + _logit(telling) - _logit(share), 0.0)
        factors[term] = round(min(weight / idf, MOST_FACTOR), 4)
    return TermWeights(factors)


def _usual_share(asked: Counter[Term], answered: Counter[Term], *, is_word: bool) -> float:
    """How often a question's term stands in the answer, over all terms; never 0 or 1."""
    total = sum(count for term, count in asked.items() if term[1] == is_word)
    held = sum(count for term, count in answered.items() if term[1] == is_word)
    return (held + 1) / (total + 2)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
