"""Many texts at once: the same terms as one text at a time, counted and encoded alike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis import Analyzer, characters
from indexer.bulk import HAN_FIRST, BulkAnalyzer, Occurrences, pair_code
from indexer.counting import count_terms, invert
from indexer.cutting import Cutter
from indexer.documents import Document
from indexer.encoder import StaticEncoder
from indexer.language import Language
from indexer.postings import FIELDS, Postings, WordWeights, hash_term
from kb.vocabulary import Vocabulary

PIECES = st.sampled_from(
    [
        *"宽带光猫红灯著乾幺三八紅燈軟體么一二十百千兆ＡｂC５9.- \n，。…①㎡℃m gG",
        "1000 Mbps",
        "1.5g带宽",
    ]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=20)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(Vocabulary())


@pytest.fixture(scope="module")
def bulk(analyzer: Analyzer) -> BulkAnalyzer:
    return BulkAnalyzer(analyzer)


def said(found: Occurrences, texts: int, terms: dict[int, bytes]) -> list[Counter[str]]:
    """The terms of each text."""
    counted: list[Counter[str]] = [Counter() for _ in range(texts)]
    for code, place in zip(found.codes.tolist(), found.texts.tolist(), strict=True):
        counted[place][terms[code].decode()] += 1
    return counted


@given(st.lists(TEXTS, min_size=1, max_size=6))
def test_each_text_has_the_terms_it_has_alone(
    analyzer: Analyzer, bulk: BulkAnalyzer, texts: list[str]
) -> None:
    found = bulk.cut(texts)
    words, pairs = np.unique(found.words.codes), np.unique(found.pairs.codes)
    word_terms = dict(zip(words.tolist(), bulk.word_terms(words), strict=True))
    pair_terms = dict(zip(pairs.tolist(), bulk.pair_terms(pairs), strict=True))
    chars = {code: chr(HAN_FIRST + code).encode() for code in found.characters.codes.tolist()}
    alone = [analyzer.fields_of(text) for text in texts]
    assert said(found.words, len(texts), word_terms) == [Counter(each) for each, _ in alone]
    assert said(found.pairs, len(texts), pair_terms) == [Counter(each) for _, each in alone]
    assert said(found.characters, len(texts), chars) == [
        Counter("".join(map(characters, each))) for each, _ in alone
    ]


def test_a_speed_does_not_reach_into_the_next_text(bulk: BulkAnalyzer) -> None:
    found = bulk.cut(["网速100", "m没有", "1000", "兆宽带"])
    words = {term.decode() for term in bulk.word_terms(found.words.codes)}
    assert {"100", "1000"} <= words
    assert not {"100m", "1000m"} & words


def test_terms_keep_their_numbers_from_batch_to_batch(bulk: BulkAnalyzer) -> None:
    first, second = bulk.cut(["宽带5g"]), bulk.cut(["断网", "宽带5g"])
    again = second.words.texts == 1
    assert first.words.codes.tolist() == second.words.codes[again].tolist()


def test_only_two_chinese_characters_have_a_code() -> None:
    assert pair_code("宽带") >= 0
    assert {pair_code(term) for term in ("宽", "5g", "宽带网", "猫5", "")} == {-1}


def test_counts_are_those_of_each_document_and_field() -> None:
    fields = len(FIELDS)
    found = Occurrences(np.array([7, 3, 7, 7, 3]), np.array([0, 0, 0, fields + 2, fields + 4]))
    counts = count_terms(found, 3)
    assert counts.codes.tolist() == [3, 7]
    assert counts.sizes.tolist() == [2, 2]
    assert counts.documents.tolist() == [0, 1, 0, 1]
    assert counts.fields.tolist() == [0, 4, 0, 2]
    assert counts.counts.tolist() == [1, 1, 2, 1]
    assert counts.lengths.sum(axis=1).tolist() == [3, 2, 0]


def test_batches_are_joined_as_if_they_were_one(analyzer: Analyzer) -> None:
    texts = ["宽带断网", "话费多扣5g", "", "宽带宽带慢", "光猫红灯1.5", "没有"]
    documents = [
        Document(f"t|{number}|", text, texts[number - 3]) for number, text in enumerate(texts)
    ]
    pivots = np.full(len(FIELDS), 3, np.float32)
    for kind in ("words", "pairs"):
        made = []
        for size in (1, 4, 6):
            cutter = Cutter(analyzer, None)
            cuts = [
                cutter.cut(documents[start : start + size])
                for start in range(0, len(documents), size)
            ]
            parts = [cut.counts[kind] for cut in cuts]
            made.append(invert(parts, cutter.terms_of[kind], WordWeights(), pivots))
        for other in made[1:]:
            assert other.keys() == made[0].keys()
            for name, array in made[0].items():
                assert np.array_equal(array, other[name]), name
        terms = list(Postings(made[0]).all_terms())
        assert terms == sorted(set(terms))
        assert made[0]["hashes"].tolist() == sorted(map(hash_term, terms))


def test_documents_without_a_term_make_a_segment_without_terms(analyzer: Analyzer) -> None:
    cutter = Cutter(analyzer, None)
    cut = cutter.cut([Document("t|1|", "，。"), Document("t|2|")])
    for kind, terms_of in cutter.terms_of.items():
        postings = Postings(
            invert([cut.counts[kind]], terms_of, WordWeights(), np.ones(len(FIELDS), np.float32))
        )
        assert len(postings) == 0
        assert postings.sizes(np.array([-1])).tolist() == [0]


def test_vectors_are_those_of_the_encoder(language: Language) -> None:
    encoder = language.encoder
    assert isinstance(encoder, StaticEncoder)
    documents = [
        Document("t|1|", "宽带断了LOS红灯", "光貓①亮红灯", "千兆宽带，5G信号差"),
        Document("t|2|"),
        Document("t|3|", resolution="转网授权码过期，重发给机主"),
    ]
    cutter = Cutter(language.analyzer, encoder)
    for batch in (documents[:1], documents):
        vectors = cutter.cut(batch).vectors
        wanted = encoder.encode([document.text for document in batch])
        assert np.allclose(vectors, wanted, atol=1e-6)
