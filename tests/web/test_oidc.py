"""Signing in with an identity provider: over real HTTP with real keys, and everything refused."""

from __future__ import annotations

import http.cookiejar
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from kb import people
from kb.account import Account
from kb.errors import AccountConflict, InvalidInput
from kb.store.audit import AuditFilter, list_rows
from tests.conftest import START, Clock
from tests.web.oidc_browser import BEGIN, PAGE, back, client_at, out
from tests.web.oidc_provider import CLIENT, SECRET, Claims, FakeProvider, new_key, serve_provider
from tests.web.people import PASSWORD, add_person, client_of
from web.app import create_app
from web.pages.unified import CALLBACK
from web.pages.unified import COOKIE as FLOW_COOKIE
from web.services import Services
from web.signed import COOKIE


@pytest.fixture(scope="module")
def admin(services: Services) -> Account:
    return add_person(services.database, "李管", "administrator", now=START, password=PASSWORD)


@pytest.fixture(scope="module")
def agent(services: Services, admin: Account) -> Account:
    account = add_person(services.database, "张敏", "agent", now=START, password=PASSWORD)
    return people.link_subject(services.database, account.id, "u-1001")


@pytest.fixture
def provider(services: Services) -> Iterator[FakeProvider]:
    with serve_provider(FakeProvider(lambda: services.clock().timestamp())) as provider:
        yield provider


@pytest.fixture
def app(services: Services, provider: FakeProvider) -> Flask:
    settings = replace(services.settings, oidc=client_at(provider), url="http://localhost")
    return create_app(replace(services, settings=settings))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_over_real_http_somebody_signs_in_and_gets_where_they_meant(
    services: Services, provider: FakeProvider, agent: Account
) -> None:
    server = make_server("127.0.0.1", 0, Flask("empty"), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    settings = replace(services.settings, oidc=client_at(provider), url=address)
    server.app = create_app(replace(services, settings=settings))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.addheaders = [("Accept", "text/html")]
    try:
        with browser.open(f"{address}/tickets?queue=working", timeout=10) as shown:
            page = shown.read().decode()
        link = re.search(r'href="(/sign-in/oidc[^"]*)">用统一认证登录', page)
        assert link
        with browser.open(address + link[1], timeout=10) as shown:
            assert shown.url == f"{address}/tickets?queue=working"
            assert "张敏" in shown.read().decode()
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
    assert {cookie.name for cookie in jar} >= {COOKIE}
    assert FLOW_COOKIE not in {cookie.name for cookie in jar}
    row = list_rows(services.database.connection, AuditFilter(object="sign_in"), limit=1)[0]
    assert (row.who, row.action) == ("张敏", "sign_in.opened_by_provider")


def test_the_way_out_says_what_was_asked_and_keeps_its_secrets(
    app: Flask, agent: Account, provider: FakeProvider
) -> None:
    client = app.test_client()
    answer = client.get(BEGIN, headers=PAGE)
    asked = {name: value[0] for name, value in
             parse_qs(urlsplit(answer.headers["Location"]).query).items()}  # fmt: skip
    assert asked["redirect_uri"] == f"http://localhost{CALLBACK}"
    assert (asked["scope"], asked["response_type"]) == ("openid", "code")
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    cookie = client.get_cookie(FLOW_COOKIE)
    assert cookie
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 600)
    assert asked["nonce"] not in cookie.value
    assert SECRET not in answer.text + str(answer.headers)


def test_the_sign_in_is_new_and_the_one_before_ends(
    app: Flask, services: Services, agent: Account
) -> None:
    client = app.test_client()
    first = out(client)
    client.set_cookie(COOKIE, "chosen-by-somebody-else")
    assert back(client, first).headers["Location"] == "/"
    token = client.get_cookie(COOKIE)
    assert token
    assert token.value != "chosen-by-somebody-else"
    assert client.get("/account", headers=PAGE).status_code == 200


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/\\evil", "x" * 3000]
)
def test_nobody_is_led_elsewhere(app: Flask, agent: Account, place: str) -> None:
    client = app.test_client()
    assert back(client, out(client, place)).headers["Location"] == "/"


