"""Requests in the audit trail: who changed what by which call, and who looked."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient

from kb.audit import AuditRow
from kb.database import Database
from kb.store import audit
from kb.store.audit import AuditFilter
from web.services import Services


def listed(services: Services, thing: str) -> list[tuple[str, str, str]]:
    """Who did what with an object or a kind of object, oldest first."""
    rows: list[AuditRow] = audit.list_rows(
        services.database.connection, AuditFilter(object=thing), limit=100
    )
    return [(row.who, row.action, row.after_hash and "written") for row in rows[::-1]]


def test_a_change_and_a_look_tell_who_and_by_which_call(
    client: FlaskClient, services: Services, ticket_no: str
) -> None:
    client.get(f"/api/v1/tickets/{ticket_no}", headers={"X-Agent": "%E7%8E%8B"})
    client.get(f"/tickets/{ticket_no}")
    assert listed(services, f"ticket:{ticket_no}") == [
        ("坐席", "api-tickets.create_ticket", "written"),
        ("王", "api-tickets.get_ticket", ""),
        ("坐席", "tickets.show_ticket", ""),
    ]


def test_a_report_sent_as_a_file_is_told(client: FlaskClient, services: Services) -> None:
    sent = client.get("/api/v1/reports/outcomes?format=csv", headers={"X-Agent": "%3D1%2B1"})
    row = next(csv.DictReader(io.StringIO(sent.get_data().decode("utf-8-sig"))))
    assert row["exported_by"] == "'=1+1", "a name is no formula"
    assert row["exported_at"].startswith("2026-11-20T10:00")
    assert listed(services, "report:outcomes")[-1] == ("=1+1", "api-reports.get_outcomes", "")


def test_reading_goes_on_when_nothing_can_be_written_and_is_told_later(
    client: FlaskClient, services: Services, ticket_no: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def locked(_: Database) -> Iterator[sqlite3.Connection]:
        raise sqlite3.OperationalError("database is locked")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(Database, "transaction", locked)
        assert client.get(f"/api/v1/tickets/{ticket_no}").status_code == 200
    client.get(f"/api/v1/tickets/{ticket_no}")
    looked = [action for _, action, _ in listed(services, f"ticket:{ticket_no}")]
    assert looked.count("api-tickets.get_ticket") == 2
