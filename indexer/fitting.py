"""How much to trust each lane for one query: learned on judged queries, from scores alone.

``alpha`` is the share of the meaning lane in the fused score; 0 is words alone. It is a logistic
function of what the two lanes themselves show of the query: a near vector speaks for meaning, a
word score far ahead of the next speaks for words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SIGNALS = ("cosine", "words_lead", "meaning_lead", "nearest_by_words", "best_by_meaning")
"""Best cosine; how far the first word score is ahead of the second (share of the first); how far
the first cosine is ahead; word score of the nearest document and cosine of the best word hit, as
shares of the best of their lane."""
CENTRES = np.array([0.6, 0.1, 0.05, 0.6, 0.7])
"""Usual values of SIGNALS: there, alpha is that of the bias alone."""

PRIOR = 0.2
"""Alpha where there is nothing to fit on: words lead. With an encoder trained on texts alone it
gained 0.001 to 0.004 of nDCG@10 over words on three judged sets and lost 0.003 on the fourth, whose
questions repeat the words of the answer; ``kb eval`` tells the difference on any set."""
WORDS_ALONE = -20.0
"""The bias with which meaning counts for nothing."""
GRID = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
COST = 0.05
"""What an alpha of 1 must gain, as a share of the reciprocal rank: held-out pairs are easier for
meaning than what is asked later, even when whole matters are held out. On three splits of two
sets, meaning gained 0.15 to 0.3 for an alpha of 1 where it helps, and under 0.04 where it does
not."""
SHRINKAGE = 5e-3
FOLDS = 5
MOST_CANDIDATES = 100
"""Of each lane, when a fusion is fitted."""
LEAST_QUERIES = 30

Matrix = npt.NDArray[np.float32]
Relevant = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fusion:
    """Learned weights: alpha = logistic(bias + Σ slope · (signal - centre)), slopes as SIGNALS."""

    bias: float = float(np.log(PRIOR / (1 - PRIOR)))
    slopes: tuple[float, ...] = (0.0,) * len(SIGNALS)

    def alpha(self, words: Matrix, meaning: Matrix) -> Values:
        """Share of meaning for each query; shapes (..., documents) → (...)."""
        signals = measure_signals(words, meaning) - CENTRES
        shares: Values = _logistic(self.bias + signals @ np.array(self.slopes))
        return shares

    def fuse(self, words: Matrix, meaning: Matrix) -> Matrix:
        """Fused scores (0 to 1) of the candidates of each query."""
        return fuse(words, meaning, self.alpha(words, meaning)[..., None])

    def as_json(self) -> dict[str, Any]:
        """The weights by name."""
        return {"bias": self.bias, "slopes": dict(zip(SIGNALS, self.slopes, strict=True))}


def fuse(words: Matrix, meaning: Matrix, alpha: float | Values) -> Matrix:
    """Both lanes scaled by their best document of the query, then mixed: (1 - alpha), alpha.

    Shapes (..., documents). A lane without a positive score adds nothing.
    """
    mixed: Matrix = ((1 - alpha) * _scaled(words) + alpha * _scaled(meaning)).astype(np.float32)
    return mixed


def _scaled(scores: Matrix) -> Matrix:
    best = scores.max(axis=-1, keepdims=True, initial=0.0)
    positive = np.maximum(scores, 0)
    scaled: Matrix = np.divide(positive, best, out=np.zeros_like(positive), where=best > 0)
    return scaled


def measure_signals(words: Matrix, meaning: Matrix) -> Values:
    """SIGNALS of each query, shape (..., 5); shapes of both lanes (..., documents ≥ 1)."""
    by_words, by_meaning = _scaled(words), _scaled(meaning)
    cosine = meaning.max(axis=-1, initial=0.0)
    best = words.argmax(axis=-1)[..., None]
    nearest = meaning.argmax(axis=-1)[..., None]
    signals = [
        cosine,
        1 - _second(by_words),
        cosine * (1 - _second(by_meaning)),
        np.take_along_axis(by_words, nearest, -1)[..., 0],
        np.take_along_axis(by_meaning, best, -1)[..., 0],
    ]
    return np.stack(signals, axis=-1).astype(np.float64)


def _second(scaled: Matrix) -> Matrix:
    if scaled.shape[-1] < 2:
        return np.zeros(scaled.shape[:-1], np.float32)
    return np.partition(scaled, -2, axis=-1)[..., -2]


def reciprocal_ranks(scores: Matrix, relevant: Relevant) -> Values:
    """For each query (row) 1 / rank of its best relevant document, 0 past the tenth."""
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    ranks = 1 + (scores > best).sum(axis=1)
    return np.where((ranks <= 10) & np.isfinite(best[:, 0]), 1 / ranks, 0.0)


def choose_words(options: Sequence[Matrix], relevant: Relevant) -> int:
    """Which word scores find the relevant documents best: the first, unless another is better by
    more than one standard error."""
    if len(relevant) < LEAST_QUERIES:
        return 0
    ranks = [reciprocal_ranks(each, relevant) for each in options]
    best = int(np.argmax([each.mean() for each in ranks]))
    gain = ranks[best] - ranks[0]
    return best if gain.mean() > _error(gain) else 0


def fit_fusion(words: Matrix, meaning: Matrix, relevant: Relevant) -> Fusion:
    """The fusion that finds the relevant documents best; the default when there are few queries.

    One alpha for all, which has to earn its COST. Then alpha by signals, taken if it is better on
    queries it was not fitted on, by more than one standard error.
    """
    if len(words) < LEAST_QUERIES:
        return Fusion()
    alpha = _best_alpha(words, meaning, relevant)
    even = Fusion(float(np.log(alpha / (1 - alpha))) if alpha else WORDS_ALONE)
    if not alpha:
        return even
    cases = _gather(words, meaning, relevant)
    held = reciprocal_ranks(even.fuse(words, meaning), relevant)
    ranks = np.zeros(len(words))
    for fold in range(FOLDS):
        out = np.arange(len(words)) % FOLDS == fold
        fusion = _fit(cases.select(~out), even)
        ranks[out] = reciprocal_ranks(fusion.fuse(words[out], meaning[out]), relevant[out])
    is_better = ranks.mean() - held.mean() > _error(ranks - held)
    return _fit(cases, even) if is_better else even


def _best_alpha(words: Matrix, meaning: Matrix, relevant: Relevant) -> float:
    """The alpha of the grid with the best mean, less its COST."""
    ranks = [reciprocal_ranks(fuse(words, meaning, alpha), relevant).mean() for alpha in GRID]
    worth = np.log(np.maximum(ranks, 1e-9)) - COST * np.array(GRID)
    return GRID[int(worth.argmax())]


def _error(differences: Values) -> float:
    """The standard error of a mean over queries."""
    return float(differences.std() / np.sqrt(len(differences)))


@dataclass(frozen=True)
class _Cases:
    """Candidates of the queries that have a relevant one among them, lanes scaled, -inf where a
    candidate stands twice; ``gains``: each relevant candidate's share; ``rows``: the queries."""

    words: Values
    meaning: Values
    signals: Values
    gains: Values
    rows: npt.NDArray[np.int64]

    def select(self, kept: npt.NDArray[np.bool_]) -> _Cases:
        """The cases of the queries marked in ``kept``."""
        chosen = kept[self.rows]
        return _Cases(
            self.words[chosen],
            self.meaning[chosen],
            self.signals[chosen],
            self.gains[chosen],
            self.rows[chosen],
        )


