"""Learning what is talk of the trade: this desk's own words against other talk.

First every feature is counted on both sides, which gives its lean. Then a logistic regression is
fitted on examples, each of which is taken off the counts its facts are measured with: a ticket must
not look familiar because it is the one that was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, hstack

from indexer.bulk import Codes
from indexer.queries import QueryBuilder
from indexer.talks import Talks, read_talks
from indexer.trade import FACTS, KINDS, Sign, TalkReader, TradeGate, make_gate, name_own
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

    def __init__(self, talks: Talks, counted: Floats) -> None:
        """``counted``: how much each text counts in our talk and in other talk, (2, texts)."""
        self._counts: Floats = (talks.said.T @ counted.T).T
        self._kinds = np.array([name[0] for name in talks.names])
        self._totals = np.zeros_like(self._counts)
        for kind in set(KINDS):
            of_kind = self._kinds == kind
            self._totals[:, of_kind] = self._counts[:, of_kind].sum(axis=1, keepdims=True)
        numbers = {name: number for number, name in enumerate(talks.names)}
        places = np.array([numbers.get(name_own(word), -1) for word in talks.words], np.int64)
        self._said_words = np.where(places >= 0, self._counts[0][places], 0.0)

    def lean(self, *, ours: float = 0.0, others: float = 0.0) -> Floats:
        """Log ratio of each feature's share in our talk to that in other talk, both drawn towards
        what they have together; ``ours``, ``others``: what is taken off its counts. Features of
        no kind that leans have 0."""
        found = np.maximum(self._counts - np.array([[ours], [others]]), 0.0)
        pooled = POOLED * found.sum(axis=0) / np.maximum(self._totals.sum(axis=0), 1.0) + SMOOTHING
        logs = np.log((found + pooled) / (self._totals + POOLED))
        known = np.isin(self._kinds, list(KINDS)) & (found.sum(axis=0) > 0)
        return np.where(known, logs[0] - logs[1], 0.0)

    def own(self, *, ours: float = 0.0) -> Mask:
        """Which of the talks' words our desk says."""
        own: Mask = self._said_words > ours
        return own


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
    examples = list(with_wrong_copies(plan_examples(texts)))
    counted = [list(counted_texts(texts, is_trade=is_trade)) for is_trade in (True, False)]
    places = _number(
        [*(each.text for each in examples), *(text for side in counted for text, _ in side)]
    )
    talks = read_talks(list(places), builder, reader)
    leanings = count_leanings(talks, counted, places)
    rows = np.array([places[each.text] for each in examples])
    design = _design(examples, talks.of(rows), leanings)
    held = [
        design.matrix[out]
        @ _fit(design.matrix[~left], [examples[place] for place in np.flatnonzero(~left)])
        for left, out in _folds(examples)
    ]
    gate = _assemble(_fit(design.matrix, examples), design, talks, leanings)
    return replace(gate, least=float(np.quantile(np.concatenate(held), MISSED)) if held else 0.0)


def _number(texts: Sequence[str]) -> dict[str, int]:
    return {text: number for number, text in enumerate(dict.fromkeys(texts))}


def count_leanings(
    talks: Talks, counted: Sequence[Sequence[tuple[str, float]]], places: Mapping[str, int]
) -> Leanings:
    """Count the features of our talk and of other talk: texts with what each counts."""
    weights = np.zeros((2, len(places)))
    for side, found in zip(weights, counted, strict=True):
        for text, counts in found:
            side[places[text]] += counts
    return Leanings(talks, weights)


def measure_examples(examples: Sequence[Example], talks: Talks, leanings: Leanings) -> Floats:
    """FACTS of each example, without what it was counted itself; a row of ``talks`` each."""
    taken = [(each.counted, 0.0) if each.is_trade else (0.0, each.counted) for each in examples]
    facts = np.zeros((len(examples), len(FACTS)))
    for ours, others in sorted(set(taken)):
        rows: Codes = np.flatnonzero([each == (ours, others) for each in taken])
        leans = leanings.lean(ours=ours, others=others)
        facts[rows] = talks.of(rows).facts(leans, leanings.own(ours=ours))
    return facts


def _design(examples: Sequence[Example], talks: Talks, leanings: Leanings) -> Design:
    """``talks``: a row an example."""
    facts = measure_examples(examples, talks, leanings)
    centres, spreads = facts.mean(axis=0), facts.std(axis=0) + 1e-6
    common = np.flatnonzero(np.bincount(talks.said.indices, minlength=len(talks.names)) >= SMALLEST)
    scaled = np.column_stack([np.ones(len(facts)), (facts - centres) / spreads])
    said = diags(talks.shares) @ talks.said[:, common]
    names = [talks.names[place] for place in common.tolist()]
    return Design(hstack([scaled, said]).tocsr(), names, centres, spreads)


def _assemble(solution: Floats, design: Design, talks: Talks, leanings: Leanings) -> TradeGate:
    """The gate with the facts' weights for facts as they are measured."""
    edge = len(FACTS) + 1
    facts = solution[1:edge] / design.spreads
    weights = dict(zip(design.names, solution[edge:].tolist(), strict=True))
    leans = dict(zip(talks.names, leanings.lean().tolist(), strict=True))
    signs = {name: Sign(weights.get(name, 0.0), lean) for name, lean in leans.items()}
    return make_gate(
        {name: sign for name, sign in signs.items() if max(map(abs, sign)) >= NEGLIGIBLE},
        [word for word, is_own in zip(talks.words, leanings.own(), strict=True) if is_own],
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
