"""Headers of every answer, and who may change something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

BODY = {"description": "网断了"}
URL = "/api/v1/tickets"


@pytest.mark.parametrize(
    "path", ["/", "/tickets", "/articles/P060101", "/api/v1/categories", "/nothing", "/healthz",
             "/static/desk.css", "/api/v1/tickets/none"]
)  # fmt: skip
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    for part in ("script-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Request-ID"]
    assert "Server" not in headers


def test_what_changes_is_not_kept_and_what_is_fingerprinted_is(client: FlaskClient) -> None:
    def kept(path: str) -> str:
        with client.get(path) as answer:
            return answer.headers["Cache-Control"]

    assert kept("/") == kept("/api/v1/categories") == "no-store"
    assert kept("/static/desk.js") == "no-cache"
    assert "immutable" in kept("/static/desk.js?v=12345678")


def test_a_request_id_is_taken_over_when_it_is_one(client: FlaskClient) -> None:
    kept = client.get("/healthz", headers={"X-Request-ID": "call-7"})
    assert kept.headers["X-Request-ID"] == "call-7"
    made = client.get("/healthz", headers={"X-Request-ID": "a b<script>"})
    assert len(made.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_browser_of_another_site_changes_nothing(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert client.post(URL, json=BODY, headers=headers).status_code == status


FORMS = [
    "/",
    "/desk/fragment",
    "/desk/close",
    "/desk/gap",
    "/desk/none-fit",
    "/desk/view",
    "/tickets/{no}/escalate",
    "/tickets",
    "/tickets/{no}",
    "/tickets/{no}/suggest",
    "/tickets/{no}/close",
    "/tickets/{no}/reopen",
    "/tickets/{no}/callback",
    "/tickets/{no}/take",
    "/tickets/{no}/release",
    "/tickets/{no}/dispatch",
    "/tickets/{no}/unlink",
    "/tickets/{no}/relink",
    "/agent",
    "/edit/P060101",
    "/edit/P060101/step",
    "/edit/start",
    "/edit/import",
    "/edit/import/drafts",
    "/edit/P060101/discard",
    "/edit/vocabulary",
    "/edit/vocabulary/rollback",
    "/edit/classes/010101",
    "/edit/classes/010101/step",
    "/edit/limits/TL001",
    "/edit/limits/TL001/step",
    "/reports/gaps/G1/mark",
    "/reports/tasks/1/close",
    "/search/gap",
    "/articles/P060101/favourite",
    "/articles/P060101/read",
    "/learn/cards/grade",
    "/learn/cards/undo",
    "/learn/drill",
    "/learn/drill/D1",
    "/learn/path/read",
    "/learn/path/edit",
    "/learn/path/assign",
    "/learn/certificate/3",
    "/sign-in",
    "/sign-out",
    "/welcome/once",
    "/account/password",
    "/account/codes",
    "/account/codes/off",
    "/account/codes/recovery",
    "/account/sign-ins/end",
    "/accounts",
    "/accounts/1",
    "/accounts/tokens",
    "/accounts/tokens/revoke",
    "/audit/verify",
    "/exports",
    "/exports/E1/decide",
    "/exports/E1/file",
]
NO_FORMS = {"/pop", "/edit/P060101/preview", "/edit/P060101/autosave"}
"""A telephone system, which has no page of ours to take a token from; scripts that send JSON."""


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_changes_nothing(
    client: FlaskClient, ticket_no: str, path: str
) -> None:
    client.get("/")
    for fields in ({}, {"csrf_token": "0" * 64}):
        answer = client.post(path.format(no=ticket_no), data={"description": "x", **fields})
        assert answer.status_code == 403


def test_these_are_all_the_forms_there_are(app: Flask) -> None:
    rules = {
        rule.rule.replace("<ticket_no>", "{no}")
        .replace("<article_id>", "P060101")
        .replace("<limit_id>", "TL001")
        .replace("<code>", "010101")
        .replace("<gap_id>", "G1")
        .replace("<task_id>", "1")
        .replace("<drill_id>", "D1")
        .replace("<export_id>", "E1")
        .replace("<int:chapter>", "3")
        .replace("<token>", "once")
        .replace("<int:account_id>", "1")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    }
    assert rules - NO_FORMS == set(FORMS)


def test_a_token_of_another_browser_is_refused(app: Flask, send: Callable[..., Any]) -> None:
    assert send("/", {"description": "网断了红灯亮"}).status_code == 200
    stranger = app.test_client()
    page = stranger.get("/").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = app.test_client().post("/", data={"csrf_token": token, "description": "x"})
    assert answer.status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
