"""Health, figures and the log."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from web.events import EVENTS, log_event


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_the_service_says_that_it_lives_and_is_ready(client: FlaskClient, prefix: str) -> None:
    assert client.get(f"{prefix}/healthz").json == {"status": "ok"}
    ready = client.get(f"{prefix}/readyz").json
    assert ready is not None
    assert ready["status"] == "ready"
    assert ready["passages"] > 0


def test_requests_are_counted_by_route_not_by_address(client: FlaskClient) -> None:
    client.get("/api/v1/tickets/secret-number")
    text = client.get("/metrics").text
    assert 'route="/api/v1/tickets/<ticket_no>",status="404"' in text
    assert "secret-number" not in text


def test_the_log_has_one_line_a_request_without_the_customers_words(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "web"):
        client.post("/api/v1/suggestions", json={"text": "红灯亮得像过年"})
        client.get("/api/v1/search?q=像过年一样")
    lines = [json.loads(record.getMessage()) for record in caplog.records]
    finished = [line for line in lines if line["event"] == "request_finished"]
    assert [line["route"] for line in finished] == ["/api/v1/suggestions", "/api/v1/search"]
    assert "过年" not in caplog.text
    for line in lines:
        assert line.keys() - {"event"} <= EVENTS[line["event"]]


def test_a_field_not_in_the_catalogue_is_not_logged() -> None:
    with pytest.raises(ValueError, match="text"):
        log_event("suggested", text="客户的话")
