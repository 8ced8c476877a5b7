"""The handbook's files are read whole, or refused by file and field."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kb.article import CHAPTERS, SECTIONS, body_hash, is_question
from kb.errors import HandbookInvalid
from kb.handbook import Handbook, parse_article, read_articles, read_handbook
from kb.limit import class_limit_id
from kb.vocabulary import Confusion, parse_vocabulary
from tests.kb.small import (
    CLASSES,
    LIMITS,
    article_text,
    front_matter,
    write_article,
    write_limits,
    write_taxonomy,
)

NAME = "P060101-los-red.md"


def refusal(text: str, name: str = NAME) -> HandbookInvalid:
    with pytest.raises(HandbookInvalid) as refused:
        parse_article(text, name=name)
    return refused.value


def test_an_article_file_gives_an_article() -> None:
    front = front_matter("P060101", title=" 红灯 ", categories=["060101"], figures=["OF007"])
    article = parse_article(article_text(front, "正文\n"), name=NAME)
    assert (article.id, article.slug, article.chapter, article.section) == (
        "P060101",
        "los-red",
        4,
        "4.2",
    )
    assert article.title == "红灯"
    assert article.revision.categories == ("060101",)
    assert article.revision.figures == ("OF007",)
    assert article.revision.body == "正文\n"
    assert article.revision.valid_until is None


@pytest.mark.parametrize("name", ["red.md", "P060101.md", "P060101-红灯.md", "p060101-red.md", "a"])
def test_a_file_name_says_id_and_slug(name: str) -> None:
    assert refusal(article_text(front_matter("P060101")), name).field == name


def test_the_id_is_that_of_the_file_name() -> None:
    assert refusal(article_text(front_matter("P060102"))).field == f"{NAME}: id"


@pytest.mark.parametrize("field", sorted(front_matter("P060101")))
def test_every_field_of_the_front_matter_is_needed(field: str) -> None:
    front = front_matter("P060101")
    del front[field]
    assert refusal(article_text(front)).field == f"{NAME}: {field}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chapter", "4"),
        ("chapter", True),
        ("section", "9.9"),
        ("section", 4.2),
        ("section", "1.1"),
        ("title", "  "),
        ("title", 3),
        ("categories", "060101"),
        ("categories", [60101]),
        ("steps", [""]),
        ("time_limits", [None]),
        ("keywords", [["x"]]),
        ("status", "live"),
        ("valid_from", "2026-01-01x"),
        ("review_by", 2027),
        ("valid_until", "later"),
        ("figures", "OF007"),
        ("colour", "红" * 20_001),
    ],
)
def test_a_wrong_value_is_refused_by_file_and_field(field: str, value: Any) -> None:
    front = front_matter("P060101") | {field: value}
    assert refusal(article_text(front)).field.startswith(f"{NAME}: ")


def test_an_unquoted_code_is_refused_because_yaml_reads_a_number() -> None:
    text = article_text(front_matter("P060101")).replace("categories: []", "categories: [060101]")
    assert refusal(text).field == f"{NAME}: categories"


@pytest.mark.parametrize("text", ["", "没有文件头", "---\n- a\n---\n", "---\na: [\n---\n"])
def test_a_file_without_front_matter_is_refused(text: str) -> None:
    assert refusal(text).field.startswith(NAME)


def test_a_file_that_is_not_utf8_is_refused_by_name(folder: Path) -> None:
    path = folder / "articles" / "4" / "P999999-bad.md"
    path.write_bytes("标题".encode("gb18030"))
    with pytest.raises(HandbookInvalid) as refused:
        read_articles(folder)
    assert refused.value.field == path.name


def test_a_file_with_bom_is_read(folder: Path) -> None:
    path = folder / "articles" / "4" / "P060101-text.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_articles(folder)) == len(SECTIONS) + len(CLASSES)


def test_two_files_of_one_id_are_refused(folder: Path) -> None:
    path = write_article(folder, "P060101", categories=["060101"])
    path.rename(path.with_name("P060101-other.md"))
    write_article(folder, "P060101", categories=["060101"])
    with pytest.raises(HandbookInvalid, match="两个文件"):
        read_articles(folder)


def test_a_folder_without_tables_is_no_handbook(tmp_path: Path) -> None:
    with pytest.raises(HandbookInvalid):
        read_handbook(tmp_path)


TABLES = (
    "taxonomy.csv",
    "time_limits.csv",
    "figures.csv",
    "confusions.csv",
    "synonyms.txt",
    "synonyms_ambiguous.txt",
    "never_mask.txt",
    "workdays.json",
)


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_table_is_named(folder: Path, table: str) -> None:
    (folder / "tables" / table).unlink()
    with pytest.raises(HandbookInvalid) as refused:
        read_handbook(folder)
    assert refused.value.field == table


@pytest.mark.parametrize("table", TABLES)
def test_a_table_in_another_encoding_is_named(folder: Path, table: str) -> None:
    (folder / "tables" / table).write_bytes("编号".encode("gb18030"))
    with pytest.raises(HandbookInvalid) as refused:
        read_handbook(folder)
    assert refused.value.field == table


@pytest.mark.parametrize(
    "table", ["taxonomy.csv", "time_limits.csv", "figures.csv", "confusions.csv"]
)
@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", None])
def test_a_table_with_other_columns_is_refused(folder: Path, table: str, text: str | None) -> None:
    path = folder / "tables" / table
    path.write_text(path.read_text("utf-8") + "多了一格,x\n" if text is None else text, "utf-8")
    with pytest.raises(HandbookInvalid) as refused:
        read_handbook(folder)
    assert refused.value.field.startswith(table)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit_value", "两天"),
        ("limit_value", "0"),
        ("limit_value", "-1"),
        ("limit_unit", "month"),
        ("kind", "most"),
        ("authority", "law"),
        ("confidence", "sure"),
        ("starts", "now"),
        ("area", "city"),
        ("priority", "P9"),
    ],
)
def test_a_wrong_limit_is_refused_by_its_id(folder: Path, field: str, value: str) -> None:
    write_limits(folder, (LIMITS[0] | {field: value},))
    with pytest.raises(HandbookInvalid) as refused:
        read_handbook(folder)
    assert refused.value.field == "time_limits.csv: TL001"


def test_a_limit_s_id_is_given_once(folder: Path) -> None:
    write_limits(folder, (LIMITS[0], LIMITS[0]))
    with pytest.raises(HandbookInvalid, match="重复"):
        read_handbook(folder)


def test_class_codes_nest(folder: Path) -> None:
    write_taxonomy(folder, {"060101": "断网"})
    path = folder / "tables" / "taxonomy.csv"
    path.write_text(path.read_text("utf-8").replace("060101", "070101"), "utf-8")
    with pytest.raises(HandbookInvalid, match="上级编码"):
        read_handbook(folder)


@pytest.mark.parametrize("content", ["{", "[]", '{"2026": {"holidays": [{"start": "x"}]}}'])
def test_a_broken_calendar_is_refused(folder: Path, content: str) -> None:
    (folder / "tables" / "workdays.json").write_text(content, "utf-8")
    with pytest.raises(HandbookInvalid) as refused:
        read_handbook(folder)
    assert refused.value.field == "workdays.json"


def test_a_word_stands_in_one_group_of_synonyms(folder: Path) -> None:
    (folder / "tables" / "synonyms.txt").write_text("光猫,猫子\n路由器,猫子\n", "utf-8")
    with pytest.raises(HandbookInvalid, match="猫子"):
        read_handbook(folder)


def test_tables_become_vocabulary(folder: Path) -> None:
    handbook = read_handbook(folder)
    assert handbook.synonyms == (("光猫", "猫子"), ("断网", "没网"))
    assert handbook.ambiguous == ("网",)
    assert handbook.confusions == (Confusion("光毛", "光猫", is_safe=True),)
    vocabulary = parse_vocabulary(
        {"synonyms": [["光猫", "猫子"]], "ambiguous": ["网"], "confusions": [["光毛", "光猫", 1]]}
    )
    assert vocabulary.synonyms == (("光猫", "猫子"),)
    assert parse_vocabulary({}).confusions == ()


def test_each_class_brings_the_limit_of_its_usual_hours(folder: Path) -> None:
    limits = {limit.id: limit for limit in read_handbook(folder).limits}
    own = limits[class_limit_id("060101")]
    assert (own.limit_value, own.limit_unit, own.authority) == (24.0, "hour", "practice")
    assert not own.is_verified


def test_the_shipped_handbook_is_whole(shipped: Handbook) -> None:
    assert len(CHAPTERS) == 8
    assert len(SECTIONS) == 31
    assert sum(category.level == 3 for category in shipped.categories) == 93
    assert {limit.id for limit in shipped.limits} >= {f"TL{place:03d}" for place in range(1, 108)}
    assert len(shipped.figures) == 46
    assert json.dumps(shipped.workdays)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "别的"},
        {"body": "别的\n"},
        {"steps": ("别的",)},
        {"keywords": ("别的",)},
        {"categories": ("010101",)},
        {"time_limits": ("TL002",)},
        {"figures": ("OF001",)},
        {"sources": ("别的",)},
        {"status": "archived"},
        {"valid_from": date(2026, 2, 1)},
        {"valid_until": date(2026, 12, 1)},
        {"review_by": date(2028, 1, 1)},
    ],
)
def test_whatever_an_editor_changes_changes_the_hash(change: dict[str, Any]) -> None:
    revision = parse_article(article_text(front_matter("P060101")), name=NAME).revision
    assert body_hash(replace(revision, **change)) != body_hash(revision)
    assert body_hash(replace(revision, number=7, author="x")) == body_hash(revision)


def test_a_folder_without_other_talk_takes_the_shipped_one(folder: Path, shipped: Handbook) -> None:
    assert read_handbook(folder).talk == shipped.talk
    (folder / "tables" / "other_talk.txt").write_text("# 备注\n今天天气真好\n", "utf-8")
    assert read_handbook(folder).talk.other == ("今天天气真好",)


def test_the_shipped_other_talk_is_large_and_holds_no_sentence_twice(shipped: Handbook) -> None:
    assert len(shipped.talk.other) >= 1000
    assert len(set(shipped.talk.other)) == len(shipped.talk.other)


def test_every_table_of_talk_may_be_the_folders_own(folder: Path, shipped: Handbook) -> None:
    (folder / "tables" / "other_trades.txt").write_text("快递：包裹 驿站\n", "utf-8")
    talk = read_handbook(folder).talk
    assert talk.trades == {"快递": ("包裹", "驿站")}
    assert talk.own == shipped.talk.own


@pytest.mark.parametrize("line", ["快递 包裹", "快递：", "快递：包裹\n快递：驿站"])
def test_a_line_of_other_trades_that_is_no_trade_is_refused(folder: Path, line: str) -> None:
    (folder / "tables" / "other_trades.txt").write_text(line, "utf-8")
    with pytest.raises(HandbookInvalid):
        read_handbook(folder)


def test_the_shipped_tables_name_many_trades(shipped: Handbook) -> None:
    assert len(shipped.talk.trades) >= 60
    assert min(len(words) for words in shipped.talk.trades.values()) >= 10
    assert not set(shipped.talk.own) & set(shipped.talk.other)


@pytest.mark.parametrize(
    ("step", "asks"),
    [
        ("问清哪天携转、从哪家转来。", True),
        ("先定性：问客户这里是从来没信号，还是以前有。", True),
        ("核身后请客户报出有疑问的账期和金额。", True),
        ("灯是红的还是绿的？", True),
        ("看光功率，低于 -27 dBm 的派装维。", False),
        ("排查路由器问题后回访。", False),
    ],
)
def test_a_step_that_asks_the_caller_is_told_from_a_measure(step: str, asks: bool) -> None:
    assert is_question(step) is asks
