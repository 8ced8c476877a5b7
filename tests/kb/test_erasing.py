"""A person is found wherever they stand, and after erasing in no byte of the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.auditing import note
from kb.backing import back_up
from kb.calls import take_call
from kb.database import Database
from kb.desk import Desk
from kb.erasing import erase_person, find_files, find_person
from kb.errors import InvalidInput
from kb.settings import Settings, read_settings
from kb.store import tickets
from kb.subject import parse_subject
from kb.trail import verify_trail
from tests.kb.small import NOW, make_ticket

NUMBER = "13912345678"
NAME = "司马青衫"


@pytest.mark.parametrize(
    "written", ["139 1234 5678", "+86 139-1234-5678", "１３９１２３４５６７８"]
)
def test_a_number_is_looked_for_however_it_is_written(written: str) -> None:
    subject = parse_subject(written)
    assert (subject.text, subject.is_number) == (NUMBER, True)
    forms = ("139-1234-5678", "１３９１２３４５６７８", "幺三九幺二三四五六七八", "139 123 45678")
    assert {*forms} <= {*subject.forms}


def test_a_text_of_one_character_is_nobody() -> None:
    assert not parse_subject(NAME).is_number
    for text in ("", "王", "x" * 201):
        with pytest.raises(InvalidInput):
            parse_subject(text)


@pytest.fixture
def held(database: Database) -> Settings:
    """A data folder that holds NUMBER by its hash and mask, and NAME where no mask caught it."""
    desk = Desk(database, repeat_days=30)
    ticket = make_ticket(description=f"{NAME}说断网，回拨{NUMBER}", category="060101")
    kept = desk.create(ticket, number=NUMBER, agent=NAME, now=NOW)
    desk.create(make_ticket(description="别人的事"), number="13800000000", agent="甲", now=NOW)
    take_call(database, "c1", number=NUMBER, queue="", text=f"{NAME}来电", now=NOW)
    with database.transaction() as connection:
        note(connection, f"call:{NAME}")
        connection.execute(
            "INSERT INTO idempotency VALUES ('k', 'h', 200, ?, '')",
            (f'{{"body": "\\u53f8\\u9a6c\\u9752\\u886b {kept.ticket_no}"}}',),
        )
    return read_settings({"KB_DATA": str(database.path.parent)})


def test_a_number_is_found_by_its_hash_and_gone_with_its_mask(
    database: Database, held: Settings
) -> None:
    subject = parse_subject(NUMBER)
    found = find_person(database, held, subject)
    assert (len(found.tickets), found.calls) == (1, ("c1",))
    erase_person(database, subject)
    assert find_person(database, held, subject).is_empty
    kept = tickets.read_ticket(database.connection, found.tickets[0])
    assert (kept.service_number, kept.number_hash) == ("", "")
    assert "139****5678" not in kept.description
    others = [each.number_hash for each in tickets.read_tickets(database.connection)]
    assert sum(bool(each) for each in others) == 1
    assert verify_trail(database.connection).broken is None


def test_no_byte_of_a_name_is_left_in_the_folder(database: Database, held: Settings) -> None:
    subject = parse_subject(NAME)
    found = find_person(database, held, subject)
    assert found.texts["ticket.description"] == 1
    assert found.texts["idempotency.response"] == 1
    assert str(held.database) in found.files
    # who works here keeps their name
    database.connection.execute("UPDATE ticket_event SET agent = '甲'")
    erase_person(database, subject)
    assert list(find_files(held.data, subject.encoded)) == []
    assert verify_trail(database.connection).broken is None
    assert find_person(database, held, subject).is_empty


def test_a_backup_that_still_holds_the_person_is_named(
    database: Database, held: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    made = back_up(held, folder, now=NOW)
    subject = parse_subject(NUMBER)
    erase_person(database, subject)
    found = find_person(database, held, subject, [folder])
    assert found.backups == {str(made.path): "2026-04-10"}
    assert find_person(database, held, parse_subject("13700000000"), [folder]).backups == {}
