"""The editors' pages without a script: every step is a form, every refusal keeps what was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient

from kb.store import handbook
from kb.store.files import FileConflict, LastImport, save_import
from tests.conftest import START
from web.drafts import fields_of, line_fields
from web.services import Services

Send = Callable[..., Any]
FORM = {
    "base": "0", "title": "表单写的条目", "section": "5.1", "slug": "by-form", "owner": "客服部",
    "responsible_dept": "客服部", "sources": "内部", "body": "一句。", "valid_from": "2026-01-01",
    "review_by": "2026-12-10", "keywords": "甲，乙", "steps": "第一步\n第二步",
}  # fmt: skip


def test_an_article_is_written_and_submitted_by_forms(client: FlaskClient, send: Send) -> None:
    saved = send("/edit/S81-9", FORM)
    assert (saved.status_code, saved.headers["Location"]) == (302, "/edit/S81-9?saved=1")
    done = send("/edit/S81-9/step", {"revision": "1", "action": "submit"})
    assert done.status_code == 302
    draft = client.get("/api/v1/articles/S81-9/draft").json
    assert draft is not None
    assert (draft["keywords"], draft["steps"]) == (["甲", "乙"], ["第一步", "第二步"])
    assert draft["standing"]["status"] == "in_review"
    queue = client.get("/edit").text
    assert "表单写的条目" in queue
    assert "待审" in queue


def test_a_refused_form_comes_back_with_what_was_typed(send: Send) -> None:
    refused = send("/edit/S81-8", FORM | {"valid_from": "昨天", "title": "<b>没存上</b>"})
    assert refused.status_code == 422
    assert "&lt;b&gt;没存上&lt;/b&gt;" in refused.text
    assert 'id="wrong-valid_from"' in refused.text


def test_items_nobody_knows_are_kept_by_form_and_api(client: FlaskClient, send: Send) -> None:
    call: Any = client
    path = "/api/v1/articles/S81-40/draft"
    send("/edit/S81-40", FORM | {"slug": "items", "title": "带其他项", "extra": "复核组:   装维"})
    before = call.get(path)
    assert before.json["extra"] == "复核组: 装维\n"
    assert "复核组: 装维" in call.get("/edit/S81-40").text
    body = {name: before.json[name] for name in ("section", "slug", "valid_from", "review_by")}
    headers = {"If-Match": before.headers["ETag"]}
    put = call.put(path, json=body | {"title": "改了标题"}, headers=headers)
    assert (put.json["revision"], put.json["extra"]) == (2, "复核组: 装维\n")
    wrong = send("/edit/S81-40", FORM | {"slug": "items", "base": "2", "extra": "title: 混进来"})
    assert wrong.status_code == 422
    assert 'id="wrong-extra"' in wrong.text
    assert "title 有自己的栏" in wrong.text
    gone = call.put(path, json=body | {"title": "改了标题", "extra": ""}, headers={
        "If-Match": put.headers["ETag"]})  # fmt: skip
    assert gone.json["extra"] == ""


def test_a_form_from_another_site_is_refused(client: FlaskClient) -> None:
    answer = client.post("/edit/S81-7", data=FORM, headers={"Accept": "text/html"})
    assert answer.status_code == 403


def test_articles_due_for_review_are_listed(client: FlaskClient, send: Send) -> None:
    send("/edit/S81-6", FORM | {"slug": "due", "title": "快到复核的条目"})
    for agent, action in (("甲", "submit"), ("reviewer", "approve")):
        answer = client.post(
            f"/api/v1/articles/S81-6/{action}", json={"revision": 1}, headers={"X-Agent": agent}
            if agent.isascii() else {},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
    due = client.get("/edit").text.partition('id="head-due"')[2].partition('id="head-new"')[0]
    assert "快到复核的条目" in due


def test_a_step_that_cannot_be_taken_is_told_on_the_page(send: Send) -> None:
    send("/edit/S81-5", FORM | {"slug": "five", "title": "第五条"})
    refused = send("/edit/S81-5/step", {"revision": "1", "action": "reject", "comment": ""})
    assert refused.status_code == 409
    assert "不能退回" in refused.text
    unknown = send("/edit/S81-5/step", {"revision": "1", "action": "explode"})
    assert unknown.status_code == 422


def test_what_file_and_database_both_changed_is_listed_and_compared(
    client: FlaskClient, send: Send, services: Services
) -> None:
    texts = line_fields(fields_of(handbook.read_article(services.database.connection, "S11")))
    conflict = FileConflict("S11", ("标题",), 1, texts | {"title": "文件里的<b>标题</b>"})
    table = FileConflict("", ("时限表",))
    done = LastImport("2026-11-20T10:00:00+08:00", conflicts=(conflict, table), problem="缺标题")
    with services.database.transaction() as connection:
        save_import(connection, done)
    queue = client.get("/edit").text
    for words in ("S11 与手册文件对照", "时限表", "缺标题"):
        assert words in queue
    page = client.get("/edit/S11/file").text
    assert "文件里的&lt;b&gt;标题&lt;/b&gt;" in page
    assert "用文件的，存为新的一版" in page
    assert client.get("/edit/S12/file").status_code == 404
    with services.database.transaction() as connection:
        save_import(connection, replace(done, conflicts=(), problem=""))


def test_a_draft_that_was_overtaken_is_taken_further_over_three_texts(
    client: FlaskClient, send: Send, services: Services
) -> None:
    form = FORM | {"slug": "overtaken", "title": "原来的标题"}
    send("/edit/S81-4", form)
    for agent, action in (("甲", "submit"), ("reviewer", "approve")):
        headers = {"X-Agent": agent} if agent.isascii() else {}
        path = f"/api/v1/articles/S81-4/{action}"
        assert client.post(path, json={"revision": 1}, headers=headers).status_code == 200
    send("/edit/S81-4", form | {"base": "1", "owner": "草稿里的部门", "title": "草稿里的标题"})
    database = services.database
    article = handbook.read_article(database.connection, "S81-4", number=1)
    with database.transaction() as connection:
        text = replace(article.revision, body="文件里的正文。\n")
        handbook.save_article(
            connection, replace(article, revision=text), author="手册文件", reason="", now=START
        )
    assert "草稿被盖过" in client.get("/edit").text
    page = client.get("/edit/S81-4?revision=2").text
    assert 'name="base" value="2"' in page
    assert "草稿里的标题" in page
    refused = send("/edit/S81-4", form | {"base": "2", "title": "草稿里的标题"})
    assert refused.status_code == 412
    merged = refused.text.partition("两边都要")[0]
    assert 'name="title" value="草稿里的标题"' in merged
    assert "文件里的正文。" in merged
    send("/edit/S81-4/step", {"revision": "2", "action": "drop"})
    assert "草稿被盖过" not in client.get("/edit").text


def test_an_id_that_no_article_can_have_opens_no_form(client: FlaskClient) -> None:
    for article_id in ("~root", "C:%5Cx", "p060101", "P" * 31):
        assert client.get(f"/edit/{article_id}").status_code == 404
    assert client.get("/edit/S97").status_code == 200
