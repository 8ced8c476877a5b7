"""Health, figures and the log."""

from __future__ import annotations

import json
import logging
import re

import pytest
from flask.testing import FlaskClient

from kb.counting import BUCKETS
from kb.database import Database
from kb.store import queue
from tests.conftest import START, Clock
from web.events import EVENTS, log_event
from web.wsgi import ServerTrouble


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


def test_the_metrics_hold_what_an_operator_watches(client: FlaskClient) -> None:
    client.post("/api/v1/suggestions", json={"text": "家里网断了,盒子上那个红灯一直亮"})
    lines = client.get("/metrics").text.splitlines()
    told = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    key = 'method="POST",route="/api/v1/suggestions",status="200"'
    buckets = [float(value) for name, value in told.items() if "_bucket" in name and key in name]
    assert len(buckets) == len(BUCKETS) + 1
    assert buckets == sorted(buckets)
    assert buckets[-1] == float(told[f"kb_request_seconds_count{{{key}}}"]) >= 1
    for step in ("retrieve", "classify", "rank", "fill", "record"):
        assert float(told[f'kb_step_seconds_count{{step="{step}"}}']) >= 1
        assert float(told[f'kb_step_seconds_sum{{step="{step}"}}']) > 0
    assert {name for name in EVENTS if f'kb_events_total{{event="{name}"}}' in told} == set(EVENTS)
    assert float(told['kb_events_total{event="suggested"}']) >= 1
    assert float(told['kb_disk_free_bytes{folder="data"}']) > 0
    for name in ("kb_queue_depth", "kb_index_pending", "kb_index_age_seconds", "kb_ready"):
        assert float(told[name]) >= 0, name
    helped = {line.split()[2] for line in lines if line.startswith("# HELP")}
    ends = re.compile(r"(_bucket|_count|_sum)?({.*)?$")
    assert {ends.sub("", name, count=1) for name in told} <= helped


def test_the_oldest_change_that_waits_is_told(database: Database, clock: Clock) -> None:
    assert queue.oldest_queued(database.connection) is None
    for minutes in (0, 5):
        with database.transaction() as connection:
            queue.enqueue(connection, "article", "S24", now=clock.advance(minutes=minutes))
    assert queue.oldest_queued(database.connection) == START


def test_what_the_server_says_is_an_event_without_what_it_quotes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO", "web"):
        record = logging.LogRecord(
            "waitress", 30, "", 1, "Exception with %r", ("13800138000",), None
        )
        ServerTrouble().emit(record)
    told = json.loads(caplog.records[-1].getMessage())
    assert told == {"event": "server_trouble", "error": "", "place": "Exception with %r"}


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
