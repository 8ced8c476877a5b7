"""Candidates and vectors read by their heads find what a full scan finds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer import retrieval
from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.encoder import Encoder, Vectors, unit_rows
from indexer.engine import Engine
from indexer.kept_vectors import DIGESTS, VECTORS, KeptEncoder
from indexer.language import Language
from indexer.meaning import MeaningScorer
from indexer.postings import WordWeights
from indexer.progress import quiet
from indexer.retrieval import retrieve
from indexer.rotation import HEAD
from kb.vocabulary import Vocabulary

DIMENSION = 160


class MadeEncoder:
    """Vectors drawn for each text, most of their length along a few axes as real ones have."""

    identity = "made"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.calls: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.calls += texts
        axes = np.linalg.qr(np.random.default_rng(7).normal(size=(DIMENSION, DIMENSION)))[0]
        lengths = 1 / np.arange(1, DIMENSION + 1)
        rows = [
            np.random.default_rng(list(text.encode())).normal(size=DIMENSION) * lengths
            for text in texts
        ]
        return unit_rows(np.array(rows, np.float32).reshape(-1, DIMENSION) @ axes.T.astype("f4"))


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(Vocabulary())


@pytest.fixture
def rotated(tmp_path: Path, analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> Collection:
    monkeypatch.setattr("indexer.recipe.ROTATE_FROM", 500)
    create_collection(tmp_path, WordWeights())
    for start, drop in ((0, ()), (600, ("t|3|", "t|7|"))):
        documents = [Document(f"t|{place}|", f"第{place}张") for place in range(start, start + 600)]
        commit_documents(tmp_path, documents, drop=drop, analyzer=analyzer, encoder=MadeEncoder())
    return Collection(tmp_path)


def test_turned_vectors_keep_their_cosines(rotated: Collection) -> None:
    texts = [f"第{place}张" for place in range(1200)]
    cosines = MadeEncoder().encode(texts) @ MadeEncoder().encode(["问"])[0]
    scorer = MeaningScorer(rotated)
    exact = scorer.exact(MadeEncoder().encode(["问"])[0], np.arange(1200))
    assert not scorer.is_exact
    assert np.allclose(exact, cosines, atol=1e-5)


def test_heads_find_nearly_all_of_the_nearest(rotated: Collection) -> None:
    scorer = MeaningScorer(rotated)
    shares = []
    for query in MadeEncoder().encode([f"问{number}" for number in range(20)]):
        exact = scorer.exact(query, np.arange(rotated.size))
        exact[rotated.dead] = 0
        by_head = np.argsort(-scorer.scan(query))[:100]
        shares.append(len(set(np.argsort(-exact)[:20]) & set(by_head.tolist())) / 20)
    assert np.mean(shares) >= 0.99
    assert rotated.segments[0].data.arrays["heads"].shape == (600, HEAD)


def test_deleted_documents_have_no_cosine(rotated: Collection) -> None:
    scan = MeaningScorer(rotated).scan(MadeEncoder().encode(["第3张"])[0])
    assert scan[[3, 7]].tolist() == [0, 0]
    assert np.count_nonzero(scan) == 1198


def test_candidates_give_the_best_ten_of_a_full_scan(
    engine: Engine, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = engine.opened().snapshot
    for text in ("家里断网光猫亮红灯", "这个月话费多扣了三十块", "转网一直不给授权码"):
        query = language.builder.build(text)
        whole = retrieve(snapshot, query, on=date(2026, 11, 20))
        with monkeypatch.context() as patch:
            patch.setattr(retrieval, "WHOLE", 0)
            patch.setattr(retrieval, "BEST_WORDS", 100)
            patch.setattr(retrieval, "BEST_MEANINGS", 100)
            few = retrieve(snapshot, query, on=date(2026, 11, 20))
        assert len(few.tickets.places) < len(whole.tickets.places)
        assert few.tickets.best(10) == whole.tickets.best(10)
        assert few.passages.best(10) == whole.passages.best(10)


def test_an_article_is_no_candidate_outside_its_days(engine: Engine, language: Language) -> None:
    snapshot = engine.opened().snapshot
    query = language.builder.build("宽带断网")
    found = retrieve(snapshot, query, on=date(1999, 1, 1)).passages
    articles = [
        key
        for key in snapshot.passages.collection.keys(
            np.array([place for place, _ in found.best(50)], np.int64)
        )
        if key.startswith("a|")
    ]
    assert articles == []


def test_a_killed_build_goes_on_where_it_was(tmp_path: Path) -> None:
    class Dying(MadeEncoder):
        def encode(self, texts: Sequence[str]) -> Vectors:
            if len(self.calls) >= 128:
                raise KeyboardInterrupt
            return super().encode(texts)

    texts = [f"第{place}段" for place in range(300)]
    first = Dying()
    with pytest.raises(KeyboardInterrupt):
        KeptEncoder(first, tmp_path, quiet).encode(texts)
    (folder,) = tmp_path.iterdir()
    for name in (DIGESTS, VECTORS):  # what the kill left half written
        with (folder / name).open("ab") as file:
            file.write(b"half")
    second = MadeEncoder()
    vectors = KeptEncoder(second, tmp_path, quiet).encode(texts)
    assert len(first.calls) == 128
    assert second.calls == texts[128:]
    assert np.allclose(vectors, MadeEncoder().encode(texts), atol=1e-6)


def test_texts_met_before_are_not_computed_again(tmp_path: Path) -> None:
    encoder = MadeEncoder()
    kept = KeptEncoder(encoder, tmp_path, quiet)
    before = kept.encode(["甲", "乙", "甲"])
    assert encoder.calls == ["甲", "乙"]
    assert np.allclose(before[0], before[2])
    again = KeptEncoder(encoder, tmp_path, quiet)
    assert np.allclose(again.encode(["乙", "丙"])[0], before[1])
    assert encoder.calls == ["甲", "乙", "丙"]


def test_vectors_nobody_asked_for_are_dropped(tmp_path: Path) -> None:
    KeptEncoder(MadeEncoder(), tmp_path, quiet).encode(["甲", "乙", "丙"])
    kept = KeptEncoder(MadeEncoder(), tmp_path, quiet)
    wanted = kept.encode(["丙", "乙"])
    kept.drop_unasked()
    assert np.allclose(kept.encode(["丙", "乙"]), wanted)
    fresh = MadeEncoder()
    KeptEncoder(fresh, tmp_path, quiet).encode(["甲", "乙", "丙"])
    assert fresh.calls == ["甲"]


def test_another_model_keeps_apart(tmp_path: Path) -> None:
    class Other(MadeEncoder):
        identity = "other"

    encoders: list[Any] = [MadeEncoder(), Other()]
    for encoder in encoders:
        held: Encoder = encoder
        KeptEncoder(held, tmp_path, quiet).encode(["甲"])
    assert [encoder.calls for encoder in encoders] == [["甲"], ["甲"]]
