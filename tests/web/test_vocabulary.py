"""The vocabulary over the API and its pages, and what publishing would change."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.sync import sync_index
from kb.desk import Closing
from kb.editor import Editor
from kb.foresight import foreseen_as_dict
from kb.linking import Target
from kb.store import handbook, vocabulary
from kb.ticket import Ticket
from web.impacts import Impacts
from web.services import Services

URL = "/api/v1/vocabulary"
PAGE = "/edit/vocabulary"
Send = Callable[..., Any]


def read(client: FlaskClient) -> dict[str, Any]:
    answer = client.get(URL).json
    assert answer is not None
    return dict(answer)


def put(client: FlaskClient, base: int, body: dict[str, Any]) -> Any:
    return client.put(URL, json={"reason": "试", **body}, headers={"If-Match": f'"v{base}"'})


def added(client: FlaskClient, kind: str, *rows: str) -> dict[str, Any]:
    return {"tables": {kind: [*read(client)["tables"][kind], *rows]}}


def nonsense(client: FlaskClient) -> list[str]:
    """Confusions that turn every known word into another trade's."""
    tables = read(client)["tables"]
    taken = {row.split(",")[0] for row in tables["confusions"]}
    words = {word for group in tables["synonyms"] for word in group.split(",")}
    return [f"{word},苹果树,safe" for word in sorted(words - taken)]


def articles(client: FlaskClient, text: str) -> list[str]:
    answer = client.get(f"/api/v1/search?q={text}&type=article").json
    assert answer is not None
    return [hit["target_id"] for hit in answer["hits"][:3]]


def test_a_synonym_serves_the_next_search_and_a_rollback_takes_it_back(
    client: FlaskClient, services: Services
) -> None:
    before = read(client)
    assert "P060101" not in articles(client, "赤练蛇")
    tables = {"synonyms": [*before["tables"]["synonyms"], "光猫红灯,赤练蛇"]}
    saved = put(client, before["version"], {"tables": tables, "reason": "客户都这么叫"})
    assert (saved.status_code, saved.json["version"]) == (200, before["version"] + 1)
    assert saved.headers["ETag"] == f'"v{before["version"] + 1}"'
    assert "P060101" in articles(client, "赤练蛇")
    assert not saved.json["indexed"]
    sync_index(services.settings, services.database)
    assert read(client)["indexed"]
    diff = client.get(f"{URL}/diff?old={before['version']}&new={saved.json['version']}").json
    assert diff is not None
    assert [(each["field"], each["changes"]) for each in diff["fields"]] == [
        ("synonyms", [{"kind": "added", "text": "光猫红灯,赤练蛇\n"}])
    ]
    back = client.post(
        f"{URL}/rollback", json={"version": before["version"], "reason": "其实不这么叫"}
    )
    assert back.json is not None
    assert back.json["version"] == before["version"] + 2
    assert back.json["tables"] == before["tables"]
    assert "P060101" not in articles(client, "赤练蛇")
    newest = client.get(f"{URL}/versions").json
    assert newest is not None
    assert newest["versions"][0]["restored"] == before["version"]
    assert newest["versions"][0]["reason"] == "其实不这么叫"


def test_a_term_never_masked_counts_for_the_next_text(client: FlaskClient) -> None:
    text = "号码13800001111打不通"
    number = "13800001111"
    wrong = put(client, read(client)["version"], added(client, "never_mask", number))
    assert wrong.status_code == 422
    answer = client.post("/api/v1/suggestions", json={"text": text}).json
    assert answer is not None
    assert number not in answer["query_masked"]
    code = "工号620001198"
    masked = client.post("/api/v1/suggestions", json={"text": f"请转{code}处理"}).json
    assert (
        put(client, read(client)["version"], added(client, "never_mask", code)).status_code == 200
    )
    kept = client.post("/api/v1/suggestions", json={"text": f"请转{code}处理"}).json
    assert masked is not None
    assert kept is not None
    assert code in kept["query_masked"]


@pytest.mark.parametrize(
    ("kind", "row", "detail"),
    [
        ("synonyms", "独词", "一组至少两个词"),
        ("synonyms", "光猫,某猫", "「光猫」在第"),
        ("synonyms", "甲甲,乙乙,甲甲", "写了两次"),
        ("confusions", "光毛毛", "应写成 错词,正词,safe"),
        ("confusions", "光毛毛,光猫,maybe", "应为 safe"),
        ("confusions", "光猫,光猫,safe", "相同"),
        ("words", "5G", "两个以上的汉字"),
        ("words", "#备注", "以 # 开头"),
        ("never_mask", "字" * 41, "超过 40 字"),
        ("never_mask", "坏\x07字", "控制字符"),
    ],
)
def test_a_wrong_row_is_named_by_table_and_row(
    client: FlaskClient, kind: str, row: str, detail: str
) -> None:
    body = added(client, kind, row)
    answer = put(client, read(client)["version"], body)
    assert answer.status_code == 422
    place = len(body["tables"][kind]) - 1
    assert answer.json["errors"][0]["pointer"] == f"/tables/{kind}/{place}"
    assert f"第 {place + 1} 行" in answer.json["detail"]
    assert detail in answer.json["detail"]


