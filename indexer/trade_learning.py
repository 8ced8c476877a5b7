"""Learning what is talk of the trade: this desk's own words against other talk.

First every feature is counted on both sides, which gives its lean. Then a logistic regression is
fitted on examples, each of which is taken off the counts its facts are measured with: a ticket must
not look familiar because it is the one that was counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, hstack

from indexer.queries import QueryBuilder
from indexer.trade import (
    FACTS,
    KINDS,
    Sign,
    Talk,
    TalkReader,
    TradeGate,
    feature_share,
    make_gate,
    measure_facts,
)
from indexer.trade_texts import (
    FOLDS,
    Example,
    TradeTexts,
    counted_texts,
    plan_examples,
    with_wrong_copies,
)

POOLED = 2_000.0
"""Weight of the share both sides have together in the share of one: rare features lean little."""
SMOOTHING = 0.3
SMALLEST = 3
"""Examples a feature must occur in."""
NEGLIGIBLE = 0.01
"""Weights and leans below this are left out."""
STEPS = 60
RIDGE = 0.3
FACT_RIDGE = 0.5
MISSED = 0.07
"""Share of the desk's own complaints, held out, that may fall below the line."""

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Leanings:
    """How often each feature stands in our talk and in other talk."""

    def __init__(
        self, ours: Iterable[tuple[Talk, float]], others: Iterable[tuple[Talk, float]]
    ) -> None:
        """Count talks, each with its weight."""
        self._counts = (_count(ours), _count(others))
        self._totals = tuple(
            {kind: sum(n for name, n in counts.items() if name[0] == kind) for kind in KINDS}
            for counts in self._counts
        )
        self._held: dict[tuple[str, float, float], float] = {}

    def lean(self, name: str, *, ours: float = 0.0, others: float = 0.0) -> float:
        """Log ratio of a feature's share in our talk to that in other talk, both drawn towards
        what they have together; ``ours``, ``others``: what is taken off its counts."""
        key = name, ours, others
        if key not in self._held:
            self._held[key] = self._measure(name, ours, others)
        return self._held[key]

    def _measure(self, name: str, *taken: float) -> float:
        found = [
            max(counts[name] - off, 0.0) for counts, off in zip(self._counts, taken, strict=True)
        ]
        if sum(found) <= 0:
            return 0.0
        totals = [each[name[0]] for each in self._totals]
        pooled = POOLED * sum(found) / max(sum(totals), 1.0) + SMOOTHING
        ours, others = (
            math.log((count + pooled) / (total + POOLED))
            for count, total in zip(found, totals, strict=True)
        )
        return ours - others

    def is_own(self, word: str, *, ours: float = 0.0) -> bool:
        """Whether our desk says the word."""
        return self._counts[0][f"w{word}"] > ours

    def facts(self, talk: Talk, example: Example | None = None) -> tuple[float, ...]:
        """FACTS of a talk; of an example, without what it was counted itself."""
        ours = example.counted if example and example.is_trade else 0.0
        others = example.counted if example and not example.is_trade else 0.0
        return measure_facts(
            talk,
            lambda name: self.lean(name, ours=ours, others=others),
            lambda word: self.is_own(word, ours=ours),
        )

    def names(self) -> set[str]:
        """Every feature counted that may lean."""
        return {name for counts in self._counts for name in counts if name[0] in KINDS}

    def own_words(self) -> frozenset[str]:
        """Words our desk says."""
        return frozenset(
            name[1:] for name, count in self._counts[0].items() if name[0] == "w" and count > 0
        )


