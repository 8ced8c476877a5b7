"""Taking records out row by row: one asks, another agrees, the first fetches once."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from indexer.language import Language
from kb.account import Role
from kb.database import create_database
from kb.errors import ExportNotFound, ExportRefused, InvalidInput
from kb.store import accounts
from kb.taking_out import GOOD_FOR, ask, check_command, decide, fetch
from tests.conftest import START, Clock, open_services
from tests.kb.small import make_ticket
from tests.web.people import add_person, client_of
from web.services import Services

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("exports") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def people(app: Flask, services: Services) -> dict[str, Any]:
    found = {}
    for name in ("甲班长", "乙班长", "丙班长"):
        account = add_person(services.database, name, Role.SUPERVISOR, now=START)
        if name == "丙班长":
            account = replace(account, regions=("河南",))
            with services.database.transaction() as connection:
                accounts.save_account(connection, account)
        found[name] = client_of(app, services.database, account, now=START)
    return found


def send(client: Any, path: str, **fields: str) -> Any:
    token = re.search(r'csrf_token" value="([0-9a-f]+)"', client.get("/exports").text)
    assert token
    return client.post(path, data={"csrf_token": token[1], **fields}, headers=PAGE)


def request_of(client: Any, why: str) -> str:
    """The number of a new request."""
    fields = {"since": "2026-01-01", "until": "2026-11-30", "why": why}
    assert send(client, "/exports", **fields).status_code == 303
    number = re.search(r"([0-9a-f]{16})，", client.get("/exports").text)
    assert number
    return number[1]


def test_what_another_agreed_to_is_fetched_once(people: dict[str, Any]) -> None:
    first, other = people["甲班长"], people["乙班长"]
    number = request_of(first, "给公司做质检")
    place = f"/exports/{number}"
    assert "等别人批准" in first.get("/exports").text
    own = send(first, f"{place}/decide", verdict="approve")
    assert (own.status_code, "自己的申请要由别人批准" in own.text) == (409, True)
    assert send(first, f"{place}/file").status_code == 409
    assert send(other, f"{place}/decide", verdict="approve").status_code == 303
    assert send(other, f"{place}/file").status_code == 409
    file = send(first, f"{place}/file")
    assert (file.status_code, file.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        told = json.loads(archive.read("export.json"))
        assert {"sessions.csv", "outcomes.csv", "data_dictionary.md"} <= set(archive.namelist())
    assert (told["exported_by"], told["why"]) == ("甲班长", "给公司做质检（乙班长批准）")
    assert send(first, f"{place}/file").status_code == 409


def test_what_was_refused_cannot_be_fetched(people: dict[str, Any]) -> None:
    first, other = people["甲班长"], people["乙班长"]
    number = request_of(first, "看看")
    assert send(other, f"/exports/{number}/decide", verdict="refuse").status_code == 303
    assert send(first, f"/exports/{number}/file").status_code == 409
    assert send(other, f"/exports/{number}/decide", verdict="approve").status_code == 409


def test_who_is_bound_fetches_what_they_may_see(services: Services, people: dict[str, Any]) -> None:
    for region in ("河南", "广东"):
        number = f"TS20261101{'00000' + str(len(region) + (region == '广东'))}"
        made = make_ticket(ticket_no=number, region=region)
        services.desk.create(made, agent="x", now=START)
        people["甲班长"].post(
            "/api/v1/suggestions", json={"text": "断网光猫红灯", "ticket_no": number}
        )
    export = request_of(people["丙班长"], "河南的")
    send(people["甲班长"], f"/exports/{export}/decide", verdict="approve")
    file = send(people["丙班长"], f"/exports/{export}/file")
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        rows = archive.read("sessions.csv").decode("utf-8-sig")
    assert "TS20261101000002" in rows
    assert "TS20261101000003" not in rows


@pytest.mark.parametrize(
    "fields",
    [
        {"since": "x", "until": "2026-01-01", "why": "因为"},
        {"since": "2026-02-01", "until": "2026-01-01", "why": "因为"},
        {"since": "2026-01-01", "until": "2026-02-01", "why": " "},
    ],
)
def test_a_request_that_makes_no_sense_is_told(
    people: dict[str, Any], fields: dict[str, str]
) -> None:
    answer = send(people["甲班长"], "/exports", **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_an_approval_grows_old_and_the_command_line_needs_one(tmp_path: Path) -> None:
    database = create_database(tmp_path / "kb.db")
    assert check_command(database, "", now=START) is None
    add_person(database, "甲", Role.SUPERVISOR, now=START)
    with pytest.raises(ExportRefused, match="--request"):
        check_command(database, "", now=START)
    with pytest.raises(ExportNotFound):
        check_command(database, "nothing", now=START)
    day = timedelta(days=1)

    def approved() -> str:
        made = ask(database, START - day, START, agents=False, why="x", by="甲", now=START)
        decide(database, made.id, agrees=True, by="乙", now=START)
        return made.id

    taken = check_command(database, approved(), now=START + day)
    assert taken is not None
    assert taken.state == "fetched"
    with pytest.raises(ExportRefused, match="重新申请"):
        fetch(database, approved(), by="甲", now=START + GOOD_FOR + day)
    masked = ask(
        database, START - day, START, agents=False, why="回访13812345678", by="甲", now=START
    )
    assert "13812345678" not in masked.why
    with pytest.raises(InvalidInput):
        ask(database, START, START, agents=False, why="x", by="甲", now=START)
