"""Evidence of gaps is grouped by wording: the same way each time, growing at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indexer.analysis import Analyzer
from indexer.engine import Engine
from indexer.gaps import cluster_evidence, read_words
from indexer.language import Language
from kb.gap import Evidence
from tests.conftest import START

REMOTE = ("机顶盒的遥控器按了没反应", "遥控器坏了,换台换不动", "电视遥控器没反应,电池换过了")
NUMBER = ("想把尾号是8的靓号过户给儿子", "靓号过户要什么材料", "号码过户,是靓号")
TALK = ("嗯", "那个", "")


@pytest.fixture(scope="module")
def analyzer(language: Language) -> Analyzer:
    return language.analyzer


def noted(texts: tuple[str, ...]) -> list[Evidence]:
    return [
        Evidence(
            id=f"abstained:{place:03d}",
            kind="abstained",
            text=text,
            at=f"2026-03-01T09:{place:02d}:00+08:00",
            agent="王",
            ticket_no="",
            category="",
            came_back=False,
            overdue_hours=0.0,
            found="",
        )
        for place, text in enumerate(texts)
    ]


def grouped(texts: tuple[str, ...], analyzer: Analyzer) -> list[set[str]]:
    clusters = cluster_evidence(noted(texts), analyzer)
    return [{each.text for each in cluster.evidence} for cluster in clusters]


def test_texts_of_one_matter_come_together(analyzer: Analyzer) -> None:
    mixed = tuple(text for pair in zip(REMOTE, NUMBER, strict=True) for text in pair)
    assert grouped(mixed, analyzer) == [set(REMOTE), set(NUMBER)]


def test_a_group_is_called_by_the_words_it_shares(analyzer: Analyzer) -> None:
    remote, number = cluster_evidence(noted(REMOTE + NUMBER), analyzer)
    assert "遥控器" in remote.label.split()
    assert {"靓号", "过户"} <= set(number.label.split())


def test_what_says_nothing_makes_no_group(analyzer: Analyzer) -> None:
    assert grouped(TALK, analyzer) == []


def test_more_evidence_leaves_the_groups_as_they_were(analyzer: Analyzer) -> None:
    before = cluster_evidence(noted(REMOTE + NUMBER), analyzer)
    after = cluster_evidence(noted((*REMOTE, *NUMBER, "靓号过户", "遥控器失灵")), analyzer)
    assert len(after) == 2
    for old, new in zip(before, after, strict=True):
        assert new.evidence[: len(old.evidence)] == old.evidence
        assert len(new.evidence) == len(old.evidence) + 1


def test_the_same_evidence_gives_the_same_groups(analyzer: Analyzer) -> None:
    evidence = noted(REMOTE + NUMBER)
    assert cluster_evidence(evidence, analyzer) == cluster_evidence(list(evidence), analyzer)
    renamed = [replace(each, agent="李") for each in evidence]
    assert [cluster.label for cluster in cluster_evidence(renamed, analyzer)] == [
        cluster.label for cluster in cluster_evidence(evidence, analyzer)
    ]


def test_everyday_words_tell_nothing(analyzer: Analyzer) -> None:
    words = read_words("我们现在这个遥控器没有反应", analyzer)
    assert "遥控器" in words
    assert not {"我们", "现在", "这个", "没有"} & words.keys()
    assert sum(weight**2 for weight in words.values()) == pytest.approx(1)


def test_a_home_is_named_even_where_nothing_was_suggested(engine: Engine) -> None:
    home = engine.find_home("宽带装好了,想把发票抬头改成公司", now=START)
    assert home is not None
    assert home.details["section"]
    before = engine.find_home("家里断网,光猫红灯一直亮", now=START)
    assert before is not None
    assert before.target_id == "P060101"
    rows = engine._database.connection.execute("SELECT count(*) FROM suggestion_session")
    assert rows.fetchone()[0] == 0, "nothing is recorded"
