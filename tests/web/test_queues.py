"""Queues, dispatch and screen pop as pages and over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from web.services import Services

Send = Callable[..., Any]
NUMBER = "13987654321"


def opened(client: FlaskClient, ticket_no: str) -> dict[str, Any]:
    found = client.get(f"/api/v1/tickets/{ticket_no}").json
    assert found is not None
    return dict(found)


@pytest.fixture
def named(client: FlaskClient, send: Send) -> Send:
    """This browser has said who sits there."""
    assert send("/agent", {"name": "李雷", "next": "/tickets"}).headers["Location"] == "/tickets"
    return send


@pytest.mark.parametrize("place", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_a_name_leads_back_to_this_site_only(send: Send, place: str) -> None:
    assert send("/agent", {"name": "李雷", "next": place}).headers["Location"] == "/"


def test_a_name_is_kept_and_forgotten(client: FlaskClient, named: Send) -> None:
    assert 'value="李雷"' in client.get("/tickets").text
    named("/agent", {"name": ""})
    assert 'value="李雷"' not in client.get("/tickets").text


def test_a_broken_name_is_no_name(client: FlaskClient) -> None:
    client.set_cookie("kb_agent", "%ff")
    assert client.get("/tickets").status_code == 200


def test_taking_needs_a_name_and_moves_the_ticket(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    refused = send(f"/tickets/{ticket_no}/take")
    assert refused.status_code == 422
    assert "先在页面上方填写您的姓名" in refused.text
    send("/agent", {"name": "韩梅"})
    assert send(f"/tickets/{ticket_no}/take").status_code == 303
    assert opened(client, ticket_no)["assignee"] == "韩梅"
    assert ticket_no in client.get("/tickets?queue=working&mine=1").text
    assert ticket_no not in client.get("/tickets?queue=waiting").text


def test_mine_without_a_name_says_what_to_do(client: FlaskClient) -> None:
    assert "还不知道您是谁" in client.get("/tickets?queue=working&mine=1").text


def test_a_ticket_taken_in_by_somebody_named_is_theirs(client: FlaskClient, named: Send) -> None:
    made = named("/tickets", {"description": "断网了，红灯亮"})
    number = made.headers["Location"].split("#")[0].rsplit("/", 1)[1]
    assert opened(client, number)["assignee"] == "李雷"


def test_a_refused_order_keeps_its_text(client: FlaskClient, send: Send, ticket_no: str) -> None:
    place = f"/tickets/{ticket_no}/dispatch"
    page = client.get(place).text
    assert "家庭客户装维中心" in page
    assert "回单请答" in page
    refused = send(place, {"department": "网络部", "text": "我写的", "due_at": "2020-01-01T00:00"})
    assert refused.status_code == 422
    assert "我写的" in refused.text
    sent = send(place, {"department": "网络部", "text": "请查光路"})
    assert sent.status_code == 303
    page = client.get(f"/tickets/{ticket_no}").text
    assert "请查光路" in page
    assert "已派 网络部" in page


def test_somebody_elses_ticket_is_not_taken(
    client: FlaskClient, named: Send, ticket_no: str
) -> None:
    url = f"/api/v1/tickets/{ticket_no}/assign"
    assert client.post(url, json={"assignee": "韩梅"}).status_code == 200
    refused = named(f"/tickets/{ticket_no}/take")
    assert refused.status_code == 409
    assert "已由 韩梅 认领" in refused.text
    assert client.post(url, json={"assignee": "", "version": 1}).status_code == 412
    assert client.post(url, json={"assignee": ""}).status_code == 200
    assert named(f"/tickets/{ticket_no}/take").status_code == 303


def test_an_api_list_is_a_queue_in_its_order(client: FlaskClient, ticket_no: str) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        address = f"/api/v1/tickets?queue=waiting&category=0601&limit=2{cursor}"
        page = client.get(address).json
        assert page is not None
        seen += [ticket["ticket_no"] for ticket in page["tickets"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert ticket_no in seen
    assert len(seen) == len(set(seen))
    assert client.get("/api/v1/tickets?assignee=x").status_code == 422


def test_a_call_opens_the_desk_with_mask_history_and_results(
    client: FlaskClient, services: Services
) -> None:
    body = {"description": "宽带断了", "category": "060101", "service_number": NUMBER}
    earlier = client.post("/api/v1/tickets", json=body).json
    assert earlier is not None
    told = client.post(
        "/api/v1/calls",
        json={"call_id": "c/1?", "service_number": NUMBER, "text": "光猫红灯，网又断了"},
    )
    assert told.status_code == 201
    answer = told.json
    assert answer is not None
    assert NUMBER not in told.text
    followed = client.get(answer["link"])
    assert followed.status_code == 303
    page = client.get(followed.headers["Location"]).text
    for words in ("139****4321", "近 90 天 1 单", "30 天内来过 1 次", earlier["ticket_no"], "规程"):
        assert words in page
    assert NUMBER not in page
    again = client.get(answer["link"], headers={"Accept": "text/html"})
    assert again.status_code == 410
    assert "已用过" in again.text


def test_a_ticket_made_from_a_call_belongs_to_its_number(client: FlaskClient, send: Send) -> None:
    assert client.post("/pop", data={"call_id": "c2", "service_number": NUMBER}).status_code == 303
    made = send("/tickets", {"description": "断网", "call_id": "c2"})
    page = client.get(made.headers["Location"]).text
    assert "139****4321" in page
    told = client.post("/pop", json={"call_id": "c3", "service_number": NUMBER})
    assert made.headers["Location"].split("#")[0] in client.get(told.headers["Location"]).text


@pytest.mark.parametrize("name", ["phone", "number", "service_number"])
def test_a_number_in_the_address_is_refused_and_never_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.INFO, logger="web"):
        refused = client.get(f"/pop?call_id=c1&{name}={NUMBER}")
    assert refused.status_code == 400
    assert NUMBER not in refused.text
    assert NUMBER not in caplog.text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/pop", 422), ("/pop?call_id=nobody", 404), ("/pop?t=x.y", 410)],
)
def test_a_call_that_is_not_there_is_refused_with_its_reason(
    client: FlaskClient, address: str, status: int
) -> None:
    assert client.get(address).status_code == status


def test_words_in_the_address_are_asked_for_at_once(client: FlaskClient) -> None:
    client.post("/pop", data={"call_id": "c4"})
    page = client.get(f"/pop?call_id=c4&q={quote('光猫红灯一直亮')}").text
    assert "号码未显示" in page
    assert 'href="/articles/P060101' in page


def test_a_callback_is_a_scale_and_asks_again_after_no_answer(
    client: FlaskClient, send: Send, ticket_no: str
) -> None:
    body = {"resolution": "换了尾纤", "none_fit": True}
    client.post(f"/api/v1/tickets/{ticket_no}/close", json=body)
    assert ticket_no in client.get("/tickets?queue=callback").text
    place = f"/tickets/{ticket_no}/callback"
    assert send(place, {"satisfied": "unknown"}).status_code == 303
    page = client.get(f"/tickets/{ticket_no}").text
    assert "换个时段再打" in page
    assert page.count('name="satisfaction"') == 11
    assert send(place, {"satisfied": "no", "satisfaction": "3"}).status_code == 303
    chain = opened(client, ticket_no)
    assert (chain["satisfaction"], chain["callback_due"]) == (3, None)
    assert [each["state"] for each in chain["outcomes"]] == ["came_back"]
