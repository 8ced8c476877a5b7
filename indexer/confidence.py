"""How sure an answer is, in three words, and when to say that nothing fits."""

from __future__ import annotations

from indexer.retrieval import Strength

HIGH = 0.75
MEDIUM = 0.4
COSINE, KEYNESS, START, LEAST_FIT = 9.5, 0.4, -9.4, -1.4
"""A logistic regression of "is this a complaint of our trade" on class-labelled complaints against
chit-chat, nonsense and other trades: at LEAST_FIT 2 % of the complaints and 88 % of the others
abstain."""
LEXICAL_KEYNESS = 6.0
"""Without an encoder keyness alone decides."""


def name_confidence(probability: float) -> str:
    """HIGH, MEDIUM or LOW for the probability that an item is right."""
    if probability >= HIGH:
        return "HIGH"
    return "MEDIUM" if probability >= MEDIUM else "LOW"


def is_too_weak(strength: Strength, *, mode: str) -> bool:
    """Whether the text is too unlike a complaint of this desk to suggest anything."""
    if mode == "lexical":
        return strength.keyness < LEXICAL_KEYNESS
    return START + COSINE * strength.cosine + KEYNESS * strength.keyness < LEAST_FIT