def _count(talks: Iterable[tuple[Talk, float]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for talk, weight in talks:
        for name in talk.features:
            counts[name] += weight  # type: ignore[assignment]
    return counts


@dataclass(frozen=True)
class Design:
    """Examples as a matrix: a row an example, 1, the facts at one scale, then the features.

    ``centres``, ``spreads``: of the facts, as they are measured.
    """

    matrix: csr_matrix
    names: Sequence[str]
    centres: Floats
    spreads: Floats


def learn_gate(texts: TradeTexts, builder: QueryBuilder, reader: TalkReader) -> TradeGate:
    """Fit the gate; the line is drawn where MISSED of the held-out complaints fall below it."""

    @cache
    def read(text: str) -> Talk:
        return reader.read(builder.build(text))

    leanings = count_leanings(texts, read)
    examples = list(with_wrong_copies(plan_examples(texts)))
    design = _design(examples, [read(example.text) for example in examples], leanings)
    held = [
        design.matrix[out]
        @ _fit(design.matrix[~left], [examples[place] for place in np.flatnonzero(~left)])
        for left, out in _folds(examples)
    ]
    gate = _assemble(_fit(design.matrix, examples), design, leanings)
    return replace(gate, least=float(np.quantile(np.concatenate(held), MISSED)) if held else 0.0)


def count_leanings(texts: TradeTexts, read: Callable[[str], Talk]) -> Leanings:
    """Count the features of both sides."""
    ours, others = (
        ((read(text), counts) for text, counts in counted_texts(texts, is_trade=is_trade))
        for is_trade in (True, False)
    )
    return Leanings(ours, others)


def _design(examples: Sequence[Example], talks: Sequence[Talk], leanings: Leanings) -> Design:
    counts = Counter(name for talk in talks for name in talk.features)
    names = sorted(name for name, count in counts.items() if count >= SMALLEST)
    column = {name: place for place, name in enumerate(names)}
    facts = np.array(
        [leanings.facts(talk, each) for talk, each in zip(talks, examples, strict=True)]
    )
    centres, spreads = facts.mean(axis=0), facts.std(axis=0) + 1e-6
    columns: list[int] = []
    ends = [0]
    for talk in talks:
        columns += sorted(column[name] for name in talk.features if name in column)
        ends.append(len(columns))
    said = csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(talks), len(names)))
    shares = diags(np.array([feature_share(talk) for talk in talks]))
    scaled = np.column_stack([np.ones(len(talks)), (facts - centres) / spreads])
    return Design(hstack([scaled, shares @ said]).tocsr(), names, centres, spreads)


def _assemble(solution: Floats, design: Design, leanings: Leanings) -> TradeGate:
    """The gate with the facts' weights for facts as they are measured."""
    edge = len(FACTS) + 1
    facts = solution[1:edge] / design.spreads
    weights = dict(zip(design.names, solution[edge:].tolist(), strict=True))
    signs = {
        name: Sign(weights.get(name, 0.0), leanings.lean(name) if name[0] in KINDS else 0.0)
        for name in sorted({*weights, *leanings.names()})
    }
    return make_gate(
        {name: sign for name, sign in signs.items() if max(map(abs, sign)) >= NEGLIGIBLE},
        leanings.own_words(),
        facts=facts.tolist(),
        start=float(solution[0] - facts @ design.centres),
    )


def _folds(examples: Sequence[Example]) -> Iterator[tuple[Mask, Mask]]:
    """For each fold the examples left out, and those of them that are measured."""
    folds = np.array([example.fold for example in examples])
    measured = np.array([example.is_measured for example in examples])
    for fold in range(FOLDS):
        left = folds == fold
        if (left & measured).any():
            yield left, left & measured


def _fit(matrix: csr_matrix, examples: Sequence[Example]) -> Floats:
    """Ridge logistic regression; the start is free."""
    truth = np.array([example.is_trade for example in examples], np.float64)
    weights = np.array([example.weight for example in examples])
    ridge = np.full(matrix.shape[1], RIDGE)
    ridge[0], ridge[1 : len(FACTS) + 1] = 0.0, FACT_RIDGE
    turned = matrix.T.tocsr()

    def loss(solution: Floats) -> tuple[float, Floats]:
        scores = matrix @ solution
        errors = weights * (1 / (1 + np.exp(-scores)) - truth)
        value = weights @ (np.logaddexp(0, scores) - truth * scores)
        held_back = ridge * solution
        return float(value + solution @ held_back / 2), turned @ errors + held_back

    found = minimize(
        loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    solution: Floats = found.x
    return solution
