"""Texts worded alike, brought together: the same in the same order gives the same groups.

Each text joins the group it is nearest to by the cosine of its words with all of the group's, words
weighing by how rare they are in Chinese at large; none near enough, it begins one. As texts come
oldest first, a group keeps its members when more evidence arrives (the leader algorithm: J. A.
Hartigan, Clustering Algorithms, 1975, ch. 3).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.analysis import Analyzer
from kb.gap import Cluster, Evidence

NEAR = 0.35
"""Least cosine to a group. Sentences about one matter share a telling word or two."""
COMMON = 2e-4
"""A word with more than this share of all Chinese words (那个, 一直) says nothing of the matter."""
LABEL_WORDS = 4
LEAST_SHARE = 0.3
"""A word of the label stands in at least this share of the group's texts."""
Vector = Mapping[str, float]


@dataclass
class _Group:
    members: list[Evidence] = field(default_factory=list)
    words: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    length: float = 0.0

    def add(self, evidence: Evidence, vector: Vector) -> None:
        """Take in one text; ``length`` follows."""
        self.members.append(evidence)
        self.counts.update(vector)
        for word, weight in vector.items():
            self.words[word] = self.words.get(word, 0.0) + weight
        self.length = math.sqrt(math.fsum(weight * weight for weight in self.words.values()))


def cluster_evidence(evidence: Iterable[Evidence], analyzer: Analyzer) -> list[Cluster]:
    """Group evidence by wording; what holds no telling word is left out."""
    groups: list[_Group] = []
    places: dict[str, list[int]] = defaultdict(list)
    for each in evidence:
        vector = read_words(each.text, analyzer)
        if not vector:
            continue
        place = _nearest(vector, groups, places)
        if place is None:
            place = len(groups)
            groups.append(_Group())
        for word in vector.keys() - groups[place].words.keys():
            places[word].append(place)
        groups[place].add(each, vector)
    return [Cluster(tuple(group.members), _label(group)) for group in groups]


def read_words(text: str, analyzer: Analyzer) -> dict[str, float]:
    """The telling words of a text: a unit vector of their rarity."""
    weights = {
        word: -math.log(share)
        for word in set(analyzer.words(text))
        if len(word) > 1 and (share := analyzer.general_share(word)) < COMMON
    }
    length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
    return {word: weights[word] / length for word in sorted(weights)}


def _nearest(
    vector: Vector, groups: Sequence[_Group], places: Mapping[str, Sequence[int]]
) -> int | None:
    """The nearest group, the older one of two as near; None if none is near enough."""
    dots: dict[int, float] = defaultdict(float)
    for word, weight in vector.items():
        for place in places.get(word, ()):
            dots[place] += weight * groups[place].words[word]
    near = [(dot / groups[place].length, -place) for place, dot in dots.items()]
    best, place = max(near, default=(0.0, 0))
    return -place if best >= NEAR else None


def _label(group: _Group) -> str:
    """The words that tell the group, most telling first."""
    least = LEAST_SHARE * len(group.members)
    telling = [word for word, count in group.counts.items() if count >= least]
    telling.sort(key=lambda word: (-group.words[word], word))
    words = telling or sorted(group.words, key=lambda word: (-group.words[word], word))
    return " ".join(words[:LABEL_WORDS])
