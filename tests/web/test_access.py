"""Every route with every role, and what is told to those who may not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from indexer.language import Language
from kb.account import Account, Role
from kb.errors import AccountsMissing, Forbidden, SignInNeeded
from kb.store.sessions import read_session
from tests.conftest import START, Clock, open_services
from tests.web.people import add_person, client_of
from web.access import GROUPS, STEPS, table
from web.app import create_app
from web.services import Services
from web.signed import COOKIE

PAGE = {"Accept": "text/html"}
TEMPLATES = Path(__file__).parent.parent.parent / "web/templates"
NOBODY = "nobody"
LETTERS = dict(zip("ALERSDU", Role, strict=True))
READERS, DESK, EDITORS, LEARNERS = "ALERS", "AS", "ER", "ALERS"
EXPECTED: tuple[tuple[str, str, str], ...] = (
    ("*", r"/static/.*|(/api/v1)?/(healthz|readyz)|/problems/.*|/welcome/.*", "+"),
    ("*", r"/sign-in(/oidc(/callback)?)?", "+"),
    ("GET", r"/\.well-known/security\.txt", "+"),
    ("*", r"/sign-out|/account(/.*)?", "*"),
    ("GET", r"/api/v1/openapi.json", "*"),
    ("GET", r"(/api/v1)?/metrics", "D"),
    ("POST", r"/agent", ""),
    ("*", r"/accounts(/.*)?", "D"),
    ("*", r"/audit(/verify)?", "U"),
    ("*", r"/exports(/.*)?", "S"),
    ("*", r"/(desk/.*)?|/api/v1/(suggestions|impressions|events|decisions)(/.*)?", DESK),
    ("GET", r"/pop", DESK),
    ("POST", r"/pop|/api/v1/calls", DESK),
    ("GET", r"(/api/v1)?/tickets(/<ticket_no>)?", "AES"),
    ("*", r"(/api/v1)?/tickets(/.*)?", DESK),
    ("*", r"/search(/.*)?|/api/v1/(search|categories|time-limits)(/.*)?", READERS),
    ("*", r"(/api/v1)?/articles(/<article_id>)?(/(read|favourite))?", READERS),
    ("*", r"/learn/(team|path/edit|path/assign)", "S"),
    ("*", r"/learn(/.*)?|/api/v1/learning/.*", LEARNERS),
    ("GET", r"/edit/(new|start|import|(limits|classes)/new)", "E"),
    ("POST", r"/edit/(limits/<limit_id>|classes/<code>)/step", EDITORS),
    ("GET", r"/edit(/.*)?|/api/v1/(editing|vocabulary)(/.*)?", EDITORS),
    ("GET", r"/api/v1/articles/<article_id>/(draft|impact|revisions|diff)", EDITORS),
    ("POST", r"/edit/<article_id>/step|/api/v1/articles/<article_id>/comments", EDITORS),
    ("POST", r"/api/v1/articles/<article_id>/(approve|reject|archive)", "R"),
    ("*", r"/edit/.*|/api/v1/(articles|vocabulary|documents)(/.*)?", "E"),
    ("POST", r"(/api/v1)?/reports/.*", "ERS"),
    ("GET", r"(/api/v1)?/reports(/.*)?", "ERS"),
)  # fmt: skip
"""Method, path and who is let through, by the first line that fits: Agent, Learner, Editor,
Reviewer, Supervisor, aDministrator, aUditor; ``*`` all of them, ``+`` nobody as well."""


def expected(method: str, rule: str) -> set[str]:
    for wanted, pattern, letters in EXPECTED:
        if wanted in ("*", method) and re.fullmatch(pattern, rule):
            everybody = {*Role, NOBODY} if letters == "+" else {*Role} if letters == "*" else set()
            return everybody or {LETTERS[letter] for letter in letters}
    raise AssertionError(f"no line for {method} {rule}: say who may call it")


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("claimed") / "data"
    with open_services(prepared_data, folder, language, Clock()) as services:
        yield services


@pytest.fixture(scope="module")
def people(services: Services) -> Mapping[str, Account]:
    """One person for each role; from now on there are accounts."""
    return {role: add_person(services.database, f"人{role}", role, now=START) for role in Role}


@pytest.fixture(scope="module")
def clients(
    app: Flask, services: Services, people: Mapping[str, Account]
) -> Mapping[str, FlaskClient]:
    found = {
        role: client_of(app, services.database, account, now=START)
        for role, account in people.items()
    }
    return {**found, NOBODY: app.test_client()}


def verdict(app: Flask, client: FlaskClient, method: str, rule: str) -> bool:
    """Whether the checks before the view let a request through; the view itself is not called."""
    path = re.sub(r"<[^>]+>", "1", rule)
    cookie = client.get_cookie(COOKIE)
    headers = {"Cookie": f"{COOKIE}={cookie.value}"} if cookie else {}
    with app.test_request_context(
        path, method=method, headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.9"}
    ):
        try:
            return app.preprocess_request() is None
        except (Forbidden, SignInNeeded):
            return False


def test_every_route_is_open_to_those_it_is_for_and_to_nobody_else(
    app: Flask, clients: Mapping[str, FlaskClient]
) -> None:
    wrong, asked = [], 0
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            let_in = {
                who for who, client in clients.items() if verdict(app, client, method, rule.rule)
            }
            asked += len(clients)
            if let_in != expected(method, rule.rule):
                wrong.append((method, rule.rule, sorted(let_in)))
    assert wrong == []
    assert asked > 8 * 150


def test_the_table_names_every_endpoint_once_and_no_other(app: Flask) -> None:
    named = [endpoint for group in GROUPS.values() for endpoint in group]
    assert len(named) == len(set(named))
    assert set(table()) == {rule.endpoint for rule in app.url_map.iter_rules()}


def test_a_route_without_an_entry_is_for_nobody(
    services: Services, people: Mapping[str, Account]
) -> None:
    app = create_app(services)
    app.add_url_rule("/new", "new", lambda: "x")
    for account in people.values():
        client = client_of(app, services.database, account, now=START)
        assert client.get("/new").status_code == 403


def test_a_browser_that_is_nobody_signs_in_and_comes_back(
    clients: Mapping[str, FlaskClient],
) -> None:
    answer = clients[NOBODY].get("/tickets?queue=working", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/tickets?queue%3Dworking"


def test_a_program_that_is_nobody_is_told_to_sign_in(clients: Mapping[str, FlaskClient]) -> None:
    answer = clients[NOBODY].get("/api/v1/tickets")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.json is not None
    assert answer.json["title"] == "请先登录"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_was_typed_is_not_lost_when_the_sign_in_has_ended(
    clients: Mapping[str, FlaskClient],
) -> None:
    answer = clients[NOBODY].post("/desk/close", data={"description": "x"}, headers=PAGE)
    assert answer.status_code == 401
    assert "填过的内容还在" in answer.text


def test_a_role_that_may_not_is_told_so(clients: Mapping[str, FlaskClient]) -> None:
    page = clients[Role.LEARNER].get("/tickets", headers=PAGE)
    assert page.status_code == 403
    assert "您的角色不能这样做" in page.text
    told = clients[Role.LEARNER].get("/api/v1/tickets")
    assert (told.status_code, told.mimetype) == (403, "application/problem+json")


def test_pages_link_only_to_what_one_may_do(clients: Mapping[str, FlaskClient]) -> None:
    def links(who: str, page: str) -> set[str]:
        text = clients[who].get(page, headers=PAGE).text
        nav = text.split('aria-label="主导航"')[1].split("</nav>")[0]
        return set(re.findall(r">([^<\s]+)</a>", nav))

    assert links(Role.LEARNER, "/learn") == {"手册", "检索", "学习"}
    assert links(Role.ADMINISTRATOR, "/accounts") == {"账号"}
    assert links(Role.REVIEWER, "/edit") == {"手册", "检索", "学习", "编辑", "报表"}
    assert links(Role.AUDITOR, "/account") == {"审计"}


def test_the_buttons_of_the_review_are_for_reviewers(clients: Mapping[str, FlaskClient]) -> None:
    def step(who: str, action: str) -> int:
        client = clients[who]
        form = client.get("/edit/P060101", headers=PAGE).text
        found = re.search(r'name="csrf_token" value="(\w+)"', form)
        assert found
        data = {"csrf_token": found[1], "action": action, "revision": "1"}
        return client.post("/edit/P060101/step", data=data, headers=PAGE).status_code

    assert step(Role.EDITOR, "approve") == step(Role.EDITOR, "archive") == 403
    assert step(Role.REVIEWER, "submit") == 403
    assert step(Role.REVIEWER, "approve") == 409  # let through; the revision is published already


def test_who_acts_is_the_account_whatever_is_typed(
    services: Services, clients: Mapping[str, FlaskClient]
) -> None:
    client = clients[Role.AGENT]
    client.set_cookie("kb_agent", "somebody")
    body = {"text": "家里网断了,红灯一直亮"}
    answer = client.post("/api/v1/suggestions", json=body, headers={"X-Agent": "boss"}).json
    assert answer is not None
    session = read_session(services.database.connection, answer["session_id"])
    assert session.agent == "人agent"


def test_metrics_are_for_administrators_and_programs_of_this_machine(
    clients: Mapping[str, FlaskClient],
) -> None:
    nobody = clients[NOBODY]
    assert nobody.get("/metrics").status_code == 200
    assert nobody.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 401
    assert nobody.get("/metrics", headers={"Host": "kb.example"}).status_code == 401
    away = {"X-Forwarded-For": "1.2.3.4"}
    assert clients[Role.ADMINISTRATOR].get("/metrics", headers=away).status_code == 200


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"Host": "kb.example"}, "127.0.0.1"),
        ({"Host": "localhost.evil.example:8000"}, "127.0.0.1"),
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1"),
        ({"Forwarded": "for=127.0.0.1"}, "127.0.0.1"),
        ({}, "10.0.0.9"),
    ],
)
def test_a_desk_without_accounts_serves_this_machine_alone(
    prepared_unclaimed: Flask, headers: dict[str, str], address: str
) -> None:
    client = prepared_unclaimed.test_client()
    answer = client.get("/", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 403
    assert "kb user add" in answer.get_data(as_text=True)
    assert client.get("/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_a_desk_without_accounts_is_open_to_this_machine(
    prepared_unclaimed: Flask, host: str
) -> None:
    page = prepared_unclaimed.test_client().get("/", headers={"Host": host, **PAGE})
    assert page.status_code == 200
    assert "还没有账号" in page.text
    refused = prepared_unclaimed.test_client().get("/accounts", headers={"Host": host})
    assert refused.status_code == 403
    assert AccountsMissing.code in refused.get_data(as_text=True)


@pytest.fixture
def prepared_unclaimed(services: Services, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The same service as it was before there were accounts."""
    monkeypatch.setattr("web.signed.has_accounts", lambda _connection: False)
    return create_app(services)


def test_every_answer_of_the_checks_is_an_answer(app: Flask) -> None:
    answer = app.test_client().get("/nothing", headers=PAGE)
    assert isinstance(answer, Response)
    assert answer.status_code == 404


def test_pages_ask_in_one_way_what_may_be_done(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    asked: list[tuple[str, str]] = []
    for path in sorted(TEMPLATES.glob("*.html")):
        text = path.read_text("utf-8")
        assert not re.search(r"\bmay\(|viewer\(\)\.(may|roles|permissions)", text), path
        asked += re.findall(r"can_open\('([\w.-]+)'(?:, '(\w+)')?\)", text)
    assert len(asked) > 20
    assert {endpoint for endpoint, _ in asked} <= endpoints
    assert {step for _, step in asked} - {""} <= set(STEPS)
