"""Both lanes over both collections for one query: a score for every document."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np

from indexer.analysis import Analyzer
from indexer.encoder import Vectors
from indexer.fitting import fuse
from indexer.queries import Query
from indexer.scoring import Scores
from indexer.snapshot import Lane, Snapshot

ALPHA = 0.5
"""Share of the meaning lane on the desk. On the class-labelled complaints class top-1 is flat from
0.3 to 0.6. It is not fitted on the desk's own tickets: the encoder was trained on them."""


TELLING = 3
WORDS_A_DOCUMENT = 40
UNSEEN = 0.05


@dataclass(frozen=True)
class Strength:
    """How well the query fits the desk, on scales that compare across queries.

    ``cosine``: of the best vector, 0 without an encoder. ``keyness``: sum over its three most
    telling words of the log ratio of their share in the desk's documents to that in Chinese at
    large (Dunning 1993 uses the same ratio): high for talk of the trade, low for small talk.
    """

    cosine: float
    keyness: float


@dataclass(frozen=True)
class Retrieved:
    """Fused scores (0 to 1, the best of the query is near 1) of every passage and ticket."""

    passages: Scores
    tickets: Scores
    strength: Strength


def retrieve(snapshot: Snapshot, query: Query, analyzer: Analyzer, *, on: date) -> Retrieved:
    """Score everything; passages not valid on the day and deleted documents get 0."""
    vector = snapshot.encoder.encode([query.text])[0] if snapshot.encoder else None
    passages, first = _lane_scores(snapshot.passages, query, vector, on=on)
    tickets, second = _lane_scores(snapshot.tickets, query, vector, on=on)
    strength = Strength(max(first, second), measure_keyness(snapshot, query, analyzer))
    return Retrieved(passages, tickets, strength)


def _lane_scores(
    lane: Lane, query: Query, vector: Vectors | None, *, on: date
) -> tuple[Scores, float]:
    """Fused scores of a collection, with its best cosine."""
    rows = lane.collection.rows
    day = on.toordinal()
    usable = lane.collection.alive & (rows.valid_from <= day) & (day < rows.valid_until)
    words = np.where(usable, lane.scorer.score(query.terms), np.float32(0))
    if vector is None or not lane.collection.vectors.shape[1]:
        return fuse(words, np.zeros_like(words), 0.0), 0.0
    meaning = np.where(usable, lane.collection.vectors @ vector, np.float32(0))
    return fuse(words, meaning, ALPHA), float(meaning.max(initial=0.0))


def measure_keyness(snapshot: Snapshot, query: Query, analyzer: Analyzer) -> float:
    """How much a query speaks of the trade; see Strength."""
    lanes = (snapshot.passages, snapshot.tickets)
    size = WORDS_A_DOCUMENT * sum(len(lane.collection) for lane in lanes) or 1
    ratios = []
    for text, is_word in query.terms:
        if not is_word or text not in query.written or (len(text) == 1 and not text.isdigit()):
            continue
        found = [lane.scorer.impacts(text, is_word=True) for lane in lanes]
        count = sum(len(each[0]) for each in found if each is not None)
        ratio = math.log((count + UNSEEN) / size / analyzer.general_share(text))
        ratios.append(ratio if count else min(ratio, 0.0))
    return sum(sorted(ratios)[-TELLING:])
