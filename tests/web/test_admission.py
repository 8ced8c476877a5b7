"""When too many wait: who is told to come again, and who is served all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web.admission import LONGEST_RETRY, MORE_FOR_OTHERS, count_waiting
from web.services import Services

URL = "/api/v1/suggestions"
ASKED = {"text": "家里网断了"}


@pytest.fixture
def crowd(app: Flask) -> Iterator[list[int]]:
    """How many wait, to be set by the test."""
    waiting = [0]
    count_waiting(app, lambda: waiting[0])
    yield waiting
    count_waiting(app, lambda: 0)


def test_beyond_the_limit_searches_and_suggestions_are_refused(
    client: FlaskClient, services: Services, crowd: list[int]
) -> None:
    crowd[0] = services.settings.queue
    assert client.post(URL, json=ASKED).status_code == 200
    crowd[0] += 1
    for answer in (client.post(URL, json=ASKED), client.get("/search/quick?q=宽带")):
        assert answer.status_code == 503
        assert answer.mimetype == "application/problem+json"
        assert 1 <= int(answer.headers["Retry-After"]) <= LONGEST_RETRY
        assert answer.json is not None
        assert answer.json["title"] == "服务正忙，请稍后再试"
        assert answer.json["instance"] == answer.headers["X-Request-ID"]


def test_what_is_to_be_kept_is_refused_much_later(
    client: FlaskClient, services: Services, crowd: list[int]
) -> None:
    crowd[0] = services.settings.queue * MORE_FOR_OTHERS
    body = {"description": "网断了", "category": "060101"}
    assert client.post("/api/v1/tickets", json=body).status_code == 201
    crowd[0] += 1
    assert client.post("/api/v1/tickets", json=body).status_code == 503


def test_a_page_says_so_in_words(client: FlaskClient, crowd: list[int]) -> None:
    crowd[0] = 10_000
    answer = client.get("/search?q=宽带", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "服务正忙，请稍后再试" in answer.text
    assert "已填的内容还在" in answer.text


def test_probes_and_styles_are_never_refused_and_the_queue_is_told(
    client: FlaskClient, crowd: list[int]
) -> None:
    crowd[0] = 10_000
    for path in ("/healthz", "/readyz", "/static/base.css"):
        with client.get(path) as answer:
            assert answer.status_code == 200, path
    crowd[0] = 17
    assert "\nkb_queue_depth 17.0\n" in client.get("/metrics").text
