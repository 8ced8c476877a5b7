"""The query language of explicit search."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from indexer.conditions import parse_condition
from indexer.engine import Engine
from kb.database import Database
from kb.errors import InvalidInput
from kb.searching import SearchQuery
from kb.store import handbook
from tests.conftest import START

TEXTS = {
    "title": "宽带全断的处理",
    "body": "光猫红灯一直亮，先看5g套餐和los灯",
    "": "宽带全断的处理|光猫红灯一直亮，先看5g套餐和los灯",
}


def pieces(text: str) -> list[str]:
    """Words as the analyzer would cut them: here two characters each."""
    return [text[place : place + 2] for place in range(0, len(text), 2)]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("宽带", True),
        ("宽带 红灯", True),
        ("红灯宽带", True),
        ('"红灯宽带"', False),
        ("“红灯 一直亮”", True),
        ("漫游", False),
        ("漫游 OR 宽带", True),
        ("漫游 AND 宽带", False),
        ("宽带 NOT 漫游", True),
        ("宽带 NOT 红灯", False),
        ("宽带 AND NOT 红灯", False),
        ("(漫游 OR 宽带) AND (退费 OR 光猫)", True),
        ("漫游 宽带 OR 光猫", True),
        ("标题:宽带", True),
        ("title:红灯", False),
        ("正文:(红灯 AND 光猫)", True),
        ("标题:宽带 正文:光猫", True),
        ("5G", True),
        ("5g套餐", True),
        ("LOS", True),
        ("lo", False),
        ("lo*", True),
        ("NOT 漫游 宽带", True),
    ],
)
def test_a_condition_holds_or_not(text: str, fits: bool) -> None:
    assert parse_condition(text, pieces).holds(TEXTS) is fits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"红灯', "引号没有成对"),
        ("(红灯", "少了一个右括号"),
        ("红灯)", "多了一个右括号"),
        ("AND 红灯", "AND 前面少了要找的词"),
        ("红灯 OR", "末尾少了要找的词"),
        ("()", "右括号 前面少了要找的词"),
        ("NOT 红灯", "只有 NOT"),
        ("颜色:红", "没有“颜色”这个字段"),
        ('""', "引号里没有文字"),
        ("*", "* 前面少了词头"),
        ("(" * 30 + "红" + ")" * 30, "括号套得太深"),
    ],
)
def test_what_cannot_be_read_is_told_in_chinese(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_condition(text, pieces)
    assert said in refused.value.detail
    assert refused.value.field == "q"


def search(engine: Engine, text: str, **changes: object) -> list[str]:
    query = SearchQuery(text, on=START.date(), limit=100, syntax="advanced")
    return [hit.target_id for hit in engine.preview_search(replace(query, **changes)).hits]  # type: ignore[arg-type]


def test_every_hit_fits_the_condition_and_none_that_fits_is_missed(engine: Engine) -> None:
    found = search(engine, "标题:红灯", kind="article")
    assert found == ["P060101"]
    both = set(search(engine, "光猫 AND 退费", kind="article"))
    without = set(search(engine, "光猫 NOT 退费", kind="article"))
    every = set(search(engine, "光猫", kind="article"))
    assert both
    assert without
    assert both | without == every
    assert not both & without


def test_a_phrase_is_found_as_it_stands(engine: Engine) -> None:
    query = SearchQuery('"理顺后重插一次"', on=START.date(), syntax="advanced")
    hit = engine.preview_search(query).hits[0]
    assert hit.target_id == "P060101"
    assert any(hit.snippet[start:end].startswith("理顺") for start, end in hit.highlights)


def test_a_region_leaves_out_limits_and_tickets_from_elsewhere(
    engine: Engine, database: Database
) -> None:
    limits = handbook.read_limits(database.connection)
    query = SearchQuery("障碍修复时限", on=date(2026, 11, 20), kind="time_limit", limit=100)

    def regions(region: str) -> set[str]:
        hits = engine.preview_search(replace(query, region=region)).hits
        return {limits[hit.target_id].region for hit in hits}

    assert "河南" in regions("") - {"", "重庆"}
    assert regions("河南") == {"", "河南"}
    assert regions("重庆") == {"", "重庆"}
    tickets = replace(query, text="宽带断网", kind="ticket", region="不存在的地方")
    assert engine.preview_search(tickets).hits == ()
