"""While the service runs, outcomes settle by themselves and backups are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kb.store import outcomes
from tests.conftest import Clock
from web.recurring import RecurringJob, keep_backup, plan_jobs, settle
from web.services import Services


@pytest.fixture
def clock(services: Services) -> Iterator[Clock]:
    """The service's clock, put back afterwards: other tests share it."""
    assert isinstance(services.clock, Clock)
    before = services.clock.now
    yield services.clock
    services.clock.now = before


@pytest.fixture
def closed_no(client: FlaskClient, ticket_no: str) -> str:
    """A closed ticket whose outcome is pending."""
    body = {"resolution": "重启好了", "none_fit": True}
    assert client.post(f"/api/v1/tickets/{ticket_no}/close", json=body).status_code == 200
    return ticket_no


def state(services: Services, ticket_no: str) -> str:
    (known,) = outcomes.read_outcomes(services.database.connection, ticket_no)
    return known.state


def run_once(services: Services, work: Callable[[Services], None] = settle) -> None:
    job = RecurringJob(services, work, seconds=3600)
    job.start()
    job.stop()


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [json.loads(record.getMessage())["event"] for record in caplog.records]


def test_the_job_settles_by_the_clock_it_is_given(
    services: Services, clock: Clock, closed_no: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "web"):
        run_once(services)
        assert state(services, closed_no) == "pending"
        clock.advance(days=31)
        run_once(services)
    assert state(services, closed_no) == "stayed_closed"
    assert events(caplog) == ["outcomes_settled", "reviews_opened"] * 2


def test_a_busy_database_is_told_and_left_for_the_next_time(
    services: Services,
    clock: Clock,
    closed_no: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(days=31)
    monkeypatch.setattr("kb.database.BUSY_SECONDS", 0.01)
    with caplog.at_level("INFO", "web"), services.database.transaction():
        run_once(services)
    assert events(caplog) == ["database_unavailable"]
    assert state(services, closed_no) == "pending"
    run_once(services)
    assert state(services, closed_no) == "stayed_closed"


def test_backups_are_made_where_the_settings_say(
    services: Services, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(plan_jobs(services)) == 2
    asked = replace(services, settings=replace(services.settings, backups=tmp_path / "kept"))
    assert len(plan_jobs(asked)) == 3
    with caplog.at_level("INFO", "web"):
        run_once(asked, keep_backup)
        clock.advance(hours=2)
        run_once(asked, keep_backup)
        clock.advance(minutes=5)
        run_once(asked, keep_backup)
    assert events(caplog) == ["backup_made"] * 3
    assert len(list((tmp_path / "kept").iterdir())) == 3


def test_a_folder_that_takes_no_backup_is_told_and_serving_goes_on(
    services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    asked = replace(services, settings=replace(services.settings, backups=tmp_path / "file" / "x"))
    with caplog.at_level("INFO", "web"):
        run_once(asked, keep_backup)
    assert events(caplog) == ["backup_failed"]
