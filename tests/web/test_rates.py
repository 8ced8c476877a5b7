"""Limits a minute on calls that cost: over workers and restarts, met by nobody who works."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from kb.access import ANYBODY
from kb.database import Database, create_database
from kb.store.rates import Slot
from tests.conftest import Clock
from web.app import create_app
from web.rates import ASK, IMPORT, KINDS, TRIAL, Rates, client_name, limits_of
from web.services import Services

LIMITS = {ASK: 6_000, IMPORT: 40, TRIAL: 3}
LI = {"X-Agent": "li"}
SEARCH = "/api/v1/search?q=红灯"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = create_database(tmp_path / "kb.db")
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", [IMPORT, TRIAL])
def test_workers_together_allow_the_limit_and_no_more(database: Database, kind: str) -> None:
    slot = Slot("10.0.0.9", kind, 7)
    workers = [Rates(database, LIMITS) for _ in range(2)]
    admitted = [workers[call % 2].admits(slot) for call in range(100)]
    assert sum(admitted) == LIMITS[kind]
    assert not Rates(database, LIMITS).admits(slot)  # a worker started anew
    assert workers[0].admits(replace(slot, client="10.0.0.10"))
    assert workers[0].admits(replace(slot, minute=8))


def test_counting_costs_a_write_for_many_calls(database: Database) -> None:
    rates, slot = Rates(database, LIMITS), Slot("10.0.0.9", ASK, 7)
    with closing(sqlite3.connect(database.path)) as other:
        versions = set()
        for _ in range(300):
            assert rates.admits(slot)
            versions.add(other.execute("PRAGMA data_version").fetchone()[0])
    assert len(versions) == 1


def test_minutes_that_are_past_leave_nothing(database: Database) -> None:
    rates = Rates(database, LIMITS)
    for minute in range(5):
        rates.admits(Slot("10.0.0.9", ASK, minute))
    assert database.connection.execute("SELECT min(minute) FROM rate").fetchone()[0] == 3


def test_no_limit_counts_nothing(database: Database) -> None:
    rates = Rates(database, {ASK: 0})
    assert all(rates.admits(Slot("10.0.0.9", ASK, 7)) for _ in range(9))
    assert database.connection.execute("SELECT count(*) FROM rate").fetchone()[0] == 0


@pytest.fixture
def strict(services: Services) -> FlaskClient:
    """A client of a service that lets three questions a minute pass."""
    return create_app(
        replace(services, settings=replace(services.settings, rate_ask=3))
    ).test_client()


def test_who_asks_too_often_is_told_when_to_come_back(
    strict: FlaskClient, services: Services
) -> None:
    assert isinstance(services.clock, Clock)
    services.clock.now = services.clock.now.replace(second=18)
    asked = [strict.get(SEARCH, headers=LI) for _ in range(4)]
    assert [answer.status_code for answer in asked] == [200, 200, 200, 429]
    refused = asked[-1]
    assert refused.mimetype == "application/problem+json"
    assert refused.headers["Retry-After"] == "42"
    assert "请 42 秒后再试" in refused.text
    page = strict.get("/search?q=x", headers={**LI, "Accept": "text/html"})
    assert page.status_code == 429
    assert "请求太频繁" in page.text
    assert strict.get("/api/v1/categories", headers=LI).status_code == 200
    assert strict.get(SEARCH, headers={"X-Agent": "wu"}).status_code == 200
    assert {strict.get(SEARCH).status_code for _ in range(5)} == {200}  # nobody's name: not counted
    services.clock.advance(minutes=1)
    assert strict.get(SEARCH, headers=LI).status_code == 200


def test_a_call_counts_for_its_account_else_its_address(app: Flask) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "10.0.0.9"}, headers=LI):
        assert client_name() == "10.0.0.9"
        g.viewer = replace(ANYBODY, name="王莉")
        assert client_name() == "王莉"


def test_a_desk_of_fifty_stays_far_below_its_limits(services: Services) -> None:
    limits = limits_of(services.settings)
    assert limits[ASK] >= 50 * 60  # from one address: each types without a pause, a list a second
    assert min(limits[IMPORT], limits[TRIAL]) >= 50


def test_every_limited_endpoint_is_there(app: Flask) -> None:
    assert KINDS.keys() <= {rule.endpoint for rule in app.url_map.iter_rules()}
