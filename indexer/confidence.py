"""How sure an answer is, in three words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from indexer.classification import ClassEvidence

HIGH = 0.75
MEDIUM = 0.4


def name_confidence(probability: float) -> str:
    """HIGH, MEDIUM or LOW for the probability that an item is right."""
    if probability >= HIGH:
        return "HIGH"
    return "MEDIUM" if probability >= MEDIUM else "LOW"


def fit_probability(classes: Iterable[ClassEvidence], codes: Sequence[str]) -> float:
    """Probability that the complaint is of one of these classes, of whatever level."""
    prefixes = tuple(codes)
    return sum(each.probability for each in classes if each.code.startswith(prefixes))
