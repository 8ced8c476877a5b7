"""How sure an answer is, in three words, and when to say that nothing fits."""

from __future__ import annotations

HIGH = 0.75
MEDIUM = 0.4


def name_confidence(probability: float) -> str:
    """HIGH, MEDIUM or LOW for the probability that an item is right."""
    if probability >= HIGH:
        return "HIGH"
    return "MEDIUM" if probability >= MEDIUM else "LOW"
