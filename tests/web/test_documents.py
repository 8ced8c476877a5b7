"""Importing documents by the page and by the API: nothing is kept before it is confirmed."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.documents.container import MAX_FILE
from kb.store import editing, handbook
from tests.kb import word_files
from tests.web.conftest import TOKEN
from web.rendering import render_markdown
from web.services import Services

PREVIEW = "/api/v1/documents/preview"
AREA = re.compile(r'<textarea name="(body-\d+)"[^>]*>([^<]*)</textarea>')
FIELD = re.compile(
    r'<input[^>]* name="((?:title|slug|path|source|count|owner)[\w-]*)" value="([^"]*)"'
)


def send_file(client: FlaskClient, data: bytes, name: str = "手册.docx", **fields: str) -> Any:
    token = TOKEN.search(client.get("/edit/import").text)
    assert token
    values = {"csrf_token": token[1], **fields, "file": (io.BytesIO(data), name)}
    return client.post("/edit/import", data=values, content_type="multipart/form-data")


def ids(services: Services) -> set[str]:
    return handbook.read_ids(services.database.connection)


def test_a_handbook_is_previewed_and_becomes_drafts_when_confirmed(
    client: FlaskClient, services: Services
) -> None:
    before = ids(services)
    page = send_file(client, word_files.handbook_file())
    assert page.status_code == 200
    assert "31 条 · 表格 1 个 · 图片 1 张" in page.text
    assert "javascript" not in page.text
    assert ids(services) == before
    form = dict(FIELD.findall(page.text)) | dict(AREA.findall(page.text))
    token = TOKEN.search(page.text)
    assert token
    form |= {"csrf_token": token[1], "keep-0": "on", "keep-30": "on", "owner": "客服部"}
    form |= {"section-0": "1.1", "section-30": "8.3", "target-0": "", "target-30": "S83"}
    form["body-0"] = form["body-0"] + "\n\n手改的一句。"
    done = client.post("/edit/import/drafts", data=form, content_type="multipart/form-data")
    assert (done.status_code, done.headers["Location"]) == (303, "/edit?imported=2")
    [new] = ids(services) - before
    draft = editing.read_newest(services.database.connection, new)
    assert (draft.section, draft.slug, draft.owner) == ("1.1", "ye-wu-kai-tong-liu-cheng", "客服部")
    assert draft.revision.body.endswith("手改的一句。\n")
    revised = editing.read_newest(services.database.connection, "S83")
    assert (revised.revision.status, revised.title) == ("draft", "附录与参考资料")
    assert "2 条已存成草稿" in client.get(done.headers["Location"]).text


def test_a_refused_confirmation_keeps_what_was_typed(
    client: FlaskClient, services: Services
) -> None:
    before = ids(services)
    page = client.get("/edit/import")
    token = TOKEN.search(page.text)
    assert token
    form = {
        "csrf_token": token[1], "count": "2", "source": "通知", "keep-0": "on", "keep-1": "on",
        "title-0": "好的一条", "section-0": "1.1", "body-0": "一段。",
        "title-1": "", "section-1": "1.1", "body-1": "<b>没存上</b>",
    }  # fmt: skip
    refused = client.post("/edit/import/drafts", data=form, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "第 2 条" in refused.text
    assert "&lt;b&gt;没存上&lt;/b&gt;" in refused.text
    assert ids(services) == before
    for wrong in ({"count": "x"}, {"count": "9999"}, {"keep-0": "", "count": "0"}):
        answer = client.post(
            "/edit/import/drafts", data=form | wrong, content_type="multipart/form-data"
        )
        assert answer.status_code == 422


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (word_files.bomb(), "炸弹.docx", "压缩炸弹"),
        (b"%PDF-1.7", "手册.docx", "PDF"),
        (b"", "空.docx", "空的"),
        ("<h1>一</h1>".encode("utf-16"), "页.html", "UTF-8"),
        (word_files.word_file(""), "空白.docx", "没有文字"),
    ],
    ids=["bomb", "pdf", "empty", "encoding", "blank"],
)
def test_a_file_that_is_refused_is_told_why(
    client: FlaskClient, data: bytes, name: str, told: str
) -> None:
    answer = send_file(client, data, name)
    assert answer.status_code == 422
    assert told in answer.text


def test_a_file_of_more_than_20_mb_is_refused_before_it_is_read(client: FlaskClient) -> None:
    answer = client.post(
        "/edit/import",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(MAX_FILE + 2**20)},
    )
    assert answer.status_code == 422
    assert "超过 20 MB" in answer.text


def test_pasted_html_is_read_like_a_file(client: FlaskClient) -> None:
    token = TOKEN.search(client.get("/edit/import").text)
    assert token
    html = "<h1>红灯</h1><p onclick=x>先重启。<script>alert(1)</script></p>"
    form = {"csrf_token": token[1], "html": html, "level": "1"}
    page = client.post("/edit/import", data=form, content_type="multipart/form-data")
    assert "先重启。" in page.text
    assert "alert(1)" not in page.text
    empty = client.post(
        "/edit/import", data=form | {"html": " "}, content_type="multipart/form-data"
    )
    assert empty.status_code == 422


def test_the_api_tells_the_parts_and_what_they_resemble(
    client: FlaskClient, services: Services
) -> None:
    before = ids(services)
    article = handbook.read_article(services.database.connection, "P060101")
    html = f"<h1>断网</h1>{render_markdown(article.revision.body)}"
    asked = {"html": html, "name": "断网.html", "level": 1}
    found = client.post(PREVIEW, json=asked).json
    assert found is not None
    [part] = found["parts"]
    assert (found["name"], part["title"], part["slug"]) == ("断网", "断网", "duan-wang")
    assert part["resembling"][0]["id"] == "P060101"
    assert part["section"] == article.section
    content = base64.b64encode(word_files.handbook_file()).decode()
    found = client.post(PREVIEW, json={"content": content, "name": "手册.docx"}).json
    assert found is not None
    assert len(found["parts"]) == 31
    assert ids(services) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": "QQ==", "html": "<p>x</p>"}, "content"),
        ({"content": "不是", "name": "a.docx"}, "content"),
        ({"content": "QQ==", "name": "a.docx"}, "这个文件不能导入"),
        ({"html": "<p>x</p>", "level": 9}, "level"),
    ],
)
def test_the_api_names_what_is_wrong(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post(PREVIEW, json=body)
    assert answer.status_code == 422
    assert field in answer.text
