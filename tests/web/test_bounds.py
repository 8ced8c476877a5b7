"""Accounts bound to chapters or regions: nothing else of the desk reaches them, by any way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from kb.access import GRANTED
from kb.account import Role
from tests.conftest import START
from tests.kb.small import make_ticket
from tests.web.forbidden import (
    ARTICLE,
    ASKED,
    CHAPTER_SECRETS,
    DRAFT,
    HIDDEN_CHAPTER,
    HIDDEN_REGION,
    LIMIT,
    NEAR_LATIN,
    REGION_SECRETS,
    ROLES,
    WORDS,
    World,
    make_world,
)
from web.access import table
from web.services import Services

PAGE = {"Accept": "text/html"}
BOUND = ("chapter", "region")
SECRETS: Mapping[str, tuple[str, ...]] = {"chapter": CHAPTER_SECRETS, "region": REGION_SECRETS}
NO_OBJECT: Mapping[str, str] = {
    "account_id": "people, for administrators",
    "token": "a link of one person",
    "slug": "explains an error",
    "code": "the taxonomy, which everybody needs",
    "filename": "static files",
    "card_id": "a card is found in the learner's own deck",
    "decision_id": "of a session, found within bounds",
    "event_id": "of an impression, found within bounds",
    "gap_id": "found among the evidence within bounds",
    "task_id": "found within bounds",
    "impression_id": "found within bounds",
    "chapter": "a certificate, see below",
    "export_id": "a request of somebody; the rows are within the bounds of who fetches them",
}
"""Parts of addresses that name no article, ticket or what belongs to one, or are tried below."""
COUNTED = (
    "/api/v1/tickets?limit=100", "/api/v1/articles", "/api/v1/time-limits", "/api/v1/editing",
    "/api/v1/tickets?queue=waiting&limit=100", "/api/v1/tickets?queue=callback&limit=100",
    "/api/v1/learning/progress", "/api/v1/reports/outcomes?samples=1",
    "/api/v1/reports/search?samples=1", "/api/v1/reports/articles?samples=1",
    "/api/v1/reports/gaps?samples=1", "/api/v1/reports/tasks?closed=1",
    "/api/v1/reports/outcomes?format=csv", "/tickets", "/tickets?queue=callback",
)  # fmt: skip
"""What counts: all the same to who is bound, whether the hidden is on the desk or not."""
VOLATILE = re.compile(
    r'"(took_ms|instance|exported_at|session_id|impression_id|search_id)": ?"?[^",}]*"?|'
    r"name=\"csrf_token\" value=\"\w+\"|[?&]v=\w+|exported_at.*"
)
Counts = dict[tuple[str, str, str], str]


@pytest.fixture(scope="module")
def counted() -> list[Counts]:
    """Answers of COUNTED: before anything hidden was there, with articles, and with tickets."""
    return []


@pytest.fixture(scope="module")
def world(services: Services, counted: list[Counts]) -> World:
    return make_world(services, lambda clients: counted.append(count(clients)))


def count(clients: Mapping[tuple[str, str], FlaskClient]) -> Counts:
    return {
        (role, bound, path): told(clients[role, bound].get(path))
        for role in ROLES
        for bound in BOUND
        for path in COUNTED
    }


def told(answer: Any) -> str:
    """An answer's text without what differs each time."""
    return f"{answer.status_code} " + VOLATILE.sub("", answer.get_data(as_text=True))


def leaks(bound: str, text: str) -> list[str]:
    """What an answer says that it must not."""
    plain = unescape(text)
    if "\\u" in plain:
        plain += plain.encode("ascii", "ignore").decode("unicode-escape", "ignore")
    return [secret for secret in SECRETS[bound] if secret in plain]


def reachable(role: str, rule: Rule) -> bool:
    permissions = GRANTED[role]
    needed = table().get(rule.endpoint, "")
    return needed in permissions or needed in ("public", "signed_in", "own")


def rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or set())]


def hidden_values(world: World, bound: str) -> dict[str, list[str]]:
    """By part of an address: what is hidden from who is bound so."""
    if bound == "chapter":
        return {"article_id": [ARTICLE, DRAFT], "limit_id": [LIMIT]}
    return {
        "ticket_no": [world.hidden_ticket, world.hidden_open],
        "session_id": [world.hidden_session],
        "drill_id": [],
    }


