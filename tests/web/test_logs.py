"""What the service writes down of a request: never what was sent with it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask

from tests.web.test_headers import address
from web.app import create_app
from web.services import Services

SECRETS = {
    "number": "13800138000",
    "password": "Geheim-9-wort-x",
    "token": "tok_5f3a9c71e2",
    "name": "wang-xiao-ming",
    "key": "key-77-abc-zz",
    "words": "zhe-shi-ke-hu-de-hua",
}
HEADERS = {
    "Authorization": f"Bearer {SECRETS['token']}",
    "Cookie": f"kb_form={SECRETS['token']}; kb_agent={SECRETS['name']}",
    "X-Agent": SECRETS["name"],
    "Idempotency-Key": SECRETS["key"],
    "X-Request-ID": f"{SECRETS['number']} {SECRETS['words']}",
    "User-Agent": SECRETS["words"],
    "Referer": f"http://localhost/?q={SECRETS['words']}",
}
FIELDS = {
    "text": SECRETS["words"], "q": SECRETS["words"], "description": SECRETS["words"],
    "service_number": SECRETS["number"], "password": SECRETS["password"], "name": SECRETS["name"],
    "call_id": SECRETS["key"], "t": SECRETS["token"],
}  # fmt: skip


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Which of the secrets were written down."""
    return [kind for kind, secret in SECRETS.items() if secret in caplog.text]


def test_no_route_writes_down_what_was_sent(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = app.test_client(use_cookies=False)
    for rule in app.url_map.iter_rules():
        path = address(rule, SECRETS["token"])
        client.get(path, query_string=FIELDS, headers=HEADERS).close()
        client.post(path, json=FIELDS, headers=HEADERS).close()
        client.post(path, data=FIELDS, headers=HEADERS).close()
    assert len(caplog.records) > 300
    assert told(caplog) == []


def test_a_failure_is_written_down_without_its_words(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> datetime:
        raise ValueError(SECRETS["number"])

    caplog.set_level(logging.DEBUG)
    app = create_app(replace(services, clock=broken))
    answer = app.test_client().post("/api/v1/suggestions", json={"text": SECRETS["words"]})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "request_failed" in caplog.text
    assert told(caplog) == []
    assert not any(secret in answer.text for secret in SECRETS.values())