def test_bases_reasons_and_keys_are_asked_for(client: FlaskClient) -> None:
    body = {**added(client, "words", "紫藤花"), "reason": "试"}
    newest = read(client)["version"]
    assert client.put(URL, json=body).status_code == 428
    assert put(client, newest + 9, body).status_code == 404
    assert put(client, newest, {**body, "reason": " "}).status_code == 422
    assert put(client, newest, {**body, "wrods": []}).json["errors"][0]["pointer"] == "/wrods"
    assert put(client, newest, {"tables": {}}).json["detail"] == "tables：词表没有变化"
    assert read(client)["version"] == newest


def test_who_was_overtaken_is_merged_or_told_and_loses_nothing(
    client: FlaskClient, send: Send
) -> None:
    base = read(client)["version"]
    start = read(client)["tables"]
    first = {"tables": {"words": ["首词", *start["words"]]}}
    put(client, base, {"tables": {"words": [*start["words"], "中词", "尾词"]}})
    put(client, base + 1, {"tables": {"words": [*start["words"], "中词", "改尾词"]}})
    assert put(client, base + 1, first).status_code == 412
    texts = {kind: "\n".join(rows) for kind, rows in start.items()}
    fields = {**texts, "words": "我的词", "base": str(base + 1), "reason": "试", "action": "save"}
    page = send(PAGE, fields, page=PAGE)
    assert page.status_code == 412
    assert "别人也改了同样的行" in page.text
    assert "我的词</textarea>" in page.text
    kept = put(client, base + 1, {"tables": {"never_mask": [*start["never_mask"], "95598"]}})
    assert kept.json["tables"]["words"][-1] == "改尾词"
    assert kept.json["tables"]["never_mask"][-1] == "95598"


def test_a_preview_shows_lists_before_and_after_and_keeps_nothing(client: FlaskClient) -> None:
    client.post("/api/v1/suggestions", json={"text": "我的话费怎么多扣了三十块"})
    before = read(client)["version"]
    answer = client.post(f"{URL}/preview", json=added(client, "confusions", *nonsense(client)))
    assert answer.status_code == 200
    assert answer.json is not None
    seen = answer.json["foreseen"]
    assert seen["lowers"]
    assert seen["judged"] >= 93
    assert seen["down"] > seen["up"]
    assert f"影响 {seen['up'] + seen['down']} 条评测查询" in seen["told"]
    assert {each["kind"] for each in answer.json["effects"]} >= {"judged", "complaint"}
    fallen = next(each for each in answer.json["effects"] if each["direction"] == "down")
    places = [each["target_id"] in fallen["articles"] for each in fallen["before"]]
    assert places.index(True) + 1 == fallen["old"]
    assert read(client)["version"] == before
    assert articles(client, "话费多扣") != []


def test_what_makes_answers_worse_is_saved_only_with_a_stated_reason(
    client: FlaskClient, send: Send, services: Services
) -> None:
    base = read(client)["version"]
    body = added(client, "confusions", *nonsense(client))
    refused = put(client, base, body)
    assert refused.status_code == 409
    assert refused.json["type"] == "/problems/lowers-ranking"
    assert "平均倒数排名" in refused.json["detail"]
    rows = "\n".join(body["tables"]["confusions"])
    fields = {"confusions": rows, "base": str(base), "reason": "试", "action": "save"}
    page = send(PAGE, fields, page=PAGE)
    assert page.status_code == 409
    assert "套餐,苹果树,safe" in page.text
    assert 'name="despite"' in page.text
    assert "▼ 降" in page.text
    assert send(PAGE, {**fields, "despite": "演练"}, page=PAGE).status_code == 302
    newest = vocabulary.read_versions(services.database.connection)[0]
    assert newest.number == base + 1
    assert newest.impact is not None
    assert newest.impact["despite"] == "演练"
    assert newest.impact["lowers"]
    back = send(f"{PAGE}/rollback", {"old": str(base), "reason": "完", "action": "save"}, page=PAGE)
    assert back.status_code == 302
    sync_index(services.settings, services.database)


