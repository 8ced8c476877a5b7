"""The gate tells complaints of the trade from other talk, and says nothing about the rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from indexer.engine import Engine
from indexer.queries import QueryBuilder
from indexer.snapshot import Language
from indexer.trade import Talk, TalkReader, TradeGate, open_gate, read_features, save_gate
from indexer.trade_learning import (
    TradeTexts,
    cut_pieces,
    learn_gate,
    plan_examples,
    same_sounds,
    with_wrong_copies,
)
from kb.errors import IndexMismatch
from kb.suggestion import SuggestionRequest
from tests.conftest import START

OWN = ("光猫红灯一直亮上不了网", "话费多扣了三十块", "宽带师傅没来", "手机没信号", "套餐退不了")
OTHER = ("红烧肉怎么做", "今天天气真好", "航班晚点了", "物业费太高", "给孩子报名游泳课")
PHRASES = ("断网", "没信号", "多扣话费")


@pytest.fixture
def reader(engine: Engine, language: Language) -> TalkReader:
    passages = engine.opened().snapshot.passages
    return TalkReader(passages.words, len(passages.collection), language.analyzer)


def learn(texts: TradeTexts, builder: QueryBuilder, reader: TalkReader) -> TradeGate:
    return learn_gate(texts, builder, reader)


def test_words_pairs_and_syllables_are_read_and_numbers_only_by_length() -> None:
    features = set(read_features("通话13800", ["通话", "13800", "2024"]))
    assert features == {"w通话", "c通话", "stong hua", "w13800", "n4"}


def test_a_homophone_shares_its_syllables() -> None:
    right, wrong = set(read_features("通话", [])), set(read_features("通化", []))
    assert right & wrong == {"stong hua"}


@pytest.mark.parametrize("complaints", [OWN, ()])
def test_a_gate_learns_with_and_without_complaints(
    complaints: tuple[str, ...], language: Language, reader: TalkReader
) -> None:
    texts = TradeTexts(complaints, (*PHRASES, *OWN), OTHER)
    gate = learn(texts, language.builder, reader)

    def score(text: str) -> float:
        return gate.score(reader.read(language.builder.build(text)))

    assert min(map(score, OWN)) > max(map(score, OTHER))


def test_learning_twice_gives_the_same_gate(language: Language, reader: TalkReader) -> None:
    texts = TradeTexts(OWN, PHRASES, OTHER)
    first, second = (learn(texts, language.builder, reader) for _ in range(2))
    assert first == second


def test_pieces_of_a_complaint_stay_in_its_fold() -> None:
    said = "光猫红灯一直亮，重启了三次，孩子晚上要上网课"
    folds = {
        example.fold
        for example in plan_examples(TradeTexts(("别的投诉内容", said), (), ()))
        if example.text in said
    }
    assert folds == {1}


def test_pieces_are_whole_clauses() -> None:
    said = "光猫红灯一直亮，重启了三次，孩子晚上要上网课"
    for piece in cut_pieces(said, random.Random(1)):
        assert piece in said


def test_wrong_copies_keep_sound_weight_and_are_not_measured() -> None:
    texts = TradeTexts(("通话通化通花同话" * 6,), (), ())
    kept, wrong = list(with_wrong_copies(plan_examples(texts)))[:2]
    assert kept.weight + wrong.weight == pytest.approx(1.0)
    assert kept.text != wrong.text
    assert not wrong.is_measured
    alike = same_sounds([kept.text])
    assert all(new in alike[old] for old, new in zip(kept.text, wrong.text, strict=True))


def test_a_gate_is_read_as_it_was_saved(tmp_path: Path) -> None:
    gate = TradeGate({"w断网": 1.5, "c断网": -0.25}, (1.0, 2.0, 3.0), -4.0, 0.5)
    save_gate(tmp_path, gate)
    assert open_gate(tmp_path) == gate


def test_a_generation_without_a_gate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexMismatch):
        open_gate(tmp_path)


def test_what_is_not_known_adds_nothing() -> None:
    gate = TradeGate({"w断网": 1.0}, (0.0, 0.0, 0.0), -1.0, 0.0)
    assert gate.score(Talk(frozenset(["w天气"]), 0.0, 0.0, 0.0)) == -1.0
    assert not gate.is_trade(Talk(frozenset(), 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    "text",
    ["断网了", "没信号", "退费", "携号转网", "停机", "销户", "LOS红灯", "691", "WiFi连不上",
     "上不了网", "话费多扣了", "网断了"],
)  # fmt: skip
def test_a_word_or_two_of_the_trade_is_answered(engine: Engine, text: str) -> None:
    answer = engine.preview(SuggestionRequest(text), now=START)
    assert not answer.abstained
