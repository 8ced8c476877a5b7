"""Tokens of other programs: what they allow, whose name they act in, when they end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask

from indexer.language import Language
from kb import tokens
from kb.account import Account
from kb.errors import AccountConflict, InvalidInput
from kb.store import accounts
from kb.store.sessions import read_session
from kb.store.tokens import read_tokens
from tests.conftest import START, Clock, open_services
from tests.web.people import add_person, client_of
from web.services import Services

PAGE = {"Accept": "text/html"}
ASK = {"text": "家里网断了,红灯一直亮"}


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("tokens") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def admin(services: Services) -> Account:
    return add_person(services.database, "李管", "administrator", now=START)


def make(services: Services, name: str, *permissions: str, days: int = 90) -> dict[str, str]:
    """A new token, as the header that carries it."""
    _, text = tokens.add(
        services.database, name, permissions, days=days, by="李管", now=services.clock()
    )
    return {"Authorization": f"Bearer {text}"}


def test_a_token_allows_what_it_names_and_nothing_else(
    app: Flask, services: Services, admin: Account
) -> None:
    reader = make(services, "只读", "read_tickets")
    client = app.test_client()
    assert client.get("/api/v1/tickets", headers=reader).status_code == 200
    assert client.post("/api/v1/suggestions", json=ASK, headers=reader).status_code == 403
    for page in ("/account", "/accounts", "/accounts/tokens"):
        assert client.get(page, headers=reader).status_code == 403
    assert client.get("/metrics", headers={**reader, "X-Forwarded-For": "1"}).status_code == 403


def test_a_token_acts_in_its_own_name_unless_it_may_name_agents(
    app: Flask, services: Services, admin: Account
) -> None:
    def acted(headers: dict[str, str]) -> str:
        named = {**headers, "X-Agent": quote("张敏")}
        answer = app.test_client().post("/api/v1/suggestions", json=ASK, headers=named).json
        assert answer is not None
        return read_session(services.database.connection, answer["session_id"]).agent

    assert acted(make(services, "CRM", "take_calls")) == "接口·CRM"
    assert acted(make(services, "话务", "take_calls", "name_agents")) == "张敏"


def test_a_token_needs_no_form_token_and_other_sites_stay_out(
    app: Flask, services: Services, admin: Account
) -> None:
    headers = make(services, "表单", "read_handbook")
    sent = app.test_client().post("/search/gap", data={"q": "没有的事"}, headers=headers)
    assert b"form-expired" not in sent.data
    crossed = {**headers, "Sec-Fetch-Site": "cross-site"}
    refused = app.test_client().post("/search/gap", data={"q": "没有的事"}, headers=crossed)
    assert b"cross-site-request" in refused.data


@pytest.mark.parametrize("given", ["Bearer kb_wrong", "Bearer", "Basic YTpi", "kb_x", ""])
def test_a_wrong_token_is_nobody_even_beside_a_cookie(
    app: Flask, services: Services, admin: Account, given: str
) -> None:
    client = client_of(app, services.database, admin, now=START)
    assert client.get("/accounts", headers={"Authorization": given}).status_code == 401


def test_a_token_ends_when_its_days_are_over_and_when_it_is_revoked(
    app: Flask, services: Services, admin: Account
) -> None:
    clock = services.clock
    assert isinstance(clock, Clock)
    short = make(services, "一天", "read_tickets", days=1)
    revoked = make(services, "撤销", "read_tickets")
    client = app.test_client()
    tokens.revoke(services.database, "撤销", now=clock.now)
    assert client.get("/api/v1/tickets", headers=revoked).status_code == 401
    clock.advance(hours=23)
    assert client.get("/api/v1/tickets", headers=short).status_code == 200
    clock.advance(hours=1)
    assert client.get("/api/v1/tickets", headers=short).status_code == 401
    clock.now = START


def test_use_is_noted_and_the_text_is_nowhere(
    app: Flask, services: Services, admin: Account
) -> None:
    headers = make(services, "用过", "read_tickets")
    app.test_client().get("/api/v1/tickets", headers=headers)
    found = next(each for each in read_tokens(services.database.connection) if each.name == "用过")
    assert found.used_at
    assert headers["Authorization"].split()[1].encode() not in services.database.path.read_bytes()


@pytest.mark.parametrize(
    ("permissions", "days"),
    [((), 90), (("manage_accounts",), 90), (("read_audit",), 90), (("erase_personal_data",), 90),
     (("review",), 90),
     (("nothing",), 90), (("read_tickets",), 0), (("read_tickets",), 367)],
)  # fmt: skip
def test_what_no_token_may_be(services: Services, permissions: tuple[str, ...], days: int) -> None:
    with pytest.raises(InvalidInput):
        tokens.add(services.database, "x", permissions, days=days, by="x", now=START)


def test_a_name_is_given_once(services: Services) -> None:
    make(services, "同名", "learn")
    with pytest.raises(AccountConflict):
        make(services, "同名", "learn")


def test_an_administrator_makes_and_revokes_tokens_on_a_page(
    app: Flask, services: Services, admin: Account
) -> None:
    boss = client_of(app, services.database, admin, now=START)

    def send(path: str, **fields: object) -> str:
        shown = boss.get("/accounts/tokens", headers=PAGE).text
        found = re.search(r'name="csrf_token" value="(\w+)"', shown)
        assert found
        data = {"csrf_token": found[1], **fields}
        return boss.post(path, data=data, headers=PAGE, follow_redirects=True).text

    assert "至少选一项权限" in send("/accounts/tokens", name="网页", days="30")
    made = send("/accounts/tokens", name="网页", days="30", permissions=["read_reports"])
    text = re.search(r"kb_[\w-]{43}", made)
    assert text
    headers = {"Authorization": f"Bearer {text[0]}"}
    assert app.test_client().get("/api/v1/reports/tasks", headers=headers).status_code == 200
    page = send("/accounts/tokens/revoke", name="网页")
    assert text[0] not in page
    assert "已撤销" in page
    assert app.test_client().get("/api/v1/reports/tasks", headers=headers).status_code == 401


def test_a_token_sees_no_more_than_the_account_that_made_it_sees_today(
    app: Flask, services: Services, admin: Account
) -> None:
    boss = add_person(services.database, "豫管", "administrator", now=START)
    read = ("read_tickets", "read_handbook", "take_calls")
    _, text = tokens.add(services.database, "河南", read, days=9, by=boss.name, now=START)
    narrow = {"Authorization": f"Bearer {text}"}
    wide = make(services, "全国", *read)
    client = app.test_client()

    def take_in(region: str) -> str:
        body = {"description": "断网", "region": region}
        return str(client.post("/api/v1/tickets", json=body, headers=wide).json["ticket_no"])  # type: ignore[index]

    own, other = take_in("河南省郑州市"), take_in("广东")

    def bind(**bounds: tuple[object, ...]) -> None:
        with services.database.transaction() as connection:
            accounts.save_account(connection, replace(boss, **bounds))  # type: ignore[arg-type]

    def seen(headers: dict[str, str]) -> set[str]:
        told = client.get("/api/v1/tickets?limit=100", headers=headers).text
        return {number for number in (own, other) if number in told}

    assert seen(narrow) == seen(wide) == {own, other}
    bind(regions=("河南",))
    assert (seen(narrow), seen(wide)) == ({own}, {own, other})
    assert client.get(f"/api/v1/tickets/{other}", headers=narrow).status_code == 404
    refused = client.post("/api/v1/tickets", json={"description": "断", "region": "广东"},
                          headers=narrow)  # fmt: skip
    assert refused.status_code == 422
    bind(chapters=(1,))
    assert client.get("/api/v1/articles/P060101", headers=narrow).status_code == 404
    assert client.get("/api/v1/articles/P060101", headers=wide).status_code == 200
    listed = client.get("/api/v1/articles", headers=narrow).json["articles"]  # type: ignore[index]
    assert {each["chapter"] for each in listed} == {1}
    asked = client.post("/api/v1/suggestions", json=ASK, headers=narrow).json
    assert asked is not None
    assert {each["chapter"] for each in asked["procedures"]} <= {1}
