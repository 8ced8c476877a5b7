"""Suggestions over HTTP, and the record of what was shown and done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.suggestion import MAX_TEXT
from web.services import Services

COMPLAINT = "家里网断了,盒子上那个红灯一直亮"
URL = "/api/v1/suggestions"


def test_a_complaint_gets_its_class_procedure_limit_and_past_fix(suggested: dict[str, Any]) -> None:
    assert "060101" in [guess["id"] for guess in suggested["categories"][:2]]
    assert "P060101" in [item["target_id"] for item in suggested["procedures"][:3]]
    assert suggested["time_limits"]
    assert suggested["past_fixes"]
    assert suggested["mode"] == "hybrid"


def test_highlights_are_offsets_of_terms_in_the_snippet(suggested: dict[str, Any]) -> None:
    spans = [
        item["snippet"][start:end]
        for item in suggested["procedures"] + suggested["past_fixes"]
        for start, end in item["highlights"]
    ]
    assert spans
    assert all(span.strip() for span in spans)
    assert any(span in COMPLAINT for span in spans)


def test_a_due_time_is_a_clock_time_at_beijing_counted_from_acceptance(client: FlaskClient) -> None:
    body = {"text": "LOS红灯断网", "category": "060101", "accepted_at": "2026-03-11T09:20"}
    answer = client.post(URL, json={**body, "area": "urban"}).json
    assert answer is not None
    dues = {item["target_id"]: item["due_at"] for item in answer["time_limits"]}
    assert dues["TL001"] == "2026-03-13T09:20:00+08:00"


def test_personal_data_is_masked_before_it_is_kept(client: FlaskClient) -> None:
    answer = client.post(URL, json={"text": "我号码13812345678,网断了红灯亮"}).json
    assert answer is not None
    assert "13812345678" not in answer["query_masked"]
    recorded = client.get(f"{URL}/{answer['session_id']}").text
    assert "13812345678" not in recorded


def test_every_item_shown_is_recorded_with_its_version_and_place(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    recorded = client.get(f"{URL}/{suggested['session_id']}").json
    assert recorded is not None
    shown = suggested["procedures"] + suggested["time_limits"] + suggested["past_fixes"]
    keys = ("impression_id", "target_id", "target_version", "position")
    assert [tuple(each[key] for key in keys) for each in recorded["impressions"]] == [
        tuple(each[key] for key in keys) for each in shown
    ]
    assert recorded["agent"] == "坐席"


def test_what_the_agent_does_is_recorded_under_the_agents_name(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    impression = suggested["procedures"][0]["impression_id"]
    answer = client.post(
        f"/api/v1/impressions/{impression}/events",
        json={"action": "viewed", "dwell_ms": 1200, "comment": "打给13812345678"},
        headers={"X-Agent": "%E7%8E%8B%E4%BA%94"},
    )
    assert answer.status_code == 201
    recorded = client.get(f"{URL}/{suggested['session_id']}").json
    assert recorded is not None
    (event,) = recorded["impressions"][0]["events"]
    assert (event["action"], event["dwell_ms"], event["agent"]) == ("viewed", 1200, "王五")
    assert "13812345678" not in event["comment"]


def test_an_item_is_displayed_once_however_often_it_is_reported(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    url = f"{URL}/{suggested['session_id']}/displayed"
    ids = [item["impression_id"] for item in suggested["procedures"]]
    assert client.post(url, json={"impression_ids": [*ids, ids[0]]}).json == {"recorded": len(ids)}
    assert client.post(url, json={"impression_ids": ids}).json == {"recorded": 0}
    recorded = client.get(f"{URL}/{suggested['session_id']}").json
    assert recorded is not None
    assert all(each["displayed_at"] for each in recorded["impressions"][: len(ids)])


def test_an_item_of_another_session_cannot_be_reported(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    other = client.post(URL, json={"text": "转网那个码失效了"}).json
    assert other is not None
    answer = client.post(
        f"{URL}/{suggested['session_id']}/displayed",
        json={"impression_ids": [other["procedures"][0]["impression_id"]]},
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/suggestions/none", "session-not-found"),
        ("/api/v1/tickets/none", "ticket-not-found"),
        ("/api/v1/articles/none", "article-not-found"),
    ],
)
def test_what_is_not_there_is_404_with_its_own_reason(
    client: FlaskClient, path: str, code: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["type"] == f"/problems/{code}"


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"text": "网断", "category": "999999"}, 404, "/category"),
        ({"text": "网断", "ticket_no": "none"}, 404, "/ticket_no"),
        ({"text": "网断", "accepted_at": "昨天"}, 422, "/accepted_at"),
        ({"text": "网断", "accepted_at": "1999-01-01"}, 422, "/accepted_at"),
        ({"text": "网断", "area": "郊区"}, 422, "/area"),
        ({"text": "网断", "limit": 0}, 422, "/limit"),
        ({"text": "网断", "limit": 21}, 422, "/limit"),
        ({"text": "网断", "limit": True}, 422, "/limit"),
        ({"text": "网断", "limit": "5"}, 422, "/limit"),
        ({"text": "   \n"}, 422, "/text"),
        ({"text": "\x00\x01"}, 422, "/text"),
        ({"text": 12}, 422, "/text"),
        ({}, 422, "/text"),
        ({"text": "网断", "txet": "x"}, 422, "/txet"),
    ],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = client.post(URL, json=body)
    assert answer.status_code == status
    assert answer.json is not None
    assert pointer in [fault["pointer"] for fault in answer.json["errors"]]


def test_the_longest_complaint_is_taken_and_one_more_letter_is_not(services: Services) -> None:
    from dataclasses import replace

    from web.app import create_app

    roomy = replace(services, settings=replace(services.settings, max_body=200_000))
    client = create_app(roomy).test_client()
    assert client.post(URL, json={"text": "网断了" * (MAX_TEXT // 3)}).status_code == 200
    answer = client.post(URL, json={"text": "网" * (MAX_TEXT + 1)})
    assert answer.status_code == 422
    assert str(MAX_TEXT) in answer.text


def test_emoji_are_kept_and_control_characters_dropped(client: FlaskClient) -> None:
    answer = client.post(URL, json={"text": "网断了😡\x00\x07红灯\r\n一直亮"}).json
    assert answer is not None
    assert answer["query_masked"] == "网断了😡红灯\n一直亮"


def test_half_a_surrogate_pair_is_refused(client: FlaskClient) -> None:
    answer = client.post(URL, data=rb'{"text": "\ud83d"}', content_type="application/json")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["pointer"] == "/text"


def test_a_complaint_of_nothing_we_know_is_answered_with_abstention(client: FlaskClient) -> None:
    answer = client.post(URL, json={"text": "今天天气不错啊"}).json
    assert answer is not None
    assert answer["abstained"]
    assert answer["procedures"] == []


def test_a_session_of_a_ticket_runs_from_the_tickets_acceptance(
    client: FlaskClient, services: Services
) -> None:
    body = {"description": "LOS红灯", "category": "060101", "accepted_at": "2026-03-11T09:20"}
    ticket = client.post("/api/v1/tickets", json=body).json
    assert ticket is not None
    answer = client.post(URL, json={"text": "红灯", "ticket_no": ticket["ticket_no"]}).json
    assert answer is not None
    dues = [item["due_at"] for item in answer["time_limits"] if item["due_at"]]
    assert dues
    assert all(datetime.fromisoformat(due).year == 2026 for due in dues)
    assert min(dues) < services.clock().isoformat()
