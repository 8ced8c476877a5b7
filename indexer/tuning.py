"""Given documents and pairs that belong together: the encoder, word weights and fusion for them.

Whole matters are held out (``indexer.families``), part by part. Everything that is chosen is chosen
on pairs that were held out; encoder and term weights are then learned anew from all pairs. All
texts, held-out ones too, are in the corpus while an encoder is trained for judging: otherwise those
it never had to win against would look better than they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.encoder import StaticEncoder
from indexer.families import PARTS, part_by_matter
from indexer.fitting import Fusion, Matrix, Relevant, choose_words, fit_fusion
from indexer.postings import WordWeights
from indexer.progress import Progress
from indexer.queries import QueryBuilder
from indexer.relevance import TermWeights, count_documents, learn_term_weights, terms_of
from indexer.scoring import WordScorer, top
from indexer.training import Tokens, TrainingPlan, TrainingSet, find_start, train_encoder
from kb.vocabulary import Vocabulary

Pair = tuple[str, str]
FLOORS = (0.0, 1.0)
"""Plain BM25F, or BM25+ with the floor its authors recommend."""
MOST_JUDGED = 3_000
"""Pairs to choose by, at most."""
NEAREST = 200
"""Candidates each lane brings for a pair."""


@dataclass(frozen=True)
class Tuned:
    """What was learned. ``held_out``: pairs it was chosen on, 0 where nothing could be chosen."""

    encoder: StaticEncoder
    words: WordWeights
    terms: TermWeights
    fusion: Fusion
    held_out: int


@dataclass(frozen=True)
class _Corpus:
    """Documents, then the partners that stand in none of them; ``partners``: of each pair."""

    documents: Sequence[Document]
    pairs: Sequence[Pair]
    partners: Sequence[str]

    @classmethod
    def gather(cls, documents: Sequence[Document], pairs: Sequence[Pair]) -> _Corpus:
        """A pair whose question stands in its answer teaches nothing and is left out."""
        usable = [(left, right) for left, right in pairs if left.strip() not in right]
        keys = {each.text.strip(): each.key for each in documents}
        added = []
        for number, (_, right) in enumerate(usable):
            if right.strip() not in keys:
                keys[right.strip()] = f"partner-{number}"
                added.append(Document(f"partner-{number}", "", right))
        partners = [keys[right.strip()] for _, right in usable]
        return cls([*documents, *added], usable, partners)


def tune(
    documents: Sequence[Document],
    pairs: Sequence[Pair],
    analyzer: Analyzer,
    folder: Path,
    *,
    progress: Progress,
) -> Tuned:
    """Learn from documents and pairs; without pairs, from what occurs together alone."""
    corpus = _Corpus.gather(documents, pairs)
    texts = [analyzer.tokens(each.text) for each in corpus.documents]
    cut = [(analyzer.tokens(left), analyzer.tokens(right)) for left, right in corpus.pairs]
    training, plan = TrainingSet(texts, cut), TrainingPlan()
    start = find_start(training, plan)
    counted = count_documents(terms_of(analyzer, each.text) for each in corpus.documents)
    asked = [(terms_of(analyzer, left), terms_of(analyzer, right)) for left, right in corpus.pairs]
    parts = part_by_matter(start.embed([right for _, right in cut]), seed=plan.seed)

    def learn(name: str, chosen: Sequence[int]) -> tuple[StaticEncoder, TermWeights]:
        place = folder / name
        place.mkdir(parents=True)
        part = TrainingSet(texts, [cut[number] for number in chosen])
        train_encoder(place, part, plan, start=start, progress=progress)
        terms = learn_term_weights(counted, [asked[number] for number in chosen])
        return StaticEncoder(place, analyzer), terms

    words, fusion, held = WordWeights(), Fusion(), 0
    if len(parts):
        court = _Court(corpus, texts, analyzer, folder, words)
        trials = []
        for part in range(PARTS):
            encoder, terms = learn(f"trial-{part}", np.flatnonzero(parts != part).tolist())
            trials.append(court.judge(np.flatnonzero(parts == part).tolist(), encoder, terms))
        trial = _Trial(*(np.concatenate(arrays) for arrays in zip(*trials, strict=True)))
        words, fusion, held = *trial.choose(words), len(trial.meaning)
    encoder, terms = learn("encoder", range(len(cut)))
    return Tuned(encoder, words, terms, fusion, held)


@dataclass(frozen=True)
class _Trial:
    """Both lanes' scores of the candidates of held-out pairs, shape (pairs, candidates): ``plain``
    and ``raised`` of words, without and with the floor."""

    plain: Matrix
    raised: Matrix
    meaning: Matrix
    relevant: Relevant

    def choose(self, words: WordWeights) -> tuple[WordWeights, Fusion]:
        """The floor and the fusion that find partners best."""
        options = (self.plain, self.raised)
        option = choose_words(options, self.relevant)
        fusion = fit_fusion(options[option], self.meaning, self.relevant)
        return replace(words, floor=FLOORS[option]), fusion


class _Court:
    """Lets held-out pairs find their partners among all documents."""

    def __init__(
        self,
        corpus: _Corpus,
        texts: Sequence[Tokens],
        analyzer: Analyzer,
        folder: Path,
        words: WordWeights,
    ) -> None:
        """Index the documents without and with the floor."""
        self._corpus = corpus
        self._texts = texts
        self._analyzer = analyzer
        self._scorers = []
        for floor in FLOORS:
            place = folder / f"floor-{floor}"
            create_collection(place, replace(words, floor=floor))
            commit_documents(place, corpus.documents, drop=(), analyzer=analyzer, encoder=None)
            self._scorers.append(WordScorer(Collection(place)))
        places = {each.key: place for place, each in enumerate(corpus.documents)}
        self._partners = [places[key] for key in corpus.partners]

    def judge(
        self, held: Sequence[int], encoder: StaticEncoder, terms: TermWeights
    ) -> tuple[Matrix, Matrix, Matrix, Relevant]:
        """The fields of a trial of (some of) the held-out pairs: a row each, padded with 0."""
        chosen = held[:: max(1, len(held) * PARTS // MOST_JUDGED)]
        builder = QueryBuilder(self._analyzer, Vocabulary(), terms)
        vectors = encoder.encode_tokens(self._texts)
        scores = np.zeros((len(chosen), len(FLOORS) + 1, (len(FLOORS) + 1) * NEAREST), np.float32)
        relevant = np.zeros((len(chosen), scores.shape[2]), bool)
        for row, number in enumerate(chosen):
            query = builder.build(self._corpus.pairs[number][0])
            lanes = [scorer.score(query.terms) for scorer in self._scorers]
            lanes.append(vectors @ encoder.encode([query.text])[0])
            places = np.unique(np.concatenate([top(lane, NEAREST) for lane in lanes]))
            scores[row, :, : len(places)] = np.stack([lane[places] for lane in lanes])
            relevant[row, : len(places)] = places == self._partners[number]
        plain, raised, meaning = scores.transpose(1, 0, 2)
        return plain, raised, meaning, relevant