@pytest.mark.parametrize("bound", BOUND)
def test_every_address_of_something_hidden_names_nothing(world: World, bound: str) -> None:
    wrong, asked = [], 0
    hidden = hidden_values(world, bound)
    for rule in rules(world.app, "GET"):
        for name in rule.arguments:
            assert name in NO_OBJECT or name in ("article_id", "ticket_no", "session_id",
                                                 "drill_id", "limit_id"), rule.rule  # fmt: skip
            for value in hidden.get(name, ()):
                path = re.sub(r"<[^>]+>", value, rule.rule)
                for role in ROLES:
                    if not reachable(role, rule):
                        continue
                    asked += 1
                    query = "?old=1&new=1" if rule.rule.endswith("/diff") else ""
                    answer = world.client(role, bound).get(path + query, headers=PAGE)
                    if answer.status_code != 404 or leaks(bound, answer.text.replace(value, "")):
                        wrong.append((role, path, answer.status_code))
    assert wrong == []
    assert asked >= (40 if bound == "chapter" else 8)


@pytest.mark.parametrize("bound", BOUND)
def test_nothing_hidden_can_be_changed(world: World, bound: str) -> None:
    wrong, asked = [], 0
    hidden = hidden_values(world, bound)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for rule in rules(world.app, method):
            for name in rule.arguments & {"article_id", "ticket_no", "limit_id"}:
                for value in hidden.get(name, ()):
                    for role in ROLES:
                        if not reachable(role, rule):
                            continue
                        asked += 1
                        path = re.sub(r"<[^>]+>", value, rule.rule)
                        answer = world.client(role, bound).open(path, method=method)
                        if answer.status_code != 404:
                            wrong.append((role, method, path, answer.status_code))
    assert wrong == []
    assert asked >= 30


@pytest.mark.parametrize("bound", BOUND)
@pytest.mark.parametrize("role", ROLES)
def test_the_same_addresses_answer_who_is_not_bound(world: World, role: str, bound: str) -> None:
    paths = ["/articles/" + ARTICLE] if bound == "chapter" else []
    if bound == "region" and "read_tickets" in GRANTED[role]:
        paths = [f"/tickets/{world.hidden_ticket}"]
    for path in paths:
        assert world.client(role).get(path, headers=PAGE).status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_nothing_counts_what_is_hidden(world: World, counted: list[Counts], role: str) -> None:
    """Lists, figures and sheets stay the same when something hidden is added."""
    before, with_articles, with_tickets = counted
    for path in COUNTED:
        chapter, region = (role, "chapter", path), (role, "region", path)
        assert with_articles[chapter] == before[chapter], path
        assert with_tickets[region] == with_articles[region], path


def test_what_is_added_is_counted_for_others(world: World, counted: list[Counts]) -> None:
    before, with_articles, with_tickets = counted
    who = Role.SUPERVISOR
    for path in ("/api/v1/articles", "/api/v1/time-limits", "/api/v1/reports/tasks?closed=1"):
        assert with_articles[who, "region", path] != before[who, "region", path], path
    for path in (
        "/api/v1/tickets?queue=waiting&limit=100",
        "/tickets",
        "/tickets?queue=callback",
        "/api/v1/reports/search?samples=1",
        "/api/v1/reports/outcomes?samples=1",
        "/api/v1/reports/gaps?samples=1",
    ):
        before_it = with_articles[who, "chapter", path]
        assert with_tickets[who, "chapter", path] != before_it, path


@pytest.mark.parametrize("bound", BOUND)
@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_suggestions_tell_nothing_of_it(world: World, role: str, bound: str) -> None:
    client = world.client(role, bound)
    for text in (WORDS, ASKED, NEAR_LATIN, f"{ASKED}凤凰", "家里网断了,盒子上那个红灯一直亮"):
        for more in ({}, {"category": "060101"}, {"region": HIDDEN_REGION},
                     {"service_number": "13800000001"}):  # fmt: skip
            if bound == "region" and "region" in more:
                continue
            body = {"text": text, **more}
            plain = client.post("/api/v1/suggestions", json=body)
            key = {"Idempotency-Key": f"{role}{bound}{len(text)}{len(str(more))}"}
            within = client.post("/api/v1/suggestions", json=body, headers=key)
            for answer in (plain, within):
                assert answer.status_code == 200
                assert leaks(bound, answer.text) == []
            recorded = client.get(f"/api/v1/suggestions/{plain.json['session_id']}")
            assert recorded.status_code == 200
            assert leaks(bound, recorded.text) == []


