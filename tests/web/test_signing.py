"""Signing in and out, one's own account, and accounts made by an administrator: whole flows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.language import Language
from kb import people
from kb.account import Account
from kb.signing_in import hash_token
from kb.store import accounts
from kb.store.audit import AuditFilter, list_rows
from kb.totp import code_at
from tests.conftest import START, Clock, open_services
from tests.web.people import PASSWORD, add_person, client_of
from web.app import create_app
from web.services import Services
from web.signed import COOKIE

PAGE = {"Accept": "text/html"}
NEW = "窗外的雨下了一整夜"


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("signing") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def admin(services: Services) -> Account:
    return add_person(services.database, "李管", "administrator", now=START, password=PASSWORD)


@pytest.fixture
def agent(services: Services, admin: Account, request: pytest.FixtureRequest) -> Account:
    """An agent of each test's own."""
    del admin
    name = f"坐席{hash_token(request.node.name)[:8]}"
    return add_person(services.database, name, "agent", now=START, password=PASSWORD)


@pytest.fixture
def moved(services: Services) -> Iterator[Clock]:
    """The clock of the service; put back afterwards."""
    clock = services.clock
    assert isinstance(clock, Clock)
    yield clock
    clock.now = START


def send(client: FlaskClient, path: str, page: str = "", **fields: Any) -> TestResponse:
    """A form of a page, with its token, as a browser sends it."""
    shown = client.get(page or path, headers=PAGE).text
    token = re.search(r'name="csrf_token" value="(\w+)"', shown)
    assert token, shown[:500]
    return client.post(path, data={"csrf_token": token[1], **fields}, headers=PAGE)


def enter(client: FlaskClient, name: str, **fields: Any) -> TestResponse:
    return send(client, "/sign-in", name=name, **{"password": PASSWORD, **fields})


def test_who_signs_in_comes_back_to_the_page_that_was_meant(app: Flask, agent: Account) -> None:
    client = app.test_client()
    asked = client.get("/tickets?queue=working", headers=PAGE)
    form = client.get(asked.headers["Location"], headers=PAGE).text
    assert 'value="/tickets?queue=working"' in form
    answer = enter(client, agent.name, next="/tickets?queue=working")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tickets?queue=working")
    assert client.get("/tickets", headers=PAGE).status_code == 200
    assert client.get("/sign-in", headers=PAGE).headers["Location"] == "/"


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil", "x"])
def test_nobody_is_sent_elsewhere_after_signing_in(app: Flask, agent: Account, place: str) -> None:
    assert enter(app.test_client(), agent.name, next=place).headers["Location"] == "/"


def test_what_is_wrong_is_not_told(app: Flask, agent: Account) -> None:
    wrong = enter(app.test_client(), agent.name, password="不对的密码")  # noqa: S106
    unknown = enter(app.test_client(), "没有的人")
    assert wrong.status_code == unknown.status_code == 401
    assert "姓名、密码或动态码不对" in wrong.text
    strip = re.compile(r'value="[^"]*"|，请求编号 \w+')
    assert strip.sub("", wrong.text) == strip.sub("", unknown.text)
    assert PASSWORD not in unknown.text


