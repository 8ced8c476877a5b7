"""Learning by forms alone, and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.practice.progress import deal, read_shelf
from web.parsing import AGENT_COOKIE
from web.services import Services

NAME = "新人甲"


@pytest.fixture
def learner(client: FlaskClient) -> str:
    """Somebody with a name."""
    client.set_cookie(AGENT_COOKIE, quote(NAME))
    return NAME


def test_without_a_name_the_page_says_how_to_begin(client: FlaskClient) -> None:
    assert "填上您的姓名" in client.get("/learn").text
    answer = client.get("/learn/cards", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert "我是" in answer.text
    assert client.get("/api/v1/learning/cards").status_code == 422


def test_a_card_is_graded_and_the_grade_taken_back(
    client: FlaskClient, learner: str, services: Services, send: Callable[..., Any]
) -> None:
    def first() -> str:
        connection, now = services.database.connection, services.clock()
        deck = deal(connection, learner, read_shelf(connection, now=now), now=now)
        return deck.due[0].card.id

    card = first()
    assert "开始复习" in client.get("/learn").text
    page = client.get("/learn/cards").text
    assert f'data-card="{card}"' in page
    fields = {"card_id": card, "rating": "3", "follows": "0"}
    answer = send("/learn/cards/grade", fields, page="/learn/cards")
    assert answer.status_code == 303
    shown = client.get(answer.headers["Location"]).text
    assert "上一张：2 天后再看" in shown
    assert f'data-card="{card}"' not in shown
    back = send("/learn/cards/undo", page="/learn/cards")
    assert f'data-card="{card}"' in client.get(back.headers["Location"]).text
    assert first() == card


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"card_id": "limit-TL001"}, 422, "rating"),
        ({"card_id": "limit-TL001", "rating": "5"}, 422, "应不大于 4"),
        ({"card_id": "limit-TL001", "rating": "三"}, 422, "应为整数"),
        ({"card_id": "limit-TL001", "rating": "3", "x": "1"}, 422, "不认识这一项"),
        ({"card_id": "limit-\x07", "rating": "3"}, 404, "没有这张卡片"),
        ({"card_id": "x" * 100_000, "rating": "3"}, 422, "card_id"),
        ({"card_id": "limit-none", "rating": "3"}, 404, "没有这张卡片"),
    ],
)
def test_a_bad_grade_is_refused_by_name_and_the_card_stays(
    learner: str, send: Callable[..., Any], fields: dict[str, str], status: int, words: str
) -> None:
    answer = send("/learn/cards/grade", fields, page="/learn/cards")
    assert answer.status_code == status
    assert words in answer.text
    assert "data-card=" in answer.text


def test_the_api_grades_once_per_card_seen(client: FlaskClient) -> None:
    who = {"X-Agent": "api-learner"}
    deck = client.get("/api/v1/learning/cards", headers=who).json
    assert deck is not None
    card = deck["due"][0]
    url = f"/api/v1/learning/cards/{card['id']}/grade"
    body = {"rating": 3, "follows": card["follows"]}
    given = client.post(url, json=body, headers=who)
    again = client.post(url, json=body, headers=who)
    assert given.json is not None
    assert (given.status_code, given.json) == (201, again.json)
    assert given.json["interval_days"] >= 1
    missed = client.post(url, json={"rating": 1}, headers=who).json
    assert missed is not None
    assert missed["interval_days"] == 0
    undone = client.post("/api/v1/learning/cards/undo", headers=who).json
    assert undone is not None
    assert undone["seq"] == missed["seq"]
