"""Text to terms: normal form, words, pairs, offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis import Analyzer, normalise, to_simplified
from indexer.queries import QueryBuilder
from kb.vocabulary import Confusion, Vocabulary

VOCABULARY = Vocabulary(
    synonyms=(
        ("光猫", "ONU", "猫子"),
        ("家庭宽带", "宽带"),
        ("携号转网", "转网"),
        ("话费", "电话费"),
    ),
    ambiguous=frozenset({"猫子"}),
    confusions=(
        Confusion("光毛", "光猫", is_safe=True),
        Confusion("款待", "宽带", is_safe=False),
        Confusion("花费", "话费", is_safe=False),
    ),
)


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(VOCABULARY)


@pytest.fixture(scope="module")
def builder(analyzer: Analyzer) -> QueryBuilder:
    return QueryBuilder(analyzer, VOCABULARY)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("ＬＯＳ紅燈", "los红灯"),
        ("VoLTE 高清", "volte 高清"),
        ("５Ｇ網絡", "5g网络"),
        ("幺三八零零", "13800"),
        ("寬頻", "宽带"),
        ("每月９元", "每月9元"),
    ],
)
def test_width_case_script_and_spoken_digits_are_one(written: str, plain: str) -> None:
    assert normalise(written).text == plain


def test_simplified_text_is_left_alone() -> None:
    assert to_simplified("宽带断网了") == "宽带断网了"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("每月9元", "9"),
        ("VoLTE打不了", "volte"),
        ("报691错误", "691"),
        ("打10086", "10086"),
        ("5G套餐", "5g"),
        ("1000M只有94M", "1000m"),
        ("FTTR全屋", "fttr"),
        ("携号转网", "携号转网"),
    ],
)
def test_mixed_tokens_stay_whole(analyzer: Analyzer, text: str, term: str) -> None:
    assert term in analyzer.words(text)


def test_pairs_cover_what_no_dictionary_knows(analyzer: Analyzer) -> None:
    assert {"炫铃", "铃包"} <= set(analyzer.tokens("炫铃包"))


def test_each_two_character_word_is_emitted_once(analyzer: Analyzer) -> None:
    tokens = analyzer.tokens("宽带")
    assert tokens.count("宽带") == 1


@given(st.text(max_size=60))
def test_offsets_always_lie_in_the_original(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    for start, end in zip(normal.starts, normal.ends, strict=True):
        assert 0 <= start < end <= len(text)


def test_offsets_point_at_the_term_as_it_was_written(analyzer: Analyzer) -> None:
    text = "我家ＬＯＳ灯紅了"
    found = {term.text: text[term.start : term.end] for term in analyzer.terms(text)}
    assert found["los"] == "ＬＯＳ"


def test_a_safe_confusion_is_put_right_anywhere(builder: QueryBuilder) -> None:
    query = builder.build("光毛亮红灯")
    assert query.corrections == (("光毛", "光猫"),)
    assert query.terms["光猫", True] == 1.0


def test_a_doubtful_confusion_needs_a_telecom_word_beside_it(builder: QueryBuilder) -> None:
    assert builder.build("盛情款待了客人").corrections == ()
    assert builder.build("款待和光猫都坏了").corrections == (("款待", "宽带"),)
    assert builder.build("这次旅游花费很大").corrections == ()


def test_what_was_written_still_counts_after_a_correction(builder: QueryBuilder) -> None:
    terms = builder.build("款待和光猫都坏了").terms
    assert 0 < terms["款待", True] < terms["宽带", True]


def test_synonyms_weigh_less_than_what_was_written(builder: QueryBuilder) -> None:
    query = builder.build("光猫坏了")
    assert 0 < query.terms["onu", True] < query.terms["光猫", True]
    assert ("光猫", "onu") in query.synonyms


def test_an_ambiguous_word_is_expanded_least(builder: QueryBuilder) -> None:
    plain = builder.build("光猫坏了").terms["onu", True]
    assert builder.build("猫子坏了").terms["onu", True] < plain


def test_the_desks_words_are_known_whatever_their_order(analyzer: Analyzer) -> None:
    assert Analyzer(VOCABULARY).tokens("携号转网的家庭宽带") == analyzer.tokens(
        "携号转网的家庭宽带"
    )


def test_small_talk_words_are_commoner_at_large_than_terms_of_art(analyzer: Analyzer) -> None:
    assert analyzer.general_share("光猫") < analyzer.general_share("今天")
