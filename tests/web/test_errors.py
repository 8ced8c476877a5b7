"""Refusals: RFC 9457, in Chinese, with the status of one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import web.errors
from kb.errors import KBError
from web.app import create_app
from web.services import Services

URL = "/api/v1/suggestions"
HAN = re.compile("[一-龥]")


def every_reason(kind: type[KBError] = KBError) -> list[type[KBError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in every_reason(child))]


@pytest.mark.parametrize("reason", every_reason(), ids=lambda reason: reason.__name__)
def test_every_reason_has_a_status_and_a_chinese_title(reason: type[KBError]) -> None:
    assert reason in web.errors.STATUS
    assert isinstance(web.errors.STATUS[reason], HTTPStatus)
    assert HAN.search(reason.__doc__ or "")


@pytest.mark.parametrize("reason", every_reason(), ids=lambda reason: reason.__name__)
def test_every_problem_type_leads_to_a_page(client: FlaskClient, reason: type[KBError]) -> None:
    page = client.get(f"/problems/{reason.code}")
    assert page.status_code == 200
    assert (reason.__doc__ or "").strip() in page.text


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"text": "\xff"}', "application/json", 400),
        (b'{"text": NaN}', "application/json", 400),
        (b'{"text": "a", "text": "b"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[" * 300_000, "application/json", 413),
        (b"[" * 50_000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b'"text"', "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"text": "a"}', "text/plain", 415),
        (b"text=a", "application/x-www-form-urlencoded", 415),
        (b'{"text": "a"}', "application/json; charset=gbk", 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: FlaskClient, data: bytes, kind: str, status: int
) -> None:
    answer = client.post(URL, data=data, content_type=kind)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["status"] == status
    assert HAN.search(answer.json["detail"])
    assert answer.json["instance"] == answer.headers["X-Request-ID"]


def test_a_body_over_the_limit_is_413(client: FlaskClient, services: Services) -> None:
    body = {"text": "a" * services.settings.max_body}
    assert client.post(URL, json=body).status_code == 413


def test_an_unknown_address_is_404(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["type"] == "/problems/not-found"


def test_a_wrong_method_says_which_are_allowed(client: FlaskClient) -> None:
    answer = client.get(URL)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.mimetype == "application/problem+json"


def test_a_browser_on_a_page_gets_a_page(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "没有这个地址" in answer.text


def test_a_program_on_an_unknown_page_gets_a_problem(client: FlaskClient) -> None:
    assert client.get("/nothing").mimetype == "application/problem+json"


def test_a_fault_of_ours_says_nothing_of_what_was_sent(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    app: Flask = create_app(replace(services))

    @app.get("/api/v1/broken")
    def break_down() -> str:
        raise RuntimeError("客户说：13812345678")

    with caplog.at_level("INFO", "web"):
        answer = app.test_client().get("/api/v1/broken")
    assert answer.status_code == 500
    assert "13812345678" not in answer.text
    assert "13812345678" not in caplog.text
    assert "RuntimeError" in caplog.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_a_name_that_is_no_text_is_refused(client: FlaskClient) -> None:
    broken = client.post(URL, json={"text": "网断"}, headers={"X-Agent": "%ff"})
    assert broken.status_code == 400
    overlong = client.post(URL, json={"text": "网断"}, headers={"X-Agent": "a" * 65})
    assert overlong.status_code == 422


def test_a_page_names_fields_as_its_form_does_and_the_api_as_its_body_does(
    send: Callable[..., Any], client: FlaskClient
) -> None:
    page = send("/desk/close", {"description": "网断了", "solution": "none", "resolution": ""})
    assert page.status_code == 422
    assert "解决措施：" in page.text
    assert "resolution：" not in page.text
    answer: Any = client.get("/api/v1/search?q=" + "长" * 5_000)
    assert answer.json["errors"][0]["pointer"] == "/q"
