"""Text to terms: normal form, words, pairs, offsets."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis import (
    Analyzer,
    characters,
    domain_words,
    normal_form,
    normalise,
    to_simplified,
)
from indexer.dictionary import (
    DOMAIN_FREQUENCY,
    FILLER,
    dictionary_path,
    general_counts,
    rounded_total,
)
from indexer.queries import QueryBuilder
from kb.vocabulary import Confusion, Vocabulary, read_confusions, read_synonyms

ROOT = Path(__file__).parents[2]
HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
TEXTS = st.text(max_size=60) | st.text(
    "千兆百两五0123456789mMGgbps带宽 .，光猫寬頻ＬＯ幺\n", max_size=30
)

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
def desk_vocabulary() -> Vocabulary:
    """The shipped vocabulary: every word of it is added to the dictionary."""
    tables = ROOT / "handbook" / "tables"
    return Vocabulary(
        synonyms=read_synonyms(tables / "synonyms.txt"),
        confusions=read_confusions(tables / "confusions.csv"),
    )


@pytest.fixture(scope="module")
def desk_analyzer(desk_vocabulary: Vocabulary) -> Analyzer:
    return Analyzer(desk_vocabulary)


@pytest.fixture(scope="module")
def slow_cutter(desk_vocabulary: Vocabulary) -> Any:
    """jieba's own tokenizer with the same words in its dictionary.

    Its ``add_word`` leaves the old count of a word it knew in the total; that is put right here.
    """
    jieba.setLogLevel("ERROR")
    cutter = jieba.Tokenizer()
    cutter.initialize()
    for word in sorted(domain_words(desk_vocabulary)):
        cutter.total -= cutter.FREQ.get(word) or 0
        cutter.add_word(word, freq=DOMAIN_FREQUENCY)
    words = domain_words(desk_vocabulary)
    cutter.add_word(FILLER, freq=rounded_total(words) - cutter.total)
    return cutter


def han_words(analyzer: Analyzer, text: str) -> list[str]:
    return [word for word in analyzer.words(text) if HAN_RUN.fullmatch(word)]


def words_by_jieba(cutter: Any, text: str) -> list[str]:
    runs = HAN_RUN.findall(normal_form(text))
    return [word for run in runs for word in cutter.lcut(run, HMM=False)]


def desk_texts() -> list[str]:
    """Every article, every value of every sample ticket, every labelled complaint."""
    articles = sorted((ROOT / "handbook" / "articles").rglob("*.md"))
    texts = [path.read_text("utf-8") for path in articles]
    for path in (
        ROOT / "handbook" / "samples" / "tickets.jsonl",
        ROOT / "tests" / "data" / "labelled_complaints.jsonl",
    ):
        for line in path.read_text("utf-8").splitlines():
            texts += [value for value in json.loads(line).values() if isinstance(value, str)]
    return texts


def test_words_are_cut_as_jieba_cuts_them_on_everything_the_desk_has(
    desk_analyzer: Analyzer, slow_cutter: Any
) -> None:
    for text in desk_texts():
        assert han_words(desk_analyzer, text) == words_by_jieba(slow_cutter, text)


def test_words_are_cut_as_jieba_cuts_them_on_any_row_of_dictionary_words(
    desk_analyzer: Analyzer, slow_cutter: Any, desk_vocabulary: Vocabulary
) -> None:
    chance = random.Random(20261120)
    lines = dictionary_path().read_text("utf-8").splitlines()
    words = [line.split(" ")[0] for line in chance.sample(lines, 20_000)]
    words += sorted(domain_words(desk_vocabulary)) * 10
    for _ in range(5_000):
        text = "".join(chance.choices(words, k=chance.randint(1, 12)))
        assert han_words(desk_analyzer, text) == words_by_jieba(slow_cutter, text)


def test_general_counts_are_those_of_jiebas_dictionary() -> None:
    jieba.setLogLevel("ERROR")
    cutter = jieba.Tokenizer()
    cutter.initialize()
    counts = general_counts()
    assert counts.total == cutter.total
    for word in ("今天", "光", "宽带", "服务", "的", "不在词典里的词"):
        assert counts.count(word) == (cutter.FREQ.get(word) or 0)


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


@pytest.mark.parametrize(
    "text", ["宽带断网了", "什么时候", "怎么办", "发票抬头", "效果显著", "著名", "乾隆"]
)
def test_simplified_text_is_left_alone(text: str) -> None:
    assert to_simplified(text) == text
    assert normal_form(text) == text


@pytest.mark.parametrize(
    ("written", "plain"),
    [("看著網絡斷線", "看着网络断线"), ("這是什么網", "这是什么网"), ("軟體帳單", "软件帐单")],
)
def test_traditional_text_is_converted_run_by_run(written: str, plain: str) -> None:
    assert normal_form(written) == plain


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


@pytest.mark.parametrize(
    ("written", "speed"),
    [
        ("千兆", "1000m"),
        ("1000M", "1000m"),
        ("1000兆", "1000m"),
        ("1000Mbps", "1000m"),
        ("１０００ Ｍ", "1000m"),
        ("1G带宽", "1000m"),
        ("一千兆", "1000m"),
        ("百兆", "100m"),
        ("100Mb/s", "100m"),
        ("300兆", "300m"),
        ("三百兆", "300m"),
        ("两千兆", "2000m"),
        ("2.5G宽带", "2500m"),
        ("五百兆光纤", "500m"),
    ],
)
def test_a_line_speed_is_one_term_however_it_is_written(
    analyzer: Analyzer, written: str, speed: str
) -> None:
    assert analyzer.words(written).count(speed) == 1


@pytest.mark.parametrize("text", ["5G套餐", "1G流量", "30GB流量", "兆头", "3个月"])
def test_what_is_no_line_speed_gives_none(analyzer: Analyzer, text: str) -> None:
    assert not [word for word in analyzer.words(text) if re.fullmatch("[0-9]+m", word)]


def test_a_line_speed_covers_what_was_written(analyzer: Analyzer) -> None:
    text = "办的是1000 Mbps宽带"
    term = next(term for term in analyzer.terms(text) if term.text == "1000m")
    assert text[term.start : term.end] == "1000 Mbps"


@given(TEXTS)
def test_the_fast_path_gives_the_terms_of_the_slow_one(analyzer: Analyzer, text: str) -> None:
    terms = analyzer.terms(text)
    words, pairs = analyzer.fields_of(text)
    assert Counter(words) == Counter(term.text for term in terms if term.is_word)
    assert Counter(pairs) == Counter(
        term.text for term in terms if not term.is_word or len(term.text) == 2
    )
    letters = (char for word in words for char in characters(word))
    assert Counter(analyzer.tokens(text)) == Counter([*(term.text for term in terms), *letters])


@given(TEXTS)
def test_offsets_always_lie_in_the_original(text: str) -> None:
    normal = normalise(text)
    assert normal.text == normal_form(text)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    for start, end in zip(normal.starts, normal.ends, strict=True):
        assert 0 <= start < end <= len(text)


@given(text=TEXTS)
def test_words_are_found_where_the_terms_have_them(analyzer: Analyzer, text: str) -> None:
    words = tuple(term for term in analyzer.terms(text) if term.is_word)
    assert analyzer.find_words(text) == words
    wanted = {term.text for term in words[::2]}
    assert analyzer.find_words(text, wanted) == tuple(word for word in words if word.text in wanted)


def test_offsets_point_at_the_term_as_it_was_written(analyzer: Analyzer) -> None:
    text = "我家ＬＯＳ灯紅了"
    found = {term.text: text[term.start : term.end] for term in analyzer.terms(text)}
    assert found["los"] == "ＬＯＳ"


def test_offsets_stay_true_where_one_character_becomes_several(analyzer: Analyzer) -> None:
    text = "面积㎡光貓"
    found = {term.text: text[term.start : term.end] for term in analyzer.terms(text)}
    assert found["光猫"] == "光貓"
    assert found["m2"] == "㎡"


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
