"""Headers of every answer: every route there is, every method, refusals and files included."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.wrappers import Response

from web.app import create_app
from web.services import Services

SAME = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
}
KEPT = {"no-store", "private, no-cache"}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


def address(rule: Rule, value: str = "none") -> str:
    """The rule's address with something in each of its places."""
    path = rule.rule
    for name, converter in rule._converters.items():
        filled = "1" if isinstance(converter, IntegerConverter) else value
        path = path.replace(f"<{name}>", filled).replace(f"<int:{name}>", filled)
    return path.replace("<path:filename>", "desk.css")


def every_answer(app: Flask) -> Iterator[tuple[str, Response]]:
    """Every route asked in every way that changes nothing."""
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        for method in ("GET", "HEAD", "OPTIONS", "POST", "TRACE", "PROPFIND"):
            headers = {"Accept": "text/html"}
            headers |= {"Sec-Fetch-Site": "cross-site"} if method == "POST" else {}
            with client.open(address(rule), method=method, headers=headers) as answer:
                yield f"{method} {rule.rule}", answer


def test_every_answer_carries_exactly_the_headers(app: Flask) -> None:
    statuses = set()
    for told, answer in every_answer(app):
        headers = answer.headers
        assert {name: headers.get(name) for name in SAME} == SAME, told
        assert headers["X-Request-ID"], told
        assert "Server" not in headers, told
        assert "Strict-Transport-Security" not in headers, told
        if headers.get("Content-Type", "").startswith("text/"):
            assert "charset=utf-8" in headers["Content-Type"], told
        is_file = told.endswith("/static/<path:filename>") and answer.status_code == 200
        assert (headers["Cache-Control"] in KEPT) != is_file, told
        assert not told.startswith(("TRACE", "PROPFIND")) or answer.status_code == 405, told
        statuses.add(answer.status_code)
    assert {200, 403, 404, 405, 422} <= statuses


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/static/desk.css", "/learn"])
def test_over_https_browsers_are_told_to_stay_there(client: FlaskClient, path: str) -> None:
    with client.get(path, base_url="https://kb.example") as answer:
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.fixture
def commits(services: Services) -> Iterator[sqlite3.Connection]:
    """A connection of its own, which sees the commits of all others."""
    with closing(sqlite3.connect(services.settings.database)) as connection:
        yield connection


def version(commits: sqlite3.Connection) -> int:
    return int(commits.execute("PRAGMA data_version").fetchone()[0])


def test_no_unsafe_route_serves_another_site(
    app: Flask, client: FlaskClient, ticket_no: str, commits: sqlite3.Connection
) -> None:
    before, asked = version(commits), 0
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {*UNSAFE}:
            for headers in FOREIGN:
                answer = client.open(
                    address(rule, ticket_no), method=method, headers=headers, json={"text": "x"}
                )
                assert answer.status_code == 403, (method, rule.rule)
                asked += 1
    assert asked > 200
    assert version(commits) == before
    client.post("/api/v1/tickets", json={"description": "网断了"})
    assert version(commits) != before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_that_another_site_could_send_as_a_form_changes_nothing(
    app: Flask, client: FlaskClient, ticket_no: str, commits: sqlite3.Connection, kind: str
) -> None:
    """A form of another site can send these kinds without asking; a browser adds no word of its
    own when it is old."""
    before = version(commits)
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) & {*UNSAFE}:
            body = '{"description": "网断了", "text": "x", "decision": "none_fit"}'
            answer = client.open(
                address(rule, ticket_no), method=method, data=body, content_type=kind
            )
            refused = {415} if rule.rule.startswith("/api/") else {403, 415, 422}
            assert answer.status_code in refused, (method, rule.rule)
    assert version(commits) == before


def test_a_desk_that_names_a_contact_tells_it(client: FlaskClient, services: Services) -> None:
    path = "/.well-known/security.txt"
    assert client.get(path).status_code == 404
    named = replace(services.settings, security_contact="mailto:s@kb.example")
    answer = create_app(replace(services, settings=named)).test_client().get(path)
    assert answer.mimetype == "text/plain"
    assert "Contact: mailto:s@kb.example\nExpires: 2027-05-19T10:00" in answer.text
