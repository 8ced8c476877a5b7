"""Given documents and pairs that belong together: the encoder, word weights and fusion for them.

Whole matters are held out (``indexer.families``), everything that is chosen is chosen on them, and
encoder and term weights are then learned anew from all pairs. All texts, held-out ones too, are in
the corpus while the encoder is trained for judging: otherwise those it never had to win against
would look better than they are.
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
from indexer.families import hold_out_matters
from indexer.fitting import Fusion, Matrix, Relevant, choose_words, fit_fusion
from indexer.meaning import MeaningScorer
from indexer.postings import WordWeights
from indexer.progress import Progress
from indexer.queries import QueryBuilder
from indexer.relevance import TermWeights, learn_term_weights, terms_of
from indexer.scoring import WordScorer
from indexer.training import TrainingPlan, TrainingSet, find_start, train_encoder
from kb.vocabulary import Vocabulary

Pair = tuple[str, str]
FLOORS = (0.0, 1.0)
"""Plain BM25F, or BM25+ with the floor its authors recommend."""
MOST_JUDGED = 1_000
"""Pairs held out to choose by, at most."""


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
    held = hold_out_matters(start.embed([right for _, right in cut]), seed=plan.seed)

    def train(name: str, chosen: Sequence[int]) -> tuple[StaticEncoder, TermWeights]:
        place = folder / name
        place.mkdir(parents=True)
        part = TrainingSet(texts, [cut[number] for number in chosen])
        train_encoder(place, part, plan, start=start, progress=progress)
        return StaticEncoder(place, analyzer), _learn_terms(corpus, chosen, analyzer)

    words, fusion = WordWeights(), Fusion()
    if held:
        encoder, terms = train("trial", [n for n in range(len(cut)) if n not in held])
        chosen = sorted(held)[:: max(1, len(held) // MOST_JUDGED)]
        trial = _Trial(corpus, chosen, analyzer, encoder, terms)
        words, fusion = trial.choose(words, folder)
    encoder, terms = train("encoder", range(len(cut)))
    return Tuned(encoder, words, terms, fusion, len(held))


def _learn_terms(corpus: _Corpus, chosen: Sequence[int], analyzer: Analyzer) -> TermWeights:
    if not chosen:
        return TermWeights()
    pairs = [tuple(terms_of(analyzer, side) for side in corpus.pairs[n]) for n in chosen]
    documents = (terms_of(analyzer, each.text) for each in corpus.documents)
    return learn_term_weights(documents, [(left, right) for left, right in pairs])


@dataclass(frozen=True)
class _Trial:
    """Held-out pairs, each to find its partner, with what was learned from the others."""

    corpus: _Corpus
    chosen: Sequence[int]
    analyzer: Analyzer
    encoder: StaticEncoder
    terms: TermWeights

    def choose(self, plain: WordWeights, folder: Path) -> tuple[WordWeights, Fusion]:
        """The floor and the fusion that find partners best."""
        lefts = [self.corpus.pairs[number][0] for number in self.chosen]
        collection = self._index(folder / "plain", plain, self.encoder)
        raised = self._index(folder / "raised", replace(plain, floor=FLOORS[1]), None)
        options = [self._score(each, lefts) for each in (collection, raised)]
        nearest = MeaningScorer(collection)
        places = np.arange(collection.size)
        vectors = self.encoder.encode(lefts)
        meaning = np.stack([nearest.exact(vector, places) for vector in vectors])
        relevant = self._relevant(collection)
        option = choose_words(options, relevant)
        fusion = fit_fusion(options[option], meaning, relevant)
        return replace(plain, floor=FLOORS[option]), fusion

    def _index(
        self, folder: Path, weights: WordWeights, encoder: StaticEncoder | None
    ) -> Collection:
        create_collection(folder, weights)
        documents = self.corpus.documents
        commit_documents(folder, documents, drop=(), analyzer=self.analyzer, encoder=encoder)
        return Collection(folder)

    def _score(self, collection: Collection, lefts: Sequence[str]) -> Matrix:
        builder = QueryBuilder(self.analyzer, Vocabulary(), self.terms)
        scorer = WordScorer(collection)
        return np.stack([scorer.score(builder.build(left).terms) for left in lefts])

    def _relevant(self, collection: Collection) -> Relevant:
        wanted = np.array([self.corpus.partners[number] for number in self.chosen])
        relevant: Relevant = np.array(collection.keys())[None, :] == wanted[:, None]
        return relevant