WRONG: dict[str, tuple[Claims, str]] = {
    "nonce": ({"nonce": "another"}, "不是为这次登录"),
    "no nonce": ({"nonce": None}, "不是为这次登录"),
    "audience": ({"aud": "another-client"}, "aud 不对"),
    "issuer": ({"iss": "https://other.example"}, "iss 不对"),
    "expired": ({"exp": int(START.timestamp()) - 61}, "已过期"),
    "no expiry": ({"exp": None}, "exp 不对"),
    "not yet": ({"iat": int(START.timestamp()) + 600}, "iat 不对"),
    "for several, of another": ({"aud": [CLIENT, "x"], "azp": "x"}, "azp 不对"),
    "for several, of none": ({"aud": [CLIENT, "x"]}, "azp 不对"),
    "nobody": ({"sub": None}, "不对"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(
    client: FlaskClient, provider: FakeProvider, agent: Account, case: str
) -> None:
    changed, told = WRONG[case]

    def twist(claims: Claims) -> Claims:
        merged = {**claims, **changed}
        return {name: value for name, value in merged.items() if value is not None}

    provider.twist = twist
    answer = back(client, out(client))
    assert answer.status_code == 401
    assert "统一认证没有通过" in answer.text
    assert told in answer.text
    assert client.get_cookie(COOKIE) is None


def test_a_signature_of_another_key_opens_nothing(
    client: FlaskClient, provider: FakeProvider, agent: Account
) -> None:
    provider.sign_with = new_key("one")
    assert "签名" in back(client, out(client)).text
    provider.sign_with = new_key("never published")
    assert "签名" in back(client, out(client)).text
    assert client.get_cookie(COOKIE) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_signature_that_needs_no_private_key_opens_nothing(
    client: FlaskClient, provider: FakeProvider, agent: Account, algorithm: str
) -> None:
    """None at all, and the published key taken for a shared secret."""
    provider.algorithm = algorithm
    answer = back(client, out(client))
    assert (answer.status_code, client.get_cookie(COOKIE)) == (401, None)


def test_a_changed_key_is_asked_for_once(
    client: FlaskClient, provider: FakeProvider, agent: Account
) -> None:
    assert back(client, out(client)).status_code == 303
    other = client.application.test_client()
    provider.key = new_key("two")
    assert back(other, out(other)).status_code == 303
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


def test_a_state_that_is_not_this_browsers_opens_nothing(
    app: Flask, client: FlaskClient, provider: FakeProvider, agent: Account
) -> None:
    address = out(client)
    for wrong in (
        back(client, re.sub("state=[^&]+", "state=another", address)),
        back(app.test_client(), address),
    ):
        assert wrong.status_code == 401
        assert "不是从这个浏览器开始" in wrong.text
    forged = app.test_client()
    forged.set_cookie(FLOW_COOKIE, f"x.{2**40}..{'0' * 64}")
    assert back(forged, f"{CALLBACK}?state=x&code=1").status_code == 401
    assert "/token" not in provider.asked


def test_the_way_back_is_open_for_ten_minutes(
    client: FlaskClient, services: Services, agent: Account
) -> None:
    clock = services.clock
    assert isinstance(clock, Clock)
    address = out(client)
    clock.advance(minutes=10, seconds=1)
    try:
        assert "10 分钟" in back(client, address).text
    finally:
        clock.now = START


def test_a_way_back_is_gone_once(
    client: FlaskClient, provider: FakeProvider, agent: Account
) -> None:
    address = out(client)
    cookie = client.get_cookie(FLOW_COOKIE)
    assert cookie
    assert back(client, address).status_code == 303
    for _ in range(2):
        thief = client.application.test_client()
        thief.set_cookie(FLOW_COOKIE, cookie.value)
        assert "已用过" in back(thief, address).text
    assert provider.asked.count("/token") == 1


def test_a_code_that_the_provider_has_seen_is_refused(
    app: Flask, provider: FakeProvider, agent: Account
) -> None:
    first, second = app.test_client(), app.test_client()
    address = out(first)
    code = parse_qs(urlsplit(address).query)["code"][0]
    assert back(first, address).status_code == 303
    refused = back(second, re.sub("code=[^&]+", f"code={code}", out(second)))
    assert refused.status_code == 401
    assert "invalid_grant" in refused.text


def test_a_code_of_another_browser_is_refused(
    app: Flask, provider: FakeProvider, agent: Account
) -> None:
    victim, thief = app.test_client(), app.test_client()
    code = parse_qs(urlsplit(out(victim)).query)["code"][0]
    refused = back(thief, re.sub("code=[^&]+", f"code={code}", out(thief)))
    assert "invalid_grant" in refused.text


@pytest.mark.parametrize("query", ["error=access_denied", "code=", "iss=https%3A%2F%2Fx&code=1"])
def test_what_the_provider_does_not_let_pass_is_told(
    client: FlaskClient, provider: FakeProvider, agent: Account, query: str
) -> None:
    state = parse_qs(urlsplit(out(client)).query)["state"][0]
    answer = client.get(f"{CALLBACK}?state={state}&{query}", headers=PAGE)
    assert answer.status_code == 401
    assert "认证中心" in answer.text
    assert "/token" not in provider.asked


def test_somebody_unknown_gets_no_account_and_learns_what_to_tell(
    client: FlaskClient, services: Services, provider: FakeProvider, agent: Account
) -> None:
    count = "SELECT count(*) FROM account"
    before = services.database.connection.execute(count).fetchone()[0]
    provider.person = {"sub": "u-<b>7"}
    answer = back(client, out(client))
    assert answer.status_code == 403
    assert "没有可用的账号" in answer.text
    assert "u-&lt;b&gt;7" in answer.text
    assert client.get_cookie(COOKIE) is None
    assert services.database.connection.execute(count).fetchone()[0] == before
    row = list_rows(services.database.connection, AuditFilter(object="sign_in"), limit=1)[0]
    assert (row.who, row.action) == ("unknown", "sign_in.refused")


def test_an_administrator_ties_somebody_and_cuts_the_tie(
    app: Flask, services: Services, provider: FakeProvider, admin: Account, agent: Account
) -> None:
    boss = client_of(app, services.database, admin, now=START)
    person = add_person(services.database, "王新", "agent", now=START)
    page = f"/accounts/{person.id}"

    def save(subject: str) -> TestResponse:
        found = re.search(r'name="csrf_token" value="(\w+)"', boss.get(page, headers=PAGE).text)
        assert found
        data = {"csrf_token": found[1], "action": "link", "subject": subject}
        return boss.post(page, data=data, headers=PAGE)

    assert save(" u-2002 ").status_code == 303
    assert "已是「张敏」的标识" in save("u-1001").text
    provider.person = {"sub": "u-2002"}
    client = app.test_client()
    assert back(client, out(client)).status_code == 303
    assert client.get("/account", headers=PAGE).status_code == 200
    assert save("").status_code == 303
    assert client.get("/account", headers=PAGE).status_code == 303
    assert back(client, out(client)).status_code == 403


def test_a_disabled_account_stays_out(
    app: Flask, services: Services, provider: FakeProvider, admin: Account
) -> None:
    person = add_person(services.database, "赵停", "agent", now=START)
    people.link_subject(services.database, person.id, "u-3003")
    people.disable(services.database, person.id, now=START)
    provider.person = {"sub": "u-3003"}
    client = app.test_client()
    answer = back(client, out(client))
    assert answer.status_code == 403
    assert "已停用" in answer.text


def test_another_claim_can_name_people(
    services: Services, provider: FakeProvider, agent: Account
) -> None:
    def enter(claim: str, **person: object) -> str:
        settings = replace(
            services.settings, oidc=client_at(provider, claim=claim), url="http://localhost"
        )
        client = create_app(replace(services, settings=settings)).test_client()
        provider.person = {"sub": "x", **person}
        answer = back(client, out(client))
        return "in" if answer.status_code == 303 else answer.text

    assert enter("staff_no", staff_no="u-1001") == "in"
    assert "没有 staff_no" in enter("staff_no")
    assert "没有 staff_no" in enter("staff_no", staff_no=1001)
    assert enter("email", email="u-1001", email_verified=True) == "in"
    assert "没有核实" in enter("email", email="u-1001")


def test_a_provider_that_is_down_leaves_the_password(
    client: FlaskClient, app: Flask, provider: FakeProvider, services: Services, agent: Account
) -> None:
    address = out(client)
    with serve_provider(FakeProvider(provider.now)) as gone:
        settings = replace(services.settings, oidc=client_at(gone), url="http://localhost")
        offline = create_app(replace(services, settings=settings)).test_client()
    answer = offline.get(BEGIN, headers=PAGE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "统一认证现在连不上" in answer.text
    found = re.search(r'name="csrf_token" value="(\w+)"', answer.text)
    assert found
    data = {"csrf_token": found[1], "name": "张敏", "password": PASSWORD}
    assert offline.post("/sign-in", data=data, headers=PAGE).status_code == 303
    provider.metadata = {"token_endpoint": gone.issuer + "/token"}
    late = create_app(app.extensions["services"]).test_client()
    flow = client.get_cookie(FLOW_COOKIE)
    assert flow
    late.set_cookie(FLOW_COOKIE, flow.value)
    assert back(late, address).status_code == 503


@pytest.mark.parametrize(
    "told",
    [{"token_endpoint": "http://kb.example/token"}, {"jwks_uri": "file:///etc/passwd"},
     {"authorization_endpoint": None}, {"issuer": "http://127.0.0.1"}],
)  # fmt: skip
def test_a_provider_that_tells_what_cannot_be_is_not_asked(
    client: FlaskClient, provider: FakeProvider, agent: Account, told: dict[str, Any]
) -> None:
    provider.metadata = told
    assert client.get(BEGIN, headers=PAGE).status_code == 503
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_without_settings_there_is_no_such_way(services: Services, admin: Account) -> None:
    client = create_app(services).test_client()
    assert "统一认证" not in client.get("/sign-in", headers=PAGE).text
    assert client.get(BEGIN).status_code == client.get(CALLBACK).status_code == 404


def test_a_tie_is_to_the_letter_and_to_one(services: Services, agent: Account) -> None:
    other = add_person(services.database, "钱二", "agent", now=START)
    with pytest.raises(AccountConflict):
        people.link_subject(services.database, other.id, "u-1001")
    for wrong in ("x" * 256, "a\nb"):
        with pytest.raises(InvalidInput):
            people.link_subject(services.database, other.id, wrong)
    assert people.link_subject(services.database, other.id, "U-1001").subject == "U-1001"
