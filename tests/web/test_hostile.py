"""Names that lead out of the data folder, texts made to be slow or to break what reads them."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.kb import word_files
from tests.web.test_headers import address
from web.services import Services

NAMES = (
    "..%2f..%2f..%2fetc%2fpasswd", "..%5c..%5cboot.ini", "%2e%2e%2fkb.db", "....%2f%2fkb.db",
    "C:%5CWindows%5Cwin.ini", "%5C%5Chost%5Cshare", "kb.db%00.css", "x" * 300, "\u202ekb.db",
    "e\u0301" * 120, "%ff%fe", "%ed%a0%80", "file:%2f%2f%2fetc%2fpasswd", "~root", "%25 2e%25 2e",
)  # fmt: skip
FILES = ("../../evil.docx", "..\\..\\evil.docx", "C:\\evil\x00.docx", "长" * 190 + ".docx")
CONTENT = b64encode(word_files.handbook_file()).decode()
TEXTS = {
    "many terms": "光猫 宽带 " * 1_600,
    "one long term": "宽" * 20_000,
    "stars": "*" * 400,
    "prefixes": "a* " * 160,
    "brackets": "(" * 500,
    "quotes": '"' * 499,
    "operators": "NOT AND OR " * 40,
    "fields": "title:" * 80,
    "right to left": "\u202e宽带\u202d\u2066断网\u2069" * 20,
    "zalgo": "宽\u0300\u0301\u0302\u0303\u0304\u0489" * 60,
    "joined emoji": "👩\u200d👩\u200d👧\u200d👦" * 40,
    "flags and keycaps": "🇨🇳1\ufe0f\u20e3" * 60,
    "invisible": "\u200b\u200c\u2060\ufeff" * 100,
    "controls": "\x00\x01\x1b[2J\x7f\x85宽带",
    "wide digits": "１３８００１３８０００" * 40,
    "nearly a number": "1" * 490 + "x",
    "nearly an address": "号" * 490,
    "ligatures": "ﷺ﷽" * 60,
}


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_never_leads_out_of_what_it_names(
    app: Flask, client: FlaskClient, services: Services, name: str
) -> None:
    root = services.settings.data.parent
    before = files_under(root)
    for rule in app.url_map.iter_rules():
        if rule.arguments and "GET" in (rule.methods or set()):
            path = address(rule, name).replace("desk.css", name)
            answer = client.get(path, headers={"Accept": "text/html"})
            assert answer.status_code < 500, path
            assert "root:" not in answer.text
            assert "SQLite format" not in answer.text
    assert files_under(root) == before


@pytest.mark.parametrize("name", FILES)
def test_a_file_name_is_only_ever_shown(client: FlaskClient, services: Services, name: str) -> None:
    root = services.settings.data.parent
    before = files_under(root)
    body = {"name": name, "content": CONTENT}
    answer = client.post("/api/v1/documents/preview", json=body)
    assert answer.status_code in {200, 422}
    assert files_under(root) == before


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_no_text_breaks_what_reads_it(client: FlaskClient, text: str) -> None:
    for syntax in ("simple", "advanced"):
        answer = client.post("/api/v1/search", json={"q": text, "syntax": syntax})
        assert answer.status_code in {200, 422}
    answer = client.post("/api/v1/suggestions", json={"text": text[:20_000]})
    assert answer.status_code in {200, 422}
    page = client.get("/search", query_string={"q": text}, headers={"Accept": "text/html"})
    assert page.status_code in {200, 422}


def test_half_a_character_is_refused(client: FlaskClient) -> None:
    for path, name in (("search", "q"), ("suggestions", "text"), ("tickets", "description")):
        body = f'{{"{name}": "宽\\ud800带"}}'.encode()
        answer = client.post(f"/api/v1/{path}", data=body, content_type="application/json")
        assert answer.status_code == 422
        assert name in answer.text


def test_a_hundred_kilobytes_of_query_are_refused(client: FlaskClient) -> None:
    assert client.get("/search", query_string={"q": "网" * 34_000}).status_code in {414, 422}
    assert client.post("/api/v1/search", json={"q": "网" * 34_000}).status_code == 422
    assert client.post("/api/v1/suggestions", json={"text": "网" * 34_000}).status_code == 422
