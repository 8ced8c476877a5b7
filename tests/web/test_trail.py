"""The audit trail's page: filters, pages, the state of the chain; reading it is in it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from indexer.language import Language
from kb.account import Role
from kb.store.capture import AUDITED, RECORDS
from kb.trail import verify_trail
from tests.conftest import START, Clock, open_services
from tests.kb.small import make_ticket
from tests.web.people import add_person, client_of
from web.pages.trail import KINDS, SHOWN
from web.services import Services

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("trail") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def auditor(app: Flask, services: Services) -> Any:
    person = add_person(services.database, "审一", Role.AUDITOR, now=START)
    return client_of(app, services.database, person, now=START)


def rows(page: str) -> list[list[str]]:
    """The table's cells, tags left out."""
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [
        [
            re.sub(r"<[^>]+>", "", cell).strip()
            for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)
    ]


def get(client: Any, query: str = "") -> str:
    answer = client.get(f"/audit{query}", headers=PAGE)
    assert answer.status_code == 200
    return str(answer.text)


def test_every_audited_table_has_a_name() -> None:
    assert {*AUDITED, *RECORDS} <= set(KINDS)


def test_it_tells_who_did_what_to_which_object(services: Services, auditor: Any) -> None:
    made = services.desk.create(make_ticket(title="一"), agent="甲", now=START)
    found = rows(get(auditor, f"?kind=ticket&key={made.ticket_no}"))
    assert [(row[3], row[4]) for row in found] == [("新增", f"工单 {made.ticket_no}")]
    newest = rows(get(auditor))[0]
    assert newest[2:] == ["审一", "查看", "审计记录 list", "查看审计记录 audit.read"]


def test_filters_leave_out_what_is_not_asked_for(services: Services, auditor: Any) -> None:
    services.desk.create(make_ticket(), agent="甲", now=START)
    assert {row[2] for row in rows(get(auditor, "?who=审一"))} == {"审一"}
    found = {row[5] for row in rows(get(auditor, "?action=audit.read"))}
    assert found == {"查看审计记录 audit.read"}
    kinds = {row[4].split()[0] for row in rows(get(auditor, "?kind=ticket"))}
    assert kinds == {"工单"}
    day = START.date().isoformat()
    assert rows(get(auditor, f"?since={day}&until={day}"))
    assert "没有这样的记录" in get(auditor, "?until=2020-01-01")


def test_pages_follow_on_by_number_and_keep_the_filter(services: Services, auditor: Any) -> None:
    for _ in range(SHOWN + 5):
        services.desk.create(make_ticket(), agent="甲", now=START)
    first = get(auditor, "?kind=ticket")
    link = re.search(r'href="(/audit\?[^"]*before=\d+[^"]*)"', first)
    assert link
    second = get(auditor, link[1].removeprefix("/audit").replace("&amp;", "&"))
    numbers = [[int(row[0]) for row in rows(page)] for page in (first, second)]
    assert len(numbers[0]) == SHOWN
    assert max(numbers[1]) < min(numbers[0])
    assert {row[4].split()[0] for row in rows(second)} == {"工单"}


@pytest.mark.parametrize("query", ["?before=x", "?since=morgen", "?kind=nothing", "?what=1"])
def test_a_filter_that_makes_no_sense_is_told(auditor: Any, query: str) -> None:
    answer = auditor.get(f"/audit{query}", headers=PAGE)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def check(auditor: Any) -> str:
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', get(auditor))
    assert token
    sent = auditor.post("/audit/verify", data={"csrf_token": token[1]}, headers=PAGE)
    assert sent.status_code == 303
    return get(auditor)


def test_the_chain_is_followed_on_demand(services: Services, auditor: Any) -> None:
    page = check(auditor)
    through = re.search(r"核对到第 <strong>(\d+)</strong> 条", page)
    assert through
    assert verify_trail(services.database.connection).head.through >= int(through[1])
    assert rows(page)[0][4] == "审计记录 verify"
    assert re.search(r"链头：<code[^>]*>\d+:[0-9a-f]{64}", page)


def test_a_broken_chain_is_told_by_its_row(services: Services, auditor: Any) -> None:
    with closing(sqlite3.connect(services.settings.database)) as outside, outside:
        outside.execute("DROP TRIGGER audit_kept")
        outside.execute("UPDATE audit SET who = '乙' WHERE seq = 2")
    assert "链断在第 2 条" in check(auditor)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AGENT])
def test_nobody_but_auditors_reads_it(app: Flask, services: Services, role: str) -> None:
    person = add_person(services.database, f"人{role}", role, now=START)
    client = client_of(app, services.database, person, now=START)
    assert client.get("/audit", headers=PAGE).status_code == 403
    assert client.post("/audit/verify", headers=PAGE).status_code == 403
