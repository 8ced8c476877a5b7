"""Both lanes over both collections for one query: the candidates with their fused scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from indexer.encoder import Vectors, encode_question
from indexer.fitting import fuse
from indexer.postings import Scores
from indexer.queries import Query
from indexer.scoring import top
from indexer.snapshot import Lane, Snapshot
from kb.steps import timed

ALPHA = 0.8
"""Share of the meaning lane on the desk: on class-labelled complaints (not tickets: the encoder was
trained on those) classes, procedures and past fixes are best from 0.8 on, and no rule by query
does better than one alpha for all."""

WHOLE = 20_000
"""Documents up to which every document of a collection is a candidate."""
BEST_WORDS = 400
BEST_MEANINGS = 1_000
"""Candidates of each lane in a larger collection; scores of both lanes are exact for all of them.
A document outside both has fewer points in each lane than hundreds inside."""


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


NONE = Found(np.zeros(0, np.int64), np.zeros(0, np.float32), 0.0)
NOTHING = Retrieved(NONE, NONE)


@timed("retrieve")
def retrieve(
    snapshot: Snapshot, query: Query, *, on: date, passages: bool = True, tickets: bool = True
) -> Retrieved:
    """Score both collections, or the one asked for; what is not valid on the day or deleted gets 0.

    Raise EncoderUnavailable when the encoder fails at this question.
    """
    vector = encode_question(snapshot.encoder, query.text) if snapshot.encoder else None
    found = search_lane(snapshot.passages, query, vector, on=on) if passages else NONE
    if query.older:
        query = replace(query, terms={**query.older, **query.terms})
    return Retrieved(
        found, search_lane(snapshot.tickets, query, vector, on=on) if tickets else NONE
    )


def search_lane(lane: Lane, query: Query, vector: Vectors | None, *, on: date) -> Found:
    """Candidates of one collection with the scores of both lanes fused."""
    blocked = lane.blocked(on.toordinal())
    words = lane.words.score(query.terms)
    words[blocked] = 0
    if vector is None or not lane.meaning.dimension:
        places = _candidates(words, None)
        fused = fuse(words[places], np.zeros(len(places), np.float32), 0.0)
        return Found(places, fused, 0.0)
    meaning = lane.meaning.scan(vector)
    meaning[blocked] = 0
    places = _candidates(words, meaning)
    cosines = meaning[places]
    if not lane.meaning.is_exact:
        cosines = np.where(cosines != 0, lane.meaning.exact(vector, places), np.float32(0))
    fused = fuse(words[places], cosines, ALPHA)
    return Found(places, fused, float(cosines.max(initial=0.0)))


def _candidates(words: Scores, meaning: Scores | None) -> npt.NDArray[np.int64]:
    if len(words) <= WHOLE:
        return np.arange(len(words))
    best = top(words, BEST_WORDS)
    if meaning is None:
        return np.sort(best)
    return np.union1d(best, top(meaning, BEST_MEANINGS))
