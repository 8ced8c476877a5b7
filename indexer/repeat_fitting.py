"""Fitting the model of repeats on labelled pairs, and measuring it on the pairs held out.

One logistic regression over the features and the wording, both with a penalty. The wording learns
beside it from tickets whose place in a story is known: first calls and repeats.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.cues import wording
from kb.repeat import Evidence, RepeatModel, features, same_matter

WORDING_PENALTY = 0.02
FEATURE_PENALTY = 3.0
"""Of each weight squared; features are scaled to unit variance, a text's wording to length 1."""
LEAST_SEEN = 3
"""New texts of pairs that must hold a piece of wording before it gets a weight."""
FIRST_CALL = 0.1
"""Weight of one first call beside a labelled pair: there are many, and they are all alike."""
FOLDS = 5
ROUNDS = 12
PRECISION, RECALL = 0.9, 0.95
"""What the threshold aims at on left-out folds."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """A pair as the model sees it; ``fold``: which samples are left out together."""

    evidence: Evidence
    text: str
    same: bool
    fold: int


@dataclass(frozen=True)
class Call:
    """A ticket's text, and whether it was a repeat or a first call."""

    text: str
    is_repeat: bool


def fit_model(samples: Sequence[Sample], calls: Sequence[Call] = ()) -> RepeatModel:
    """The model with the threshold that serves precision and recall best on left-out folds."""
    probabilities = np.zeros(len(samples))
    folds = np.array([sample.fold % FOLDS for sample in samples])
    for fold in range(FOLDS):
        model = _fit([s for s, f in zip(samples, folds, strict=True) if f != fold], calls)
        for place in np.flatnonzero(folds == fold).tolist():
            probabilities[place] = predict(samples[place], model)
    model = _fit(samples, calls)
    threshold = choose_threshold(probabilities, np.array([sample.same for sample in samples]))
    return RepeatModel(model.base, model.weights, model.wording, threshold)


def predict(sample: Sample, model: RepeatModel) -> float:
    """Probability that a pair is about the same matter."""
    return same_matter(sample.evidence, sample.text, model)


def choose_threshold(probabilities: Matrix, same: npt.NDArray[np.bool_]) -> float:
    """The threshold whose worse margin over PRECISION and RECALL is largest."""
    best, chosen = -1.0, 0.5
    for threshold in (percent / 100 for percent in range(15, 75)):
        precision, recall = measure(probabilities >= threshold, same)
        if min(precision - PRECISION, recall - RECALL) > best:
            best = min(precision - PRECISION, recall - RECALL)
            chosen = threshold
    return chosen


def measure(flagged: npt.NDArray[np.bool_], same: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Precision and recall."""
    right = int((flagged & same).sum())
    return right / max(int(flagged.sum()), 1), right / max(int(same.sum()), 1)


def evaluate(samples: Sequence[Sample], model: RepeatModel) -> dict[str, Any]:
    """Figures of a model on some pairs."""
    same = np.array([sample.same for sample in samples], bool)
    flagged = np.array([predict(sample, model) >= model.threshold for sample in samples], bool)
    precision, recall = measure(flagged, same)
    return {
        "pairs": len(samples),
        "repeats": int(same.sum()),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
    }


def _fit(samples: Sequence[Sample], calls: Sequence[Call]) -> RepeatModel:
    names = sorted(features(samples[0].evidence))
    values = np.array([[features(s.evidence)[name] for name in names] for s in samples])
    mean, spread = values.mean(0), values.std(0) + 1e-9
    texts = [wording(sample.text) for sample in samples] + [wording(call.text) for call in calls]
    seen = Counter(piece for pieces in texts[: len(samples)] for piece in pieces)
    known = sorted(piece for piece, count in seen.items() if count >= LEAST_SEEN)
    design = np.zeros((len(texts), len(known) + len(names) + 2))
    numbers = {piece: place for place, piece in enumerate(known)}
    for row, pieces in enumerate(texts):
        known_pieces = [numbers[piece] for piece in pieces if piece in numbers]
        design[row, known_pieces] = 1 / math.sqrt(len(pieces))
    design[: len(samples), len(known) : -2] = (values - mean) / spread
    design[: len(samples), -2] = 1.0
    design[len(samples) :, -1] = 1.0
    labels = np.array([s.same for s in samples] + [c.is_repeat for c in calls], float)
    counts = np.array([1.0] * len(samples) + [1.0 if c.is_repeat else FIRST_CALL for c in calls])
    solved = _solve(design, labels, counts, features=len(names))
    weights = solved[len(known) : -2] / spread
    return RepeatModel(
        base=round(float(solved[-2] - weights @ mean), 4),
        weights={name: round(float(w), 4) for name, w in zip(names, weights, strict=True)},
        wording={
            piece: round(float(w), 3)
            for piece, w in zip(known, solved, strict=False)
            if round(w, 3)
        },
        threshold=0.5,
    )


def _solve(design: Matrix, labels: Matrix, counts: Matrix, *, features: int) -> Matrix:
    """Newton's method; the last two columns (where each kind of text starts) bear no penalty."""
    penalty = np.full(design.shape[1], 2 * WORDING_PENALTY)
    penalty[-2 - features :] = 2 * FEATURE_PENALTY
    penalty[-2:] = 1e-6
    solved = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(design @ solved, -30, 30)))
        slope = design.T @ (counts * (chance - labels)) + penalty * solved
        bend = (design * (counts * chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(bend + np.diag(penalty), slope)
        solved -= step
        if np.abs(step).max() < 1e-4:
            break
    return solved