def settle(services: Services, texts: list[str], article: str) -> None:
    """Complaints that an article settled for good."""
    desk, now = services.desk, services.clock()
    for text in texts:
        ticket = Ticket("", now.isoformat(), description=text, category="060101")
        ticket = desk.create(ticket, agent="甲", now=now)
        closing = Closing(
            resolution="换尾纤", solution=Target(target_type="procedure", target_id=article)
        )
        desk.close(ticket.ticket_no, closing, agent="甲", now=now)
    desk.settle(now=now + timedelta(days=31))


def test_an_article_that_makes_answers_worse_is_published_only_with_a_reason(
    client: FlaskClient, services: Services
) -> None:
    settle(services, [f"家里光猫红灯亮，网断了{day}天" for day in "一二三四五六"], "P060101")
    now = services.clock()
    article = handbook.read_article(services.database.connection, "P060101")
    ruined = replace(
        article,
        revision=replace(
            article.revision, title="营业厅排队", body="## 一句话\n\n排队。\n", keywords=("排队",),
            categories=("120101",), steps=("请客户取号。",),
        ),
    )  # fmt: skip
    editor = Editor(services.database)
    draft = editor.save(ruined, base=article.revision.number, author="甲", now=now)
    number = draft.revision.number
    editor.act("P060101", number, "submit", actor="甲", now=now)
    impact = client.get("/api/v1/articles/P060101/impact").json
    assert impact is not None
    assert impact["foreseen"]["lowers"]
    page = client.get("/edit/P060101/impact")
    assert "▼ 降" in page.text
    needed = editor.open("P060101", now=now).standing.needed
    for reviewer in "bcd"[: needed - 1]:
        approve(client, number, reviewer)
    refused = approve(client, number, "z")
    assert refused.status_code == 409
    assert refused.json["errors"][0]["pointer"] == "/comment"
    assert editor.open("P060101", now=now).standing.status == "in_review"
    told = approve(client, number, "z", comment="旧条目合并到别处")
    assert told.status_code == 200
    event = told.json["events"][-1]
    assert (event["comment"], event["foreseen"]["lowers"]) == ("旧条目合并到别处", True)


def test_a_measurement_that_fails_holds_no_text_back(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = services.clock()
    article = handbook.read_article(services.database.connection, "P060101")
    better = replace(article, revision=replace(article.revision, title="宽带全断怎么办"))
    editor = Editor(services.database)
    draft = editor.save(better, base=article.revision.number, author="甲", now=now)
    number = draft.revision.number
    editor.act("P060101", number, "submit", actor="甲", now=now)
    monkeypatch.setattr("indexer.overlay.ATTEMPTS", 0)
    needed = editor.open("P060101", now=now).standing.needed
    told = [approve(client, number, reviewer) for reviewer in "bcd"[:needed]]
    assert (told[-1].status_code, editor.open("P060101", now=now).standing.status) == (
        200,
        "published",
    )
    assert told[-1].json["events"][-1]["foreseen"] is None


def approve(
    client: FlaskClient, number: int, who: str, *, comment: str = "", article: str = "P060101"
) -> Any:
    return client.post(
        f"/api/v1/articles/{article}/approve",
        json={"revision": number, "comment": comment},
        headers={"X-Agent": quote(who)},
    )


def test_a_trial_begins_with_the_submission_and_serves_the_approval(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    sync_index(services.settings, services.database)
    now, connection = services.clock(), services.database.connection
    article = handbook.read_article(connection, "P060102")
    text = replace(article.revision, body=article.revision.body + "\n补一句。\n")
    editor = Editor(services.database)
    draft = editor.save(replace(article, revision=text), base=text.number, author="甲", now=now)
    number = draft.revision.number
    page = client.get("/edit/P060102").text
    assert 'id="trial"' not in page
    asked = {"revision": number}
    headers = {"X-Agent": quote("甲")}
    answer = client.post("/api/v1/articles/P060102/submit", json=asked, headers=headers)
    assert answer.status_code == 200
    impacts: Impacts = app.extensions["impacts"]
    for _ in range(400):
        foreseen = impacts.find_foreseen(draft)
        if foreseen:
            break
        time.sleep(0.05)
    assert foreseen
    assert foreseen.judged > 0
    assert foreseen.told in client.get("/edit/P060102").text
    approved = approve(client, number, "乙", article="P060102")
    assert approved.status_code == 200, approved.json
    event = editor.open("P060102", now=now).events[-1]
    assert event.foreseen == foreseen_as_dict(foreseen)
    sync_index(services.settings, services.database)
    assert impacts.find_foreseen(draft) is None