def test_an_unknown_name_costs_the_same_work_as_a_known_one(
    app: Flask, agent: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    def verify(kept: str, password: str) -> bool:
        verified.append(kept.rsplit("$", 2)[0])
        return False

    monkeypatch.setattr("kb.passwords._hasher", SimpleNamespace(verify=verify))
    for name in (agent.name, "没有的人二"):
        assert enter(app.test_client(), name).status_code == 401
    assert verified == ["$argon2id$v=19$m=65536,t=3,p=4"] * 2


def test_the_sixth_attempt_is_refused_and_says_when_to_try_again(
    app: Flask, agent: Account, moved: Clock
) -> None:
    client = app.test_client()
    for _ in range(5):
        assert enter(client, agent.name, password="x" * 9).status_code == 401
    locked = enter(client, agent.name)
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
    assert "15 分钟" in locked.text
    moved.advance(minutes=15)
    assert enter(client, agent.name).status_code == 303


def test_the_cookie_is_new_with_every_sign_in_and_the_old_one_opens_nothing(
    app: Flask, services: Services, agent: Account
) -> None:
    client = app.test_client()
    client.set_cookie(COOKIE, "chosen-by-somebody-else")
    enter(client, agent.name)
    first = client.get_cookie(COOKIE)
    assert first
    assert first.value != "chosen-by-somebody-else"
    assert (first.http_only, first.same_site, first.expires) == (True, "Lax", None)
    opened = services.database.connection.execute("SELECT token_hash FROM sign_in").fetchall()
    assert hash_token(first.value) in {row["token_hash"] for row in opened}
    again = app.test_client()
    again.set_cookie(COOKIE, first.value)
    send(again, "/sign-out", page="/account")
    assert client.get("/account", headers=PAGE).status_code == 303


def test_by_https_the_cookie_is_bound_to_this_host(services: Services, agent: Account) -> None:
    settings = replace(services.settings, url="https://kb.example")
    client = create_app(replace(services, settings=settings)).test_client()
    set_cookie = enter(client, agent.name).headers["Set-Cookie"]
    assert set_cookie.startswith(f"__Host-{COOKIE}=")
    assert "Secure" in set_cookie
    assert "Path=/" in set_cookie
    assert "Domain" not in set_cookie


def test_signing_out_ends_it_here_and_in_the_database(app: Flask, agent: Account) -> None:
    client = app.test_client()
    enter(client, agent.name)
    token = client.get_cookie(COOKIE)
    assert token
    answer = send(client, "/sign-out", page="/account")
    assert answer.headers["Location"] == "/sign-in"
    assert "storage" in answer.headers["Clear-Site-Data"]
    client.set_cookie(COOKIE, token.value)
    assert client.get("/account", headers=PAGE).status_code == 303


def test_a_sign_in_ends_after_half_an_hour_of_nothing(
    app: Flask, services: Services, agent: Account, moved: Clock
) -> None:
    client = client_of(app, services.database, agent, now=START)
    moved.advance(minutes=29, seconds=59)
    assert client.get("/account", headers=PAGE).status_code == 200
    moved.advance(minutes=29, seconds=59)
    assert client.get("/account", headers=PAGE).status_code == 200
    moved.advance(minutes=30)
    assert client.get("/account", headers=PAGE).status_code == 303


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(
    app: Flask, services: Services, admin: Account, moved: Clock
) -> None:
    editor = add_person(services.database, "编辑甲", "editor", now=START)
    client = client_of(app, services.database, editor, now=START)
    moved.advance(minutes=20)
    assert client.get("/edit/P060101/state").status_code == 200
    moved.advance(minutes=20)
    assert client.get("/edit/P060101/state").status_code == 401


def test_one_sees_and_ends_ones_own_sign_ins_and_no_others(
    app: Flask, services: Services, admin: Account, agent: Account
) -> None:
    here = client_of(app, services.database, agent, now=START)
    other = client_of(app, services.database, agent, now=START)
    boss = client_of(app, services.database, admin, now=START)
    page = here.get("/account", headers=PAGE).text
    assert page.count('name="sign_in"') == 1
    theirs = re.search(r'name="sign_in" value="([^"]+)"', boss.get("/account", headers=PAGE).text)
    mine = re.search(r'name="sign_in" value="([^"]+)"', page)
    assert mine
    send(here, "/account/sign-ins/end", page="/account", sign_in=mine[1])
    assert other.get("/account", headers=PAGE).status_code == 303
    if theirs:
        send(here, "/account/sign-ins/end", page="/account", sign_in=theirs[1])
    assert boss.get("/account", headers=PAGE).status_code == 200


def test_the_first_link_leads_to_a_desk_that_asks_everybody_to_sign_in(
    prepared_data: Path, language: Language, tmp_path: Path
) -> None:
    with open_services(prepared_data, tmp_path / "data", language, Clock()) as services:
        app = create_app(services)
        client = app.test_client()
        assert client.get("/", headers=PAGE).status_code == 200
        token = people.offer_first(services.database, now=START)
        page = f"/welcome/{token}"
        refused = send(
            client, page, name="李管", **dict.fromkeys(("password", "again"), "12345678")
        )
        assert refused.status_code == 422
        assert "太常见" in refused.text
        assert 'value="李管"' in refused.text
        unlike = send(client, page, name="李管", password=NEW, again=PASSWORD)
        assert "两次输入的不一样" in unlike.text
        made = send(client, page, name="李管", password=NEW, again=NEW)
        assert (made.status_code, made.headers["Location"]) == (303, "/accounts")
        assert client.get("/accounts", headers=PAGE).status_code == 200
        assert client.get(page, headers=PAGE).status_code == 410
        assert app.test_client().get("/", headers=PAGE).status_code == 303
        assert app.test_client().get("/api/v1/tickets").status_code == 401


def test_an_administrator_hands_over_a_link_and_never_a_password(
    app: Flask, services: Services, admin: Account
) -> None:
    boss = client_of(app, services.database, admin, now=START)
    refused = send(boss, "/accounts", name="王坐席", roles=["administrator", "editor"])
    assert refused.status_code == 422
    assert "职责要分开" in refused.text
    assert 'value="王坐席"' in refused.text
    made = send(boss, "/accounts", name="王坐席", roles=["agent"], chapters=["3", "1"])
    link = re.search(r"http://localhost(/welcome/[\w-]+)", made.text)
    assert link
    account = accounts.find_account(services.database.connection, "王坐席")
    assert (account.roles, account.chapters) == (("agent",), (1, 3))
    assert link[1] not in boss.get(f"/accounts/{account.id}", headers=PAGE).text
    person = app.test_client()
    assert "王坐席，请设密码" in person.get(link[1], headers=PAGE).text
    assert send(person, link[1], password=NEW, again=NEW).headers["Location"] == "/"
    assert person.get("/", headers=PAGE).status_code == 200


def test_a_disabled_account_is_out_at_once(
    app: Flask, services: Services, admin: Account, agent: Account
) -> None:
    boss = client_of(app, services.database, admin, now=START)
    person = client_of(app, services.database, agent, now=START)
    send(boss, f"/accounts/{agent.id}", action="disable")
    assert person.get("/", headers=PAGE).status_code == 303
    assert enter(app.test_client(), agent.name).status_code == 401
    conflict = send(boss, f"/accounts/{admin.id}", action="disable")
    assert conflict.status_code == 409
    assert "最后一个管理员" in conflict.text
    send(boss, f"/accounts/{agent.id}", action="enable")
    assert enter(app.test_client(), agent.name).status_code == 303


def test_codes_are_turned_on_with_the_first_one_and_asked_for_from_then_on(
    app: Flask, services: Services, agent: Account, moved: Clock
) -> None:
    client = client_of(app, services.database, agent, now=START)
    page = client.get("/account", headers=PAGE).text
    assert "<svg" in page
    found = re.search(r'name="secret" value="(\w+)"', page)
    assert found
    step = int(START.timestamp()) // 30
    fields = {"secret": found[1], "code": code_at(found[1], step), "old": PASSWORD}
    for wrong in ({"code": "1"}, {"old": "x"}, {"secret": "不是密钥"}, {"secret": ""}):
        refused = send(client, "/account/codes", page="/account", **{**fields, **wrong})
        assert refused.status_code == 422
    shown = send(client, "/account/codes", page="/account", **fields)
    codes = re.findall(r"<li><code>([A-Z2-9-]{19})</code>", shown.text)
    assert (shown.status_code, len(set(codes))) == (200, 10)
    assert not any(code in client.get("/account", headers=PAGE).text for code in codes)
    twice = send(client, "/account/codes", page="/account", **fields)
    assert "已经开启" in twice.text
    assert found[1].encode() not in services.database.path.read_bytes()
    moved.advance(minutes=1)
    assert enter(app.test_client(), agent.name).status_code == 401
    code = code_at(found[1], step + 2)
    assert enter(app.test_client(), agent.name, code=code).status_code == 303
    for accepted in (codes[0], codes[1].lower().replace("-", " ")):
        assert enter(app.test_client(), agent.name, code=accepted).status_code == 303
        assert enter(app.test_client(), agent.name, code=accepted).status_code == 401
    assert "还有 8 个恢复码" in client.get("/account", headers=PAGE).text
    refused = send(client, "/account/codes/recovery", page="/account", old="x")
    assert refused.status_code == 422
    renewed = send(client, "/account/codes/recovery", page="/account", old=PASSWORD)
    fresh = re.findall(r"<li><code>([A-Z2-9-]{19})</code>", renewed.text)
    assert len(fresh) == 10
    assert enter(app.test_client(), agent.name, code=codes[2]).status_code == 401
    services.settings.key_file.rename(services.settings.key_file.with_suffix(".away"))
    keyless = enter(app.test_client(), agent.name, code=code_at(found[1], step + 2))
    assert (keyless.status_code, "请用恢复码登录" in keyless.text) == (503, True)
    assert enter(app.test_client(), agent.name, code=fresh[0]).status_code == 303
    told = list_rows(services.database.connection, AuditFilter(object="recovery_codes"), limit=9)
    assert [row.action.split(".")[1] for row in told] == ["used", "made", "used", "used", "made"]
    send(client, "/account/codes/off", page="/account", old=PASSWORD)
    assert enter(app.test_client(), agent.name).status_code == 303


def test_an_old_password_is_changed_before_anything_else(
    services: Services, agent: Account, moved: Clock
) -> None:
    settings = replace(services.settings, password_policy="dengbao")  # noqa: S106
    app = create_app(replace(services, settings=settings))
    moved.advance(days=90)
    client = client_of(app, services.database, agent, now=moved.now)
    assert client.get("/", headers=PAGE).headers["Location"] == "/account"
    assert client.get("/api/v1/categories").status_code == 403
    assert "请先改密码" in client.get("/account", headers=PAGE).text
    weak = send(client, "/account/password", page="/account", old=PASSWORD, password=NEW, again=NEW)
    assert "3 类" in weak.text
    strong = "Gui3hua-you-kai"
    send(client, "/account/password", page="/account", old=PASSWORD, password=strong, again=strong)
    assert client.get("/", headers=PAGE).status_code == 200
