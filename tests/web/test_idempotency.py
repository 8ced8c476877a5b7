"""The same key and request get the same answer, whatever happened in between."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

URL = "/api/v1/tickets"


def send(client: FlaskClient, key: str, body: object, url: str = URL) -> Any:
    return client.post(url, json=body, headers={"Idempotency-Key": key})


def test_a_request_sent_twice_makes_one_ticket(client: FlaskClient) -> None:
    body = {"description": "只建一张"}
    first, second = send(client, "once-1", body), send(client, "once-1", body)
    assert first.status_code == second.status_code == 201
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["ETag"] == first.headers["ETag"]


def test_a_key_is_not_taken_for_another_request(client: FlaskClient) -> None:
    send(client, "once-2", {"description": "一"})
    assert send(client, "once-2", {"description": "二"}).status_code == 422
    elsewhere = send(client, "once-2", {"q": "一"}, "/api/v1/suggestions")
    assert elsewhere.status_code == 422


def test_a_refusal_may_be_tried_again_with_the_same_key(
    client: FlaskClient, ticket_no: str
) -> None:
    url = f"{URL}/{ticket_no}/reopen"
    assert send(client, "again-1", {"reason": "又断"}, url).status_code == 409
    client.post(f"{URL}/{ticket_no}/close", json={"resolution": "好了", "none_fit": True})
    assert send(client, "again-1", {"reason": "又断"}, url).status_code == 200


def test_an_event_sent_twice_is_recorded_once(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    impression = suggested["procedures"][0]["impression_id"]
    url = f"/api/v1/impressions/{impression}/events"
    for _ in range(2):
        assert send(client, "event-1", {"action": "viewed"}, url).status_code == 201
    recorded = client.get(f"/api/v1/suggestions/{suggested['session_id']}").json
    assert recorded is not None
    assert len(recorded["impressions"][0]["events"]) == 1


def test_two_that_arrive_together_make_one_ticket(app: Flask) -> None:
    answers: list[str] = []

    def work() -> None:
        answer = send(app.test_client(), "together-1", {"description": "同时来的"})
        answers.append(answer.json["ticket_no"])

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert len(set(answers)) == 1


@pytest.mark.parametrize("key", ["", "有", "a" * 256, "a b"])
def test_a_key_that_is_no_key_is_refused(client: FlaskClient, key: str) -> None:
    answer = client.post(
        URL, json={"description": "一"}, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert answer.status_code == 422