def test_the_first_places_are_filled_with_what_may_be_seen(world: World) -> None:
    body = {"text": f"{ASKED}失灵，宽带断网，{ASKED}的玉玺回执", "limit": 5}
    everything = world.client(Role.AGENT).post("/api/v1/suggestions", json=body).json
    assert everything["procedures"][0]["target_id"] == ARTICLE
    part = world.client(Role.AGENT, "chapter").post("/api/v1/suggestions", json=body).json
    assert len(part["procedures"]) == 5
    assert all(item["chapter"] != HIDDEN_CHAPTER for item in part["procedures"])


def test_what_was_meant_is_told_of_open_words_only(world: World) -> None:
    path = f"/api/v1/search?q={NEAR_LATIN}"
    told_to_all = world.client(Role.AGENT).get(path).json["corrections"]
    assert told_to_all == [[NEAR_LATIN, "zorvexin"]]
    assert world.client(Role.AGENT, "chapter").get(path).json["corrections"] == []


def test_the_newest_answers_of_others_are_not_shown_again(world: World) -> None:
    """The ticket's last suggestions were asked by somebody who sees all."""
    page = world.client(Role.AGENT, "chapter").get(f"/tickets/{world.ticket}", headers=PAGE).text
    assert 'id="suggestions"' in page
    assert leaks("chapter", page) == []


def test_a_bound_session_is_replayed_within_its_bounds(world: World) -> None:
    from indexer.replaying import replay

    client = world.client(Role.AGENT, "chapter")
    asked = client.post("/api/v1/suggestions", json={"text": WORDS}).json
    recorded = client.get(f"/api/v1/suggestions/{asked['session_id']}").json
    assert recorded["request"]["bounds"] == {"chapters": [1, 2, 3, 4, 5, 6, 7]}
    services = world.services
    again = replay(services.settings, services.database, asked["session_id"], generation="current")
    assert [item.target_id for item in again.answer.procedures] == [
        item["target_id"] for item in asked["procedures"]
    ]
    assert not again.differs


def test_nobody_puts_anything_where_they_could_not_see_it(world: World) -> None:
    agent = world.client(Role.AGENT, "region")
    body = {"description": "断网", "category": "060101", "region": "广东"}
    refused = agent.post("/api/v1/tickets", json=body)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/region")
    kept = agent.post("/api/v1/tickets", json={**body, "region": "河南郑州"})
    assert kept.status_code == 201
    number = kept.json["ticket_no"]
    asked = agent.post("/api/v1/suggestions", json={"text": "断网", "region": "广东"})
    assert asked.status_code == 422
    moved = agent.patch(f"/api/v1/tickets/{number}", json={"region": "广东"})
    assert moved.status_code == 422
    editor = world.client(Role.EDITOR, "chapter")
    draft = editor.get("/api/v1/articles/P060101/draft")
    fields = {
        name: draft.json[name]
        for name in (
            "title",
            "slug",
            "categories",
            "keywords",
            "steps",
            "body",
            "valid_from",
            "review_by",
        )
    }
    written = editor.put(
        "/api/v1/articles/P060101/draft",
        json={**fields, "section": "8.1"},
        headers={"If-Match": draft.headers["ETag"]},
    )
    assert (written.status_code, written.json["errors"][0]["pointer"]) == (422, "/section")


def test_a_ticket_number_that_is_taken_is_not_given_again(world: World) -> None:
    """Numbers follow on from all tickets of the day, hidden ones too."""
    free = world.client(Role.AGENT)
    made = free.post("/api/v1/tickets", json={"description": "断网", "region": HIDDEN_REGION})
    after = world.client(Role.AGENT, "region").post("/api/v1/tickets", json={"description": "断网"})
    assert (made.status_code, after.status_code) == (201, 201)
    assert int(after.json["ticket_no"][2:]) == int(made.json["ticket_no"][2:]) + 1


