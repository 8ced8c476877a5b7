"""The gate tells complaints of the trade from other talk, and says nothing about the rest."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from indexer.engine import Engine
from indexer.labelled import read_labelled
from indexer.language import Language
from indexer.talks import read_talks
from indexer.trade import (
    FACTS,
    STRANGE,
    Sign,
    Talk,
    TalkReader,
    feature_share,
    make_gate,
    measure_facts,
    open_gate,
    read_features,
    save_gate,
)
from indexer.trade_learning import Leanings, learn_gate, measure_examples
from indexer.trade_texts import (
    TradeTexts,
    counted_texts,
    cut_pieces,
    plan_examples,
    same_sounds,
    with_wrong_copies,
)
from kb.errors import IndexDamaged
from kb.suggestion import SuggestionRequest
from tests.conftest import START

SENTENCES = Path(__file__).parent.parent / "data" / "labelled_complaints.jsonl"
OWN = ("光猫红灯一直亮上不了网", "话费多扣了三十块", "宽带师傅没来", "手机没信号", "套餐退不了")
OTHER = ("红烧肉怎么做", "今天天气真好", "航班晚点了", "物业费太高", "给孩子报名游泳课")
PHRASES = ("断网", "没信号", "多扣话费")
NAMES = ("快递", "驾校", "物业费")
NO_FACTS = (0.0,) * len(FACTS)


def texts_of(complaints: tuple[str, ...] = (), **others: tuple[str, ...]) -> TradeTexts:
    """Texts to learn from, of which most tests need one kind."""
    given = {"own": (), "phrases": (), "articles": (), "other": (), "names": (), **others}
    return TradeTexts(complaints, **given)


def talk_of(*features: str, nouns: tuple[str, ...] = ()) -> Talk:
    """A talk with these features; its words are those among them."""
    words = frozenset(name[1:] for name in features if name[0] == "w")
    return Talk(frozenset(features), words=words, nouns=frozenset(nouns))


@pytest.fixture
def reader(engine: Engine, language: Language) -> TalkReader:
    passages = engine.opened().snapshot.passages
    return TalkReader(passages.words, len(passages.collection), language.analyzer)


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
    texts = texts_of(complaints, phrases=(*PHRASES, *OWN), other=OTHER, names=NAMES)
    gate = learn_gate(texts, language.builder, reader)

    def score(text: str) -> float:
        return gate.score(reader.read(language.builder.build(text)))

    assert min(map(score, OWN)) > max(map(score, OTHER))


def test_learning_twice_gives_the_same_gate(language: Language, reader: TalkReader) -> None:
    texts = texts_of(OWN, phrases=PHRASES, other=OTHER, names=NAMES)
    first, second = (learn_gate(texts, language.builder, reader) for _ in range(2))
    assert first.facts == second.facts
    assert (first.start, first.least) == (second.start, second.least)
    assert np.array_equal(first.names, second.names)
    assert np.array_equal(first.signs, second.signs)


def test_pieces_of_a_complaint_stay_in_its_fold() -> None:
    said = "光猫红灯一直亮，重启了三次，孩子晚上要上网课"
    folds = {
        example.fold
        for example in plan_examples(texts_of(("别的投诉内容", said)))
        if example.text in said
    }
    assert folds == {1}


def test_pieces_are_whole_clauses() -> None:
    said = "光猫红灯一直亮，重启了三次，孩子晚上要上网课"
    for piece in cut_pieces(said, random.Random(1)):
        assert piece in said


def test_wrong_copies_keep_sound_weight_and_are_not_measured() -> None:
    texts = texts_of(("通话通化通花同话" * 6,))
    kept, wrong = list(with_wrong_copies(plan_examples(texts)))[:2]
    assert kept.weight + wrong.weight == pytest.approx(1.0)
    assert kept.text != wrong.text
    assert not wrong.is_measured
    alike = same_sounds([kept.text])
    assert all(new in alike[old] for old, new in zip(kept.text, wrong.text, strict=True))


def test_only_long_other_talk_is_cut_and_its_pieces_weigh_little() -> None:
    long = "快递压坏了，客服不理人，说好两天回电话，到现在没人管"
    pieces = list(plan_examples(texts_of(other=("今天天气真好", long))))
    assert [each.text for each in pieces[:2]] == ["今天天气真好", long]
    assert pieces[2:]
    assert all(each.text in long and each.weight < 0.5 for each in pieces[2:])


def test_many_texts_are_read_as_queries_are(language: Language, reader: TalkReader) -> None:
    texts = [each.text for each in read_labelled(SENTENCES)[::5]]
    texts += [
        "5G套餐1000M宽带WiFi断网,XYZ9也连不上",
        "電信套餐退訂",
        "幺三八零零幺三八零零零",
        "花费太高",
        "",
        "啊",
    ]
    talks = read_talks(texts, language.builder, reader)
    leans = np.random.default_rng(1).normal(0, 2, len(talks.names))
    lean = dict(zip(talks.names, leans.tolist(), strict=True))
    is_own = np.arange(len(talks.words)) % 3 > 0
    own = {word for word, is_ours in zip(talks.words, is_own, strict=True) if is_ours}
    for row, text in enumerate(texts):
        talk = reader.read(language.builder.build(text))
        said = talks.said[row]
        assert {talks.names[place] for place in said.indices} == talk.features
        assert talks.shares[row] == pytest.approx(feature_share(talk))
        facts = measure_facts(talk, lean.__getitem__, own.__contains__)
        assert talks.of(np.array([row])).facts(leans, is_own)[0] == pytest.approx(facts)
    assert talks.facts(leans, is_own).shape == (len(texts), len(FACTS))


def test_what_callers_of_every_trade_say_leans_nowhere(
    language: Language, reader: TalkReader
) -> None:
    talks = read_talks(["退款宽带", "退款包裹"], language.builder, reader)
    leanings = Leanings(talks, np.array([[50.0, 0.0], [0.0, 50.0]]))
    lean = dict(zip(talks.names, leanings.lean().tolist(), strict=True))
    assert lean["w退款"] == pytest.approx(0.0)
    assert lean["w宽带"] == pytest.approx(-lean["w包裹"])
    assert lean["w宽带"] > 0
    assert lean[STRANGE] == 0.0


def test_a_text_is_taken_off_the_counts_it_is_measured_with(
    language: Language, reader: TalkReader
) -> None:
    talks = read_talks(["手机", "包裹"], language.builder, reader)
    leanings = Leanings(talks, np.eye(2))
    example = next(plan_examples(texts_of(("手机",))))
    measured = measure_examples([example], talks.of(np.array([0])), leanings)[0]
    facts = dict(zip(FACTS, measured.tolist(), strict=True))
    assert (facts["ours w"], facts["no word of ours"]) == (0.0, 1.0)
    assert facts["new nouns"] > 0
    assert leanings.lean()[talks.names.index("w手机")] > 0
    assert leanings.own()[talks.words.index("手机")]


def test_each_side_is_counted_with_its_weights() -> None:
    texts = texts_of(
        OWN, own=("断了",), phrases=PHRASES, articles=("断网",), other=OTHER, names=NAMES
    )
    ours = list(counted_texts(texts, is_trade=True))
    others = list(counted_texts(texts, is_trade=False))
    assert [text for text, _ in ours] == [*OWN, "断了", *PHRASES, "断网"]
    assert dict(others) == {**dict.fromkeys(OTHER, 1.0), **dict.fromkeys(NAMES, 2.0)}


def test_only_what_leans_far_counts_and_single_characters_never() -> None:
    leans = {"w宽带": 2.7, "w客服": 0.5, "w包裹": -1.7, "w网": 3.0}
    talk = talk_of(*leans, nouns=("包裹",))
    facts = measure_facts(talk, leans.__getitem__, {"宽带", "客服"}.__contains__)
    found = dict(zip(FACTS, facts, strict=True))
    assert found["ours w"] == pytest.approx(2.0)
    assert found["others w"] == pytest.approx(1.0)
    assert found["share of new nouns"] > 0
    assert found["no word of ours"] == 0.0


def test_a_gate_is_read_as_it_was_saved(tmp_path: Path) -> None:
    signs = {"w断网": Sign(1.5, 0.5), "c断网": Sign(-0.25, 0.0)}
    facts = [float(number) for number in range(len(FACTS))]
    gate = make_gate(signs, ["断网", "没人说"], facts=facts, start=-4.0, least=0.5)
    save_gate(tmp_path, gate)
    read = open_gate(tmp_path)
    assert (read.facts, read.start, read.least) == (gate.facts, gate.start, gate.least)
    for talk in (talk_of("w断网", "c断网", nouns=("断网",)), talk_of("w天气", nouns=("没人说",))):
        assert read.score(talk) == gate.score(talk)


def test_a_generation_without_a_gate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged):
        open_gate(tmp_path)


def test_what_is_not_known_adds_nothing() -> None:
    gate = make_gate({"w断网": Sign(1.0, 0.0)}, [], facts=NO_FACTS, start=-1.0)
    assert gate.score(talk_of("w天气")) == -1.0
    assert gate.score(talk_of("w断网")) > -1.0
    assert not gate.is_trade(talk_of())


@pytest.mark.parametrize(
    "text",
    ["断网了", "没信号", "退费", "携号转网", "停机", "销户", "LOS红灯", "691", "WiFi连不上",
     "上不了网", "话费多扣了", "网断了"],
)  # fmt: skip
def test_a_word_or_two_of_the_trade_is_answered(engine: Engine, text: str) -> None:
    answer = engine.preview(SuggestionRequest(text), now=START)
    assert not answer.abstained


@pytest.mark.parametrize(
    "text",
    ["验证码收不到，银行转账转不出去", "新卡说快递寄给我，五天了还没到，手机一直没信号",
     "物业不让你们的人进小区拉宽带"],
)  # fmt: skip
def test_a_complaint_that_names_another_trade_in_passing_is_answered(
    engine: Engine, text: str
) -> None:
    assert not engine.preview(SuggestionRequest(text), now=START).abstained


@pytest.mark.parametrize(
    "text",
    ["退了房押金一个礼拜没退回来，打前台电话说财务在处理，客服承诺三天到账，到现在没人给我回电话",
     "包裹显示签收了我根本没收到，打客服电话推来推去，要求赔偿", "讲个笑话", "7", "asdfgh", "👍"],
)  # fmt: skip
def test_what_is_not_ours_is_refused_however_much_it_complains(engine: Engine, text: str) -> None:
    assert engine.preview(SuggestionRequest(text), now=START).abstained
