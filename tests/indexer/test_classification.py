"""Classes by neighbours and by how each class is talked about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.class_words import (
    ClassText,
    learn_class_words,
    open_class_words,
    save_class_words,
)
from indexer.classification import (
    ClassEvidence,
    best_places,
    describe_evidence,
    nearest_means,
    softmax,
    standing,
    sum_levels,
)
from indexer.confidence import fit_probability
from indexer.engine import Engine
from indexer.language import Language
from indexer.retrieval import Found
from indexer.trade import read_features
from kb.errors import IndexDamaged
from kb.suggestion import SuggestionRequest
from tests.conftest import START

LABELS = np.array([0, 0, 1, -1, 0], np.int16)
SCORES = np.array([0.2, 0.8, 0.5, 0.9, 0.4], np.float32)
TEXTS = [
    ClassText("060101", "光猫红灯断网", 1.0),
    ClassText("060101", "光猫红灯上不了网", 1.0),
    ClassText("010103", "话费重复扣费", 1.0),
    ClassText("010103", "话费扣了两遍", 1.0),
]


def test_only_the_nearest_of_a_class_count_and_missing_ones_are_nothing() -> None:
    assert nearest_means(LABELS, SCORES, 2, 2).tolist() == pytest.approx([0.6, 0.25])


def test_the_best_document_of_each_class_is_named_by_its_number() -> None:
    found = Found(np.array([10, 20, 30, 40, 50]), SCORES, 1.0)
    places, scores = best_places(LABELS, found, 3)
    assert places.tolist() == [20, 30, -1]
    assert scores.tolist() == pytest.approx([0.8, 0.5, 0.0])


def test_of_equally_good_documents_the_last_is_named() -> None:
    found = Found(np.array([10, 20, 30]), np.full(3, 0.5, np.float32), 1.0)
    places, _ = best_places(np.array([0, 0, 1], np.int16), found, 2)
    assert places.tolist() == [20, 30]


def test_where_nothing_is_found_no_document_is_named() -> None:
    found = Found(np.array([10, 20]), np.zeros(2, np.float32), 0.0)
    places, scores = best_places(np.array([0, 1], np.int16), found, 2)
    assert (places.tolist(), scores.tolist()) == ([-1, -1], [0.0, 0.0])


def test_equal_scores_say_nothing() -> None:
    assert standing(np.array([3.0, 3.0, 3.0])).tolist() == [0.0, 0.0, 0.0]
    assert softmax(np.zeros(4)).tolist() == [0.25] * 4


def test_a_class_is_known_by_its_words_and_their_sound(language: Language) -> None:
    table = learn_class_words(TEXTS, language.analyzer)
    assert table.codes == ("010103", "060101")
    for text in ("光猫红灯", "光毛红灯"):
        fee, line = table.score(read_features(text, language.analyzer.words(text)))
        assert line > fee


def test_a_table_is_read_as_it_was_saved(tmp_path: Path, language: Language) -> None:
    table = learn_class_words(TEXTS, language.analyzer)
    save_class_words(tmp_path, table, version=1)
    read = open_class_words(tmp_path, 1)
    assert read.codes == table.codes
    assert np.array_equal(read.names, table.names)
    assert np.array_equal(read.logs, table.logs)


def test_a_generation_without_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged):
        open_class_words(tmp_path, 1)


def test_no_class_at_all_is_no_error(tmp_path: Path, language: Language) -> None:
    table = learn_class_words([], language.analyzer)
    save_class_words(tmp_path, table, version=1)
    assert open_class_words(tmp_path, 1).score(["w光猫"]).tolist() == []


def test_levels_above_are_the_sums_of_those_below() -> None:
    classes = [
        ClassEvidence("010101", 0.4),
        ClassEvidence("060101", 0.35),
        ClassEvidence("060102", 0.25),
    ]
    assert list(sum_levels(classes, digits=2)) == ["06", "01"]
    assert sum_levels(classes, digits=4)["0601"] == pytest.approx(0.6)
    assert fit_probability(classes, ["0601", "010101"]) == pytest.approx(1.0)
    assert fit_probability(classes, []) == 0.0


def test_the_reason_names_the_article_and_the_tickets() -> None:
    evidence = ClassEvidence("060101", 0.9, article=0.8, alike=14, counted=20)
    told = describe_evidence(evidence, "宽带全断的处理")
    assert told == "说法接近手册「宽带全断的处理」；最相近的 20 张工单里有 14 张是这一类"
    assert describe_evidence(ClassEvidence("060101", 0.1), "") == "用词接近这一类的投诉"


def test_probabilities_are_one_in_all_and_the_reason_is_told(engine: Engine) -> None:
    answer = engine.preview(SuggestionRequest("家里断网了光猫红灯"), now=START)
    assert 0.0 < sum(guess.probability for guess in answer.categories) <= 1.0 + 1e-9
    assert "手册「" in answer.categories[0].why
    assert "张工单里有" in answer.categories[0].why