def test_a_hidden_ticket_can_be_named_by_nothing_that_is_sent(world: World) -> None:
    agent = world.client(Role.AGENT, "region")
    number = world.hidden_ticket
    body = {"description": "断网", "category": "060101"}
    unknown = agent.post("/api/v1/tickets", json={**body, "repeat_of": "TS20990000000009"})
    hidden = agent.post("/api/v1/tickets", json={**body, "repeat_of": number})
    assert (hidden.status_code, unknown.status_code) == (422, 422)
    assert hidden.json["errors"][0]["pointer"] == unknown.json["errors"][0]["pointer"]
    for path, sent in (
        ("/api/v1/suggestions", {"text": "断网", "ticket_no": number}),
        ("/api/v1/search", {"q": "断网", "ticket_no": number}),
        (f"/api/v1/tickets/{world.ticket}/links",
         {"target_type": "ticket", "target_id": number, "knowledge_usage": "reference"}),
        (f"/api/v1/suggestions/{world.hidden_session}/decisions", {"decision": "none_fit"}),
    ):  # fmt: skip
        assert agent.post(path, json=sent).status_code == 404, path
    assert agent.get(f"/api/v1/tickets?cursor={number}").status_code == 404


def test_a_hidden_article_can_be_named_by_nothing_that_is_sent(world: World) -> None:
    agent = world.client(Role.AGENT, "chapter")
    link = {"target_type": "procedure", "target_id": ARTICLE, "knowledge_usage": "reference"}
    assert agent.post(f"/api/v1/tickets/{world.ticket}/links", json=link).status_code == 404
    due = {"limit_id": LIMIT, "from": "2026-11-20T10:00:00+08:00"}
    assert agent.post("/api/v1/time-limits/due", json=due).status_code == 404


def test_without_an_index_the_database_tells_no_more(world: World, monkeypatch: Any) -> None:
    from contextlib import contextmanager

    from kb.errors import IndexDamaged

    @contextmanager
    def broken() -> Iterator[None]:
        raise IndexDamaged("x")
        yield

    monkeypatch.setattr(world.services.engine._index, "reading", broken)
    for bound in BOUND:
        client = world.client(Role.AGENT, bound)
        for text in (WORDS, ASKED):
            answer = client.post("/api/v1/suggestions", json={"text": text})
            assert answer.json["mode"] == "database"
            assert leaks(bound, answer.text) == []
            found = client.get("/api/v1/search", query_string={"q": text, "limit": 50})
            assert leaks(bound, found.text) == []
    said = world.client(Role.AGENT).get("/api/v1/search", query_string={"q": ASKED})
    assert ARTICLE in json.dumps(said.json)


def test_who_is_not_bound_gets_the_plain_connection(world: World) -> None:
    database = world.services.database
    assert database.bounds is None
    world.client(Role.AGENT, "chapter").get("/articles")
    assert database.bounds is None
    names = database.connection.execute("SELECT name FROM sqlite_temp_master").fetchall()
    assert names == []


def test_the_first_words_of_a_record_name_no_hidden_article(world: World) -> None:
    """The desk itself writes the title and the steps of what solved a complaint."""
    services, now = world.services, START
    words = f"客户已接受。按《{ASKED}的玉玺回执》处理：先验{ASKED}，再发玉玺回执。\n已回访。"
    opened = services.desk.create(make_ticket(title="首句"), agent="别人", now=now).ticket_no
    known = "按《光猫红灯（LOS）亮：检查收光与尾纤》处理：查光路。"
    for text in (known, words):
        services.desk.update(opened, {"resolution": text}, version=None, agent="别人", now=now)

    def read(bound: str) -> str:
        client = world.client(Role.AGENT, bound)
        pages = (f"/tickets/{opened}", f"/api/v1/tickets/{opened}", "/api/v1/tickets?limit=100")
        return "".join(unescape(client.get(each, headers=PAGE).text) for each in pages)

    assert "玉玺回执" in read("")
    seen = read("chapter")
    assert leaks("chapter", seen) == []
    assert "客户已接受。按其他章节的条目处理。" in seen
    bound = world.client(Role.AGENT, "chapter")
    ticket = bound.get(f"/api/v1/tickets/{opened}").json
    sent = {"resolution": ticket["resolution"], "title": "改过"}
    assert bound.patch(f"/api/v1/tickets/{opened}", json=sent).status_code == 200
    kept = services.desk.database.connection.execute(
        "SELECT title, resolution FROM ticket WHERE ticket_no = ?", (opened,)
    ).fetchone()
    assert tuple(kept) == ("改过", words)
    services.desk.update(opened, {"resolution": known}, version=None, agent="别人", now=now)
    assert known in read("chapter")
