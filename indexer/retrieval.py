"""Both lanes over both collections for one query: the candidates with their fused scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.encoder import Vectors
from indexer.fitting import fuse
from indexer.postings import Scores
from indexer.queries import Query
from indexer.scoring import top
from indexer.snapshot import Lane, Snapshot

ALPHA = 0.5
"""Share of the meaning lane on the desk. On the class-labelled complaints class top-1 is flat from
0.3 to 0.6. It is not fitted on the desk's own tickets: the encoder was trained on them."""

WHOLE = 20_000
"""Documents up to which every document of a collection is a candidate."""
BEST_WORDS = 400
BEST_MEANINGS = 1_000
"""Candidates of each lane in a larger collection; scores of both lanes are exact for all of them.
A document outside both has fewer points in each lane than hundreds inside."""

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
class Found:
    """Candidates of one collection: their numbers, increasing, and fused scores (0 to 1, the best
    of the query near 1; 0 for what must not be shown). ``cosine``: the best."""

    places: npt.NDArray[np.int64]
    scores: Scores
    cosine: float

    def best(self, count: int) -> list[tuple[int, float]]:
        """The ``count`` best (number, score) with a positive score, best first."""
        chosen = top(self.scores, count)
        return list(zip(self.places[chosen].tolist(), self.scores[chosen].tolist(), strict=True))


@dataclass(frozen=True)
class Retrieved:
    """What was found in the handbook and among the tickets."""

    passages: Found
    tickets: Found
    strength: Strength


def retrieve(snapshot: Snapshot, query: Query, analyzer: Analyzer, *, on: date) -> Retrieved:
    """Score both collections; what is not valid on the day or deleted gets 0."""
    vector = snapshot.encoder.encode([query.text])[0] if snapshot.encoder else None
    passages = search_lane(snapshot.passages, query, vector, on=on)
    tickets = search_lane(snapshot.tickets, query, vector, on=on)
    strength = Strength(
        max(passages.cosine, tickets.cosine), measure_keyness(snapshot, query, analyzer)
    )
    return Retrieved(passages, tickets, strength)


def search_lane(lane: Lane, query: Query, vector: Vectors | None, *, on: date) -> Found:
    """Candidates of one collection with the scores of both lanes fused."""
    blocked = lane.blocked(on.toordinal())
    words = lane.words.score(query.terms)
    words[blocked] = 0
    if vector is None or not lane.meaning.dimension:
        places = _candidates(words, None)
        return Found(places, fuse(words[places], np.zeros(len(places), np.float32), 0.0), 0.0)
    meaning = lane.meaning.scan(vector)
    meaning[blocked] = 0
    places = _candidates(words, meaning)
    cosines = meaning[places]
    if not lane.meaning.is_exact:
        cosines = np.where(cosines != 0, lane.meaning.exact(vector, places), np.float32(0))
    return Found(places, fuse(words[places], cosines, ALPHA), float(cosines.max(initial=0.0)))


def _candidates(words: Scores, meaning: Scores | None) -> npt.NDArray[np.int64]:
    if len(words) <= WHOLE:
        return np.arange(len(words))
    best = top(words, BEST_WORDS)
    if meaning is None:
        return np.sort(best)
    return np.union1d(best, top(meaning, BEST_MEANINGS))


def measure_keyness(snapshot: Snapshot, query: Query, analyzer: Analyzer) -> float:
    """How much a query speaks of the trade; see Strength."""
    ratios = [
        word_keyness(snapshot, text, analyzer)
        for text, is_word in query.terms
        if is_word and text in query.written and (len(text) > 1 or text.isdigit())
    ]
    return sum(sorted(ratios)[-TELLING:])


def word_keyness(snapshot: Snapshot, word: str, analyzer: Analyzer) -> float:
    """How much one word is of the trade; not above 0 for one that no document holds."""
    lanes = (snapshot.passages, snapshot.tickets)
    size = WORDS_A_DOCUMENT * sum(len(lane.collection) for lane in lanes) or 1
    count = sum(lane.words.document_count(word, True) for lane in lanes)
    ratio = math.log((count + UNSEEN) / size / analyzer.general_share(word))
    return ratio if count else min(ratio, 0.0)
