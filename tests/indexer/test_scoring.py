"""The word lane against BM25F from raw tokens, over several segments and with deletions."""

from __future__ import annotations

import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.postings import FIELDS, WordWeights
from indexer.recipe import read_recipe
from indexer.scoring import WordScorer, top
from kb.vocabulary import Vocabulary

WEIGHTS = WordWeights(
    k1=0.7, b=0.6, title=1.5, keywords=1.2, complaint=1.0, steps=0.7, resolution=0.5, pairs=0.8
)
WORDS = [
    "宽带",
    "断网",
    "光猫",
    "红灯",
    "话费",
    "扣费",
    "退订",
    "携转",
    "授权码",
    "停机",
    "复机",
    "漫游",
    "流量",
    "套餐",
    "师傅",
    "装机",
    "691",
    "los",
]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(Vocabulary())


def made_documents(count: int, seed: int) -> list[Document]:
    rng = random.Random(seed)

    def text(longest: int) -> str:
        return "，".join(rng.choices(WORDS, k=rng.randint(1, longest)))

    return [
        Document(f"t|{seed}-{place}|", text(4), text(12), text(3), text(20), text(9))
        for place in range(count)
    ]


def raw_scores(
    documents: list[Document],
    analyzer: Analyzer,
    terms: dict[tuple[str, bool], float],
    pivots: dict[str, list[float]],
) -> dict[str, float]:
    """BM25F straight from the formula, with no index; ``pivots`` are the average lengths."""

    def fields(document: Document, is_word: bool) -> dict[str, Counter[str]]:
        return {
            name: Counter(
                term.text
                for term in analyzer.terms(text)
                if (term.is_word if is_word else not term.is_word or len(term.text) == 2)
            )
            for name, text in zip(FIELDS, document.fields, strict=True)
        }

    scores = dict.fromkeys((document.key for document in documents), 0.0)
    for (text, is_word), weight in terms.items():
        counted = {document.key: fields(document, is_word) for document in documents}
        average = dict(zip(FIELDS, pivots["words" if is_word else "pairs"], strict=True))
        holding = [key for key, each in counted.items() if any(text in c for c in each.values())]
        idf = math.log(1 + (len(documents) - len(holding) + 0.5) / (len(holding) + 0.5))
        for key in holding:
            frequency = sum(
                getattr(WEIGHTS, side)
                * counts[text]
                / (1 - WEIGHTS.b + WEIGHTS.b * sum(counts.values()) / average[side])
                for side, counts in counted[key].items()
                if counts[text]
            )
            share = 1.0 if is_word else WEIGHTS.pairs
            part = frequency * (WEIGHTS.k1 + 1) / (frequency + WEIGHTS.k1)
            scores[key] += weight * share * idf * part
    return scores


def test_scores_are_exact_over_segments_and_deletions(tmp_path: Path, analyzer: Analyzer) -> None:
    create_collection(tmp_path, WEIGHTS)
    first, second, third = (
        made_documents(count, seed) for seed, count in ((1, 150), (2, 40), (3, 1))
    )
    for documents, drop in (
        (first, ()),
        (second, [first[3].key, first[90].key]),
        (third, [second[0].key]),
    ):
        commit_documents(tmp_path, documents, drop=drop, analyzer=analyzer, encoder=None)
    gone = {first[3].key, first[90].key, second[0].key}
    living = [each for each in first + second + third if each.key not in gone]
    collection = Collection(tmp_path)
    assert len(collection.segments) == 3
    scorer = WordScorer(collection)
    pivots = read_recipe(tmp_path).pivots
    assert pivots is not None
    for query in ("宽带断网光猫红灯", "691", "话费扣费退订套餐流量", "师傅装机"):
        terms = {(term.text, term.is_word): 1.0 for term in analyzer.terms(query)}
        terms["宽带", False] = 0.3
        wanted = raw_scores(living, analyzer, terms, pivots)
        scores = scorer.score(terms)
        got = dict(zip(collection.keys(), scores.tolist(), strict=True))
        for key, score in wanted.items():
            assert got[key] == pytest.approx(score, rel=1e-5, abs=1e-6)
        assert all(got[key] == 0 for key in gone if key in got)


def test_a_document_added_again_replaces_the_old_one(tmp_path: Path, analyzer: Analyzer) -> None:
    create_collection(tmp_path, WEIGHTS)
    for text in ("宽带断网", "师傅装机"):
        document = Document("t|1|", text, "")
        commit_documents(tmp_path, [document], drop=(), analyzer=analyzer, encoder=None)
    collection = Collection(tmp_path)
    assert len(collection) == 1
    scorer = WordScorer(collection)
    assert scorer.score({("断网", True): 1.0}).max() == 0
    assert scorer.score({("师傅", True): 1.0}).max() > 0


def test_an_empty_collection_answers_with_nothing(tmp_path: Path, analyzer: Analyzer) -> None:
    create_collection(tmp_path, WEIGHTS)
    collection = Collection(tmp_path)
    scores = WordScorer(collection).score({("宽带", True): 1.0})
    assert len(collection) == 0
    assert top(scores, 5).tolist() == []


def test_a_term_of_every_document_counts_and_no_term_scores_nothing(
    tmp_path: Path, analyzer: Analyzer
) -> None:
    create_collection(tmp_path, WEIGHTS)
    for start, count in ((0, 60), (60, 1)):
        documents = [
            Document(f"t|{number}|", "宽带" + "断网" * (number % 2))
            for number in range(start, start + count)
        ]
        commit_documents(tmp_path, documents, drop=(), analyzer=analyzer, encoder=None)
    scorer = WordScorer(Collection(tmp_path))
    assert scorer.score({}).tolist() == [0.0] * 61
    assert scorer.document_counts(["宽带", "没有的词"], is_word=True) == [61, 0]
    once = scorer.score({("宽带", True): 1.0, ("断网", False): 1.0})
    assert once.min() > 0
    assert np.array_equal(once, scorer.score({("断网", False): 1.0, ("宽带", True): 1.0}))
    assert top(once, 3).tolist() == [1, 3, 5]


def test_a_failed_commit_leaves_the_index_as_it_was(tmp_path: Path, analyzer: Analyzer) -> None:
    class Broken:
        identity, dimension = "broken", 4

        def encode(self, texts: object) -> object:
            raise RuntimeError(texts)

    create_collection(tmp_path, WEIGHTS)
    commit_documents(tmp_path, made_documents(5, 1), drop=(), analyzer=analyzer, encoder=None)
    with pytest.raises(RuntimeError):
        commit_documents(
            tmp_path,
            made_documents(5, 2),
            drop=(),
            analyzer=analyzer,
            encoder=Broken(),  # type: ignore[arg-type]
        )
    commit_documents(tmp_path, made_documents(2, 3), drop=(), analyzer=analyzer, encoder=None)
    collection = Collection(tmp_path)
    assert len(collection) == 7


def test_top_breaks_ties_by_number_and_leaves_out_zeros() -> None:
    scores = np.array([0, 2, 1, 2, 0, 1], np.float32)
    assert top(scores, 3).tolist() == [1, 3, 2]
    assert top(scores, 10).tolist() == [1, 3, 2, 5]
