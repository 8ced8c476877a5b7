"""Clocks that jump and machines in other time zones: order, sign-ins and due times stay right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from kb.signing_in import ABSOLUTE, IDLE, is_open
from kb.store import audit
from kb.store.audit import AuditFilter
from kb.store.sign_ins import SignIn
from kb.times import BEIJING, format_instant, now_beijing
from kb.trail import verify_trail
from tests.conftest import START, Clock
from tests.web.conftest import COMPLAINT
from web.services import Services

ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati")
SKIPPED, TWICE = "2026-03-08T02:30", "2026-11-01T01:30"
"""Hours that New York does not have, and has twice."""
CLOSING = {"resolution": "换了尾纤，复测正常", "none_fit": True}


@pytest.fixture
def moved(services: Services) -> Iterator[Clock]:
    """The service's clock, put right again afterwards."""
    clock = services.clock
    assert isinstance(clock, Clock)
    before = clock.now
    yield clock
    clock.now = before


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield str(request.param)
    monkeypatch.undo()
    time.tzset()


def due_times(client: FlaskClient, accepted: str) -> list[str]:
    body = {"text": COMPLAINT, "category": "060101", "accepted_at": accepted}
    answer = client.post("/api/v1/suggestions", json=body).get_json()
    return [item["due_at"] for item in answer["time_limits"]]


@pytest.mark.parametrize("days", [-1, 1])
def test_the_trail_goes_on_when_the_clock_jumps(
    client: FlaskClient, services: Services, moved: Clock, ticket_no: str, days: int
) -> None:
    connection = services.database.connection
    before = audit.read_head(connection).through
    due = client.get(f"/api/v1/tickets/{ticket_no}").get_json()["due_at"]
    moved.advance(days=days)
    assert client.post(f"/api/v1/tickets/{ticket_no}/close", json=CLOSING).status_code == 200
    rows = audit.list_rows(connection, AuditFilter(), limit=1000)[::-1]
    numbers = [row.seq for row in rows]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > before
    assert verify_trail(connection).broken is None
    kept = client.get(f"/api/v1/tickets/{ticket_no}").get_json()
    assert (kept["status"], kept["due_at"]) == ("closed", due)


def test_what_was_asked_last_is_shown_though_the_clock_was_put_back(
    client: FlaskClient, moved: Clock, ticket_no: str
) -> None:
    body = {"text": COMPLAINT, "ticket_no": ticket_no}
    first = client.post("/api/v1/suggestions", json=body).get_json()["session_id"]
    moved.advance(days=-1)
    last = client.post("/api/v1/suggestions", json=body).get_json()["session_id"]
    told = client.get(f"/api/v1/tickets/{ticket_no}").get_json()["sessions"]
    assert [each["session_id"] for each in told] == [first, last]


@pytest.mark.parametrize(
    ("jump", "holds"),
    [(timedelta(days=-1), True), (timedelta(minutes=29), True), (IDLE, False), (ABSOLUTE, False),
     (timedelta(days=1), False)],
)  # fmt: skip
def test_a_clock_set_back_ends_no_sign_in_and_one_set_forward_does(
    jump: timedelta, *, holds: bool
) -> None:
    at = format_instant(START)
    found = SignIn("1", "", 1, created_at=at, seen_at=at, address="", browser="")
    assert is_open(found, now=START + jump) is holds


@pytest.mark.parametrize("zone", ZONES, indirect=True)
@pytest.mark.parametrize("accepted", [SKIPPED, TWICE, "2026-06-30T23:59"])
def test_due_times_are_beijings_whatever_the_zone_of_the_machine(
    client: FlaskClient, zone: str, accepted: str
) -> None:
    assert time.tzname  # the zone is in force
    found = due_times(client, accepted)
    assert any(found)
    assert {each[-6:] for each in found if each} == {"+08:00"}
    with_zone = f"{accepted}:00+08:00"
    assert due_times(client, with_zone) == found
    now = now_beijing()
    assert now.utcoffset() == BEIJING.utcoffset(None)
    assert abs(now.timestamp() - time.time()) < 60


def test_the_same_instant_falls_due_at_the_same_instant_in_every_zone(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for name in ZONES:
        monkeypatch.setenv("TZ", name)
        time.tzset()
        found.add(tuple(due_times(client, TWICE)))
    monkeypatch.undo()
    time.tzset()
    assert len(found) == 1
