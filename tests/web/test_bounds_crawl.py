"""Accounts bound to chapters or regions follow every link there is: none tells of the rest."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient

from kb.account import Role
from tests.web.forbidden import (
    ARTICLE,
    ASKED,
    CHAPTER_SECRETS,
    DRAFT,
    HIDDEN_CHAPTER,
    HIDDEN_REGION,
    LIMIT,
    NEAR_LATIN,
    NEIGHBOUR,
    REGION_SECRETS,
    ROLES,
    World,
    make_world,
)
from tests.web.test_bounds import BOUND, COUNTED, PAGE, leaks, rules
from web.services import Services

_LINK = re.compile(r'(?:href|src|action)="([^"#]+)')


@pytest.fixture(scope="module")
def world(services: Services) -> World:
    return make_world(services, lambda _clients: None)


def questions(world: World) -> list[str]:
    """Addresses that ask for what is hidden, in every way there is to ask."""
    words = [ASKED, NEAR_LATIN, "断网", f"{ASKED} 断网", "piaomiaolingpai"]
    found = []
    for each in words:
        q = quote(each)
        found += [
            f"/search?q={q}&type={kind}" for kind in ("all", "article", "ticket", "time_limit")
        ]
        found += [f"/search/quick?q={q}", f"/api/v1/search?q={q}&limit=50"]
        found += [f"/api/v1/search?q={q}&type={kind}&limit=50"
                  for kind in ("article", "ticket", "time_limit")]  # fmt: skip
        found += [f"/search?q={quote('标题:' + each)}&syntax=advanced",
                  f"/search?q={q}&region={quote(HIDDEN_REGION)}",
                  f"/search?q={q}&chapter={HIDDEN_CHAPTER}",
                  f"/search?q={q}&as_of=2026-11-20"]  # fmt: skip
    found += [path.replace("samples=1", "") for path in COUNTED]
    found += [*COUNTED, f"/api/v1/time-limits?region={quote(HIDDEN_REGION)}",
              f"/api/v1/articles?chapter={HIDDEN_CHAPTER}", f"/articles/{NEIGHBOUR}",
              "/articles?as_of=2026-12-01", f"/tickets/{world.ticket}",
              f"/api/v1/tickets/{world.ticket}", "/articles/P060101", "/edit/P060101",
              "/edit/P060101/history", "/edit/P060101/usage", "/edit/P060101/impact",
              "/api/v1/articles/P060101/impact", "/edit/start?fix=060101:" + quote("换光猫"),
              "/desk/reading/P060101", "/learn/drill", "/api/v1/learning/cards"]  # fmt: skip
    return found


def crawl(world: World, client: FlaskClient, most: int = 170) -> Iterator[tuple[str, str]]:
    """Every page and list that somebody reaches from the addresses and links there are."""
    adapter = world.app.url_map.bind("localhost")
    plain = [r.rule for r in rules(world.app, "GET") if not r.arguments]
    waiting, seen = deque([*plain, *questions(world)]), set[str]()
    while waiting and len(seen) < most:
        path = waiting.popleft()
        if path in seen or path.startswith("/static"):
            continue
        seen.add(path)
        answer = client.get(path, headers=PAGE)
        yield path, answer.get_data(as_text=True)
        if answer.location:
            waiting.appendleft(urlsplit(answer.location)._replace(scheme="", netloc="").geturl())
        if answer.mimetype == "text/html":
            for link in _LINK.findall(answer.get_data(as_text=True)):
                target = unescape(link)
                if target.startswith("/") and adapter.test(urlsplit(target).path, "GET"):
                    waiting.append(target)


@pytest.mark.parametrize("bound", BOUND)
@pytest.mark.parametrize("role", ROLES)
def test_no_page_and_no_list_tells_of_it(world: World, role: str, bound: str) -> None:
    found = [
        (path, said)
        for path, text in crawl(world, world.client(role, bound))
        if (said := leaks(bound, text))
    ]
    assert found == []


@pytest.mark.parametrize("role", ROLES)
def test_who_is_not_bound_is_told_of_it(world: World, role: str) -> None:
    """The crawl looks where these things are told: else it would prove nothing."""
    texts = [text for _, text in crawl(world, world.client(role))]
    said = {secret for text in texts for bound in BOUND for secret in leaks(bound, text)}
    expected = {*CHAPTER_SECRETS[:3], ARTICLE, LIMIT}
    if role in (Role.EDITOR, Role.REVIEWER):
        expected.add(DRAFT)
    if role != Role.LEARNER:
        expected.update(REGION_SECRETS[:2])
    assert expected - said == set()