def _gather(words: Matrix, meaning: Matrix, relevant: Relevant) -> _Cases:
    count = min(MOST_CANDIDATES, words.shape[1])
    best = [np.argpartition(-lane, count - 1, axis=1)[:, :count] for lane in (words, meaning)]
    places = np.sort(np.concatenate(best, axis=1), axis=1)
    double = np.diff(places, axis=1, prepend=-1) == 0
    found = np.take_along_axis(relevant, places, 1) & ~double
    rows = np.flatnonzero(found.any(axis=1))

    def held(scores: Matrix) -> Values:
        taken = np.take_along_axis(_scaled(scores), places, 1)
        return np.where(double, -np.inf, taken)[rows].astype(np.float64)

    gains = found[rows] / found[rows].sum(axis=1, keepdims=True)
    signals = measure_signals(words, meaning)[rows] - CENTRES
    return _Cases(held(words), held(meaning), signals, gains, rows)


def _shares(mixed: Values, doubles: npt.NDArray[np.bool_], sharpness: float) -> Values:
    """The softmax over each query's candidates."""
    logits = np.where(doubles, -np.inf, sharpness * mixed)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Values = odds / odds.sum(axis=1, keepdims=True)
    return shares


def _fit(cases: _Cases, even: Fusion) -> Fusion:
    """Least listwise cross entropy (Cao et al. 2007) with shrinkage towards ``even``."""
    from scipy.optimize import minimize  # 0.3 s of a start that fits nothing

    doubles = np.isinf(cases.words)
    words = np.where(doubles, 0, cases.words)
    apart = np.where(doubles, 0, cases.meaning) - words

    def cost(values: Values) -> tuple[float, Values]:
        bias, slopes, sharpness = values[0], values[1:-1], float(np.exp(values[-1]))
        alpha = _logistic(bias + cases.signals @ slopes)[:, None]
        mixed = words + alpha * apart
        shares = _shares(mixed, doubles, sharpness)
        wrong = shares - cases.gains
        loss = -(cases.gains * np.log(np.maximum(shares, 1e-12))).sum(axis=1).mean()
        loss += SHRINKAGE * ((bias - even.bias) ** 2 + (slopes**2).sum())
        pull = (alpha * (1 - alpha))[:, 0] * sharpness * (wrong * apart).sum(axis=1)
        gradient = [
            [pull.mean() + 2 * SHRINKAGE * (bias - even.bias)],
            cases.signals.T @ pull / len(pull) + 2 * SHRINKAGE * slopes,
            [(wrong * sharpness * mixed).sum(axis=1).mean()],
        ]
        return float(loss), np.concatenate(gradient)

    begin = np.array([even.bias, *even.slopes, np.log(10.0)])
    found = minimize(cost, begin, jac=True, method="L-BFGS-B").x
    return Fusion(float(found[0]), tuple(found[1:-1].tolist()))


def _logistic(values: Values | float) -> Values:
    odds: Values = 1 / (1 + np.exp(-np.asarray(values, np.float64)))
    return odds
