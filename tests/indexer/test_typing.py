"""What was typed into the search box, and what was meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from pypinyin import Style, pinyin
from rapidfuzz.distance import OSA

from indexer.closeness import Wanted, closeness
from indexer.engine import Engine
from indexer.language import Language
from indexer.lexicon import MOST_CHOICES, Lexicon
from indexer.pairs import PairTable, code_pair, count_pairs
from indexer.queries import Query
from indexer.readings import MOST_READINGS, readings_of, sounds_like, split_syllables, syllables_of
from indexer.spelling import Speller
from indexer.sync import sync_index
from indexer.typed import TypedQueries
from kb.database import Database, open_database
from kb.desk import Closing, Desk
from kb.searching import SearchQuery, SearchResult
from kb.settings import Settings, read_settings
from kb.store import handbook
from kb.ticket import Ticket
from tests.conftest import START

Build = Callable[[str], Query]
Search = Callable[[str], SearchResult]


@pytest.fixture(scope="module")
def shared(prepared_data: Path, language: Language) -> Iterator[Engine]:
    settings = read_settings({"KB_DATA": str(prepared_data)})
    database = open_database(settings.database)
    yield Engine(settings, database, language)
    database.close()


@pytest.fixture(scope="module")
def build(shared: Engine, language: Language) -> Build:
    typed, snapshot = TypedQueries(), shared.opened().snapshot
    return lambda text: typed.build(text, language, snapshot)


@pytest.fixture(scope="module")
def search(shared: Engine) -> Search:
    return lambda text: shared.search(SearchQuery(text, on=START.date()), now=START)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kuandai", "宽带"),
        ("kuandaibaozhang", "宽带报障"),
        ("kuan dai", "宽带"),
        ("kdbz", "宽带报障"),
        ("xhzw", "携号转网"),
        ("宽带baozhang", "宽带报障"),
        ("kuan带", "宽带"),
        ("退ding", "退订"),
        ("宽代", "宽带"),
        ("广猫", "光猫"),
        ("协号转网", "携号转网"),
        ("资非", "资费"),
        ("一证同查", "一证通查"),
        ("votle", "volte"),
        ("末成年人", "未成年人"),
        ("停机保保号", "停机保号"),
        ("携转授码", "携转授权码"),
        ("wulianwang", "物联网卡"),
        ("liulang", "流量"),
        ("kuangdai", "宽带"),
    ],
)
def test_what_was_meant_is_found_out_and_told(build: Build, typed: str, meant: str) -> None:
    query = build(typed)
    assert query.text == meant
    assert query.corrections


@pytest.mark.parametrize(
    "text",
    ["款待", "花费", "盛情款待了客人", "这次旅游花费很大", "光猫", "VoLTE", "app", "IPTV", "号转网",
     "扰电话", "装机费", "网慢", "1000兆宽带", "hello"],
)  # fmt: skip
def test_what_is_right_as_it_stands_is_left_alone(build: Build, text: str) -> None:
    assert build(text).corrections == ()


@pytest.mark.parametrize("text", ["移动网络慢", "订错了"])
def test_a_text_that_may_be_right_is_searched_as_it_is_and_asked_about(
    build: Build, text: str
) -> None:
    query = build(text)
    assert query.text == text
    assert query.corrections
    assert all(query.terms[pair, False] == 1.0 for pair in map("".join, pairwise(text)))


def test_what_was_typed_still_counts_but_less(build: Build) -> None:
    terms = build("广猫坏了").terms
    assert terms["光猫", True] == 1.0
    assert 0 < terms["广猫", False] < 1


def test_other_readings_of_the_same_letters_count_less(build: Build) -> None:
    terms = build("kdbz").terms
    assert terms["报障", True] == 1.0
    assert 0 < terms["报装", True] < 1


def test_a_complaint_is_never_spelt_anew(language: Language) -> None:
    for text in ("kuandaibaozhang", "kdbz", "资非", "votle"):
        query = language.builder.build(text)
        assert query.corrections == ()
        assert query.text == text


def test_a_character_alone_finds_the_words_it_stands_in(build: Build, search: Search) -> None:
    terms = build("猫").terms
    assert terms["光猫", False] == 1.0
    hits = search("猫").hits
    assert len(hits) == 10
    marked = {hit.snippet[start:end].lower() for hit in hits for start, end in hit.highlights} | {
        hit.title[start:end].lower() for hit in hits for start, end in hit.title_highlights
    }
    assert "光猫" in marked
    assert all("猫" in text for text in marked)


def test_what_stands_inside_a_longer_word_is_found_and_marked_whole(search: Search) -> None:
    hits = search("号转网").hits
    texts = [hit.snippet[start:end] for hit in hits for start, end in hit.highlights]
    assert [text for text in texts if "携号转网" in text]


def test_a_quoted_text_puts_what_holds_it_first(search: Search) -> None:
    assert search("“打着打着断了”").hits[0].target_id == "P050201"
    assert search("打电话就没网").hits[0].target_id == "P050202"


def test_a_keyword_comes_before_a_mention(search: Search) -> None:
    assert search("发票").hits[0].target_id == "P180301"
    assert search("一证通查").hits[0].target_id == "P090301"


def test_a_time_limit_is_found_by_its_name(search: Search) -> None:
    hits = search("欠费停机后复机时限").hits
    assert hits[0].target_id == "TL003"


def test_words_are_counted_anew_when_the_handbook_changes_not_with_every_ticket(
    engine: Engine, language: Language, settings: Settings, database: Database
) -> None:
    typed = TypedQueries()
    typed.build("猫", language, engine.opened().snapshot)
    held = typed._held
    desk = Desk(database, repeat_days=30)
    ticket = desk.create(
        Ticket("", START.isoformat(), description="断网", category="060101"), agent="甲", now=START
    )
    closing = Closing(resolution="换线", fix="更换入户尾纤", none_fit=True)
    desk.close(ticket.ticket_no, closing, agent="甲", now=START)
    sync_index(settings, database)
    typed.build("猫", language, engine.opened().snapshot)
    assert typed._held is held
    article = handbook.read_article(database.connection, "P060101")
    changed = replace(article, revision=replace(article.revision, title="榫卯断网怎么办"))
    with database.transaction() as connection:
        handbook.save_article(connection, changed, author="编辑", reason="改名", now=START)
    sync_index(settings, database)
    assert typed.build("sunmao", language, engine.opened().snapshot).text == "榫卯"


@pytest.mark.parametrize(
    ("one", "other"),
    [("zhi", "zi"), ("chi", "ci"), ("shi", "si"), ("lan", "nan"), ("ren", "len"), ("hu", "fu"),
     ("huang", "fang"), ("hui", "fei"), ("xing", "xin"), ("guang", "guan"), ("lv", "lu")],
)  # fmt: skip
def test_syllables_that_are_mixed_up_sound_alike(one: str, other: str) -> None:
    assert sounds_like(one) == sounds_like(other)


@pytest.mark.parametrize(("one", "other"), [("dong", "dou"), ("ba", "pa"), ("tui", "tu")])
def test_syllables_that_are_told_apart_do_not(one: str, other: str) -> None:
    assert sounds_like(one) != sounds_like(other)


@pytest.mark.parametrize(
    ("word", "reading"),
    [
        ("重置", "chong zhi"),
        ("重复投诉", "chong fu tou su"),
        ("调单", "diao dan"),
        ("调解", "tiao jie"),
        ("银行卡", "yin hang ka"),
        ("返还话费", "fan huan hua fei"),
        ("国际长途漫游", "guo ji chang tu man you"),
        ("速率", "su lv"),
    ],
)
def test_words_of_the_trade_are_read_as_the_trade_reads_them(word: str, reading: str) -> None:
    assert " ".join(syllables_of(word) or ()) == reading


def test_characters_and_phrases_are_read_as_pypinyin_reads_them() -> None:
    """But for ê, which nobody types."""
    for char in map(chr, range(0x4E00, 0x9FA6)):
        found = pinyin(char, style=Style.NORMAL, heteronym=True, v_to_u=False, errors="ignore")
        wanted = dict.fromkeys(each.replace("ê", "e") for each in found[0]) if found else {}
        assert list(readings_of(char)) == [(each,) for each in wanted][:MOST_READINGS]
    for phrase in ("一不小心", "重庆", "银行", "绿色", "旅行", "略微", "朝阳", "音乐", "会计"):
        reading = [each[0] for each in pinyin(phrase, style=Style.NORMAL, v_to_u=False)]
        assert list(syllables_of(phrase) or ()) == reading


def test_a_character_of_several_readings_is_read_each_way() -> None:
    assert {("xie", "lou"), ("xie", "lu")} <= set(readings_of("泄露"))
    assert list(readings_of("a")) == []


def test_letters_are_split_into_syllables_or_not_at_all() -> None:
    known = frozenset({"kuan", "dai", "ku", "an"})
    assert split_syllables("kuandai", known) == ("kuan", "dai")
    assert split_syllables("kuanx", known) is None


def make_pairs(counts: dict[str, int]) -> PairTable:
    codes = np.array([code_pair(pair) for pair in counts], np.int64)
    return PairTable(codes, np.array(list(counts.values()), np.int64))


def make_lexicon(counts: dict[str, int]) -> Lexicon:
    return Lexicon(counts, make_pairs({"宽带": 1}), set(counts))


def test_the_commoner_of_two_words_that_sound_alike_is_meant() -> None:
    lexicon = make_lexicon({"报障": 30, "保障": 300})
    speller = Speller(lexicon, list, lambda _: 0)
    assert [each.meant for each in speller.correct("baozhang")] == ["保障"]


@pytest.mark.parametrize("typed", ["abc", "abcd", "abcde", "aacd", "abdc", "bacd"])
def test_every_word_one_change_away_is_found(typed: str) -> None:
    words = ["".join(each) for size in (3, 4, 5) for each in product("abcde", repeat=size)]
    lexicon = make_lexicon(dict.fromkeys(words, 1))
    near = sorted(word for word in words if OSA.distance(typed, word) == 1)
    assert near
    assert lexicon.spelt_like(typed) == near[:MOST_CHOICES]


def test_what_is_typed_often_is_not_taken_for_an_error() -> None:
    lexicon = make_lexicon({"资费": 100})
    rare = Speller(lexicon, list, lambda _: 5)
    common = Speller(lexicon, list, lambda _: 6)
    assert [each.meant for each in rare.correct("资非")] == ["资费"]
    assert common.correct("资非") == []


def test_pairs_that_hold_a_character_come_commonest_first() -> None:
    pairs = make_pairs({"光猫": 3, "猫灯": 9, "宽带": 5})
    assert pairs.holding("猫", 5) == [("猫灯", 9), ("光猫", 3)]
    assert pairs.holding("猫", 1) == [("猫灯", 9)]
    assert pairs.count_characters()["猫"] == 12


def test_pairs_are_counted_as_the_index_holds_them(shared: Engine) -> None:
    snapshot = shared.opened().snapshot
    lanes = (snapshot.passages, snapshot.tickets)
    pairs = count_pairs([(lane.collection, 1) for lane in lanes])
    held = dict(pairs.holding("猫", 1_000))
    counts = (lane.words.document_counts(["光猫"], is_word=False) for lane in lanes)
    assert [held["光猫"]] == [sum(found) for found in zip(*counts, strict=True)]
    assert all("猫" in pair for pair in held)


WANTED = Wanted(((1.0, "红灯"),), ("红灯",), ())


def test_a_find_counts_for_the_best_text_it_stands_in() -> None:
    texts = ((0.9, "LOS 红灯"), (0.5, "红灯亮了"))
    assert closeness(WANTED, texts) == 0.9
    assert closeness(WANTED, texts[1:]) == 0.5
    assert closeness(WANTED, ((0.9, "绿灯"),)) == 0.0


def test_blanks_width_and_script_do_not_hide_a_find() -> None:
    assert closeness(replace(WANTED, wholes=((1.0, "los红灯"),)), ((0.9, "ＬＯＳ 紅燈"),)) == 0.9


def test_parts_found_apart_count_less_than_the_whole() -> None:
    look = Wanted(((1.0, "光猫红灯"),), ("光猫", "红灯"), ())
    apart, whole = ((0.9, "光猫亮了红灯"),), ((0.9, "光猫红灯"),)
    assert 0 < closeness(look, apart) < closeness(look, whole)


def test_everything_quoted_must_be_there() -> None:
    look = replace(WANTED, quoted=("红灯", "光猫"))
    assert closeness(look, ((0.9, "红灯"),)) == 0.0
    assert closeness(look, ((0.9, "红灯"), (0.5, "光猫"))) == 0.5
