"""Whose address counts: the connection's, and behind proxies that are trusted what they wrote."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, g

from indexer.language import Language
from kb.access import ANYBODY
from kb.account import Account
from kb.store import sign_ins
from tests.conftest import START, Clock, open_services
from tests.web.people import PASSWORD, add_person
from web.app import create_app
from web.rates import client_name
from web.services import Services
from web.wsgi import listen

PAGE = {"Accept": "text/html"}
PROXY = "10.0.0.5"


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("proxies") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def admin(services: Services) -> Account:
    return add_person(services.database, "李管", "administrator", now=START, password=PASSWORD)


def behind(services: Services, count: int) -> Flask:
    return create_app(replace(services, settings=replace(services.settings, proxies=count)))


def enter(app: Flask, name: str, forwarded: str, password: str = PASSWORD) -> int:
    """Sign in through the proxy, which says ``forwarded``; the status."""
    client = app.test_client()
    told = {"headers": {**PAGE, "X-Forwarded-For": forwarded},
            "environ_base": {"REMOTE_ADDR": PROXY}}  # fmt: skip
    page = client.get("/sign-in", **told).text
    found = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert found
    data = {"csrf_token": found[1], "name": name, "password": password}
    return client.post("/sign-in", data=data, **told).status_code


@pytest.mark.parametrize(
    ("count", "forwarded", "address"),
    [
        (0, "192.0.2.7", PROXY),
        (0, "127.0.0.1", PROXY),
        (1, "192.0.2.7", "192.0.2.7"),
        (1, "127.0.0.1, 192.0.2.7", "192.0.2.7"),
        (2, "127.0.0.1, 192.0.2.7, 10.0.0.6", "192.0.2.7"),
        (2, "192.0.2.7", PROXY),
    ],
)
def test_the_address_is_the_one_that_the_last_trusted_proxy_wrote(
    services: Services, admin: Account, count: int, forwarded: str, address: str
) -> None:
    assert enter(behind(services, count), admin.name, forwarded) == 303
    opened = sign_ins.read_sign_ins(services.database.connection, admin.id)
    assert address in {each.address for each in opened}
    services.database.connection.execute("DELETE FROM sign_in")


@pytest.mark.parametrize(("count", "tail"), [(0, ""), (1, ", 192.0.2.9")])
def test_who_writes_another_address_each_time_is_locked_all_the_same(
    services: Services, admin: Account, count: int, tail: str
) -> None:
    app = behind(services, count)
    name = add_person(services.database, f"坐席{count}", "agent", now=START, password=PASSWORD).name
    for number in range(5):
        assert enter(app, name, f"203.0.113.{number}{tail}", "wrong") == 401
    assert enter(app, name, f"203.0.113.77{tail}") == 429
    assert enter(app, name, f"203.0.113.77{tail}, 192.0.2.10") == (303 if count else 429)


@pytest.mark.parametrize(("count", "client"), [(0, PROXY), (1, "192.0.2.7")])
def test_limits_count_for_whom_the_proxy_names(services: Services, count: int, client: str) -> None:
    app = behind(services, count)
    found: list[str] = []

    def note() -> str:
        g.viewer = ANYBODY
        found.append(client_name())
        return ""

    app.add_url_rule("/healthz/x", "static-x", note)
    app.before_request_funcs = {}
    headers = {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}
    app.test_client().get("/healthz/x", headers=headers, environ_base={"REMOTE_ADDR": PROXY})
    assert found == [client]


@pytest.mark.parametrize(("count", "secure"), [(0, False), (1, True)])
def test_https_at_the_proxy_counts_when_it_is_trusted(
    services: Services, admin: Account, count: int, secure: bool
) -> None:
    headers = {**PAGE, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    answer = behind(services, count).test_client().get("/sign-in", headers=headers)
    assert ("Strict-Transport-Security" in answer.headers) is secure
    assert "evil.example" not in answer.text + str(answer.headers)


@pytest.fixture
def unclaimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.signed.has_accounts", lambda _connection: False)


@pytest.mark.usefixtures("unclaimed")
@pytest.mark.parametrize("count", [0, 1])
def test_a_desk_without_accounts_takes_nobody_behind_a_proxy_for_this_machine(
    services: Services, count: int
) -> None:
    """Over the server that ``kb serve`` starts: it must hand on that a proxy was there."""
    settings = replace(services.settings, port=0, proxies=count)
    server = listen(create_app(replace(services, settings=settings)), settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()

    def ask(headers: Mapping[str, str]) -> int:
        port = server.effective_port
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/", headers={**PAGE, **headers})
            return connection.getresponse().status

    try:
        assert ask({}) == 200
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"):
            for value in ("127.0.0.1", "localhost", "for=127.0.0.1"):
                assert ask({name: value}) == 403, (name, value)
    finally:
        server.close()
        thread.join(5)
