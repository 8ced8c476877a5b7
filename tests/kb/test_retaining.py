"""What was kept long enough goes, by source; what outcomes are counted from stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kb.database import Database
from kb.desk import Closing, Desk
from kb.errors import InvalidInput
from kb.reports.building import build_outcomes
from kb.reports.measures import Filters
from kb.retaining import Retained, apply_retention
from kb.settings import Settings, read_settings
from kb.store import tickets
from kb.store.audit import AuditFilter, list_rows
from kb.trail import verify_trail
from tests.kb.small import NOW, make_ticket


def settings(database: Database, **variables: str) -> Settings:
    return read_settings({"KB_DATA": str(database.path.parent), **variables})


def close(desk: Desk, **fields: str) -> str:
    ticket = desk.create(make_ticket(**fields), number="13912345678", agent="甲", now=NOW)
    desk.close(ticket.ticket_no, Closing("换光猫", none_fit=True), agent="甲", now=NOW)
    return ticket.ticket_no


def test_a_closed_ticket_forgets_its_caller_in_time_and_nothing_else(
    database: Database, desk: Desk
) -> None:
    usual, longer = close(desk), close(desk, channel="miit")
    still_open = desk.create(make_ticket(), number="13912345678", agent="甲", now=NOW).ticket_no
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO search_record VALUES ('s', '甲', NULL, 'page', '断网', 'h', '断网', '{}',"
            " 0, 'full', 'g', NULL, 0, ?)",
            (NOW.isoformat(),),
        )
    asked = settings(database, KB_TICKET_DAYS="100,miit=300", KB_TEXT_DAYS="120")
    later = NOW + timedelta(days=110)
    before = build_outcomes(database.connection, Filters(), by="", now=later)
    assert apply_retention(database, asked, now=later) == Retained(1, 0, 0)
    assert apply_retention(database, asked, now=NOW + timedelta(days=130)) == Retained(0, 1, 0)
    assert build_outcomes(database.connection, Filters(), by="", now=later) == before
    read = {name: tickets.read_ticket(database.connection, name) for name in (usual, longer)}
    assert (read[usual].number_hash, read[usual].service_number) == ("", "")
    assert read[usual].description
    assert read[longer].number_hash
    assert tickets.read_ticket(database.connection, still_open).number_hash
    rows = list_rows(database.connection, AuditFilter(object="retention"), limit=9)
    assert [row.object for row in rows] == ["retention:text", "retention:ticket"]
    assert verify_trail(database.connection).broken is None


@pytest.mark.parametrize("text", ["", "89", "180,fax=200", "180,miit", "180,miit=9999", "x"])
def test_days_that_cannot_be_are_refused(database: Database, text: str) -> None:
    if not text:
        assert settings(database, KB_TICKET_DAYS=text).ticket_days == {"": 180}
        return
    with pytest.raises(InvalidInput):
        settings(database, KB_TICKET_DAYS=text)
