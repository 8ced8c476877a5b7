"""A text is in force from its day until its last day, in every lane and for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from indexer.sync import sync_index
from kb.editor import Editor
from kb.practice.progress import read_shelf
from kb.store import handbook
from tests.conftest import Clock
from tests.web.conftest import COMPLAINT
from web.services import Services

ARTICLE = "P060101"
NEW, OLD = "紫薇灯红的新处理", "宽带全断、光猫 LOS 红灯的处理"
FROM, UNTIL = 10, 20
"""Days from today: the new text begins, and ends."""


@pytest.fixture(scope="module")
def scheduled(services: Services) -> Services:
    """A revision that is published today, for days to come."""
    now, editor = services.clock(), Editor(services.database)
    article = handbook.read_article(services.database.connection, ARTICLE)
    text = replace(
        article.revision,
        title=NEW,
        valid_from=now.date() + timedelta(days=FROM),
        valid_until=now.date() + timedelta(days=UNTIL),
    )
    saved = editor.save(replace(article, revision=text), base=text.number, author="甲", now=now)
    number = saved.revision.number
    editor.act(ARTICLE, number, "submit", actor="甲", now=now)
    for reviewer in ("乙", "丙"):
        if editor.open(ARTICLE, now=now).standing.status == "in_review":
            editor.act(ARTICLE, number, "approve", actor=reviewer, now=now)
    assert editor.open(ARTICLE, now=now).standing.status == "published"
    sync_index(services.settings, services.database)
    return services


@pytest.fixture
def on_day(scheduled: Services) -> Iterator[Callable[[int], date]]:
    """Move the clock to a day from today; it goes back after the test."""
    clock = scheduled.clock
    assert isinstance(clock, Clock)
    before = clock.now

    def move(days: int) -> date:
        clock.now = before + timedelta(days=days)
        return clock.now.date()

    yield move
    clock.now = before


def suggested(client: FlaskClient, text: str = COMPLAINT) -> dict[str, str]:
    """Titles of the procedures suggested, by id."""
    answer: Any = client.post("/api/v1/suggestions", json={"text": text}).json
    return {item["target_id"]: item["title"] for item in answer["procedures"]}


def searched(client: FlaskClient, text: str, more: str = "") -> dict[str, str]:
    """Titles of the articles found, by id."""
    answer: Any = client.get(f"/api/v1/search?q={quote(text)}&type=article{more}").json
    return {item["target_id"]: item["title"] for item in answer["hits"]}


@pytest.mark.parametrize(
    ("days", "title"), [(0, OLD), (FROM - 1, OLD), (FROM, NEW), (UNTIL - 1, NEW)]
)
def test_each_day_has_its_text_in_every_lane(
    client: FlaskClient, on_day: Callable[[int], date], days: int, title: str
) -> None:
    on_day(days)
    other = NEW if title == OLD else OLD
    assert suggested(client)[ARTICLE] == title
    assert searched(client, title)[ARTICLE] == title
    assert other not in searched(client, other).values()
    api: Any = client.get(f"/api/v1/articles/{ARTICLE}").json
    assert (api["title"], api["is_current"]) == (title, True)
    assert title in client.get(f"/articles/{ARTICLE}").text
    listed: Any = client.get("/api/v1/articles").json
    assert {each["title"] for each in listed["articles"] if each["id"] == ARTICLE} == {title}
    assert title in client.get(f"/desk/reading/{ARTICLE}").text


def test_what_has_ended_is_in_no_lane(
    client: FlaskClient, on_day: Callable[[int], date], scheduled: Services
) -> None:
    on_day(UNTIL)
    shown = suggested(client).get(ARTICLE)
    assert shown != NEW
    assert NEW not in searched(client, NEW).values()
    shelf = read_shelf(scheduled.database.connection, now=scheduled.clock())
    assert NEW not in {each.title for each in shelf.articles}


def test_cards_and_drills_are_made_of_the_text_of_the_day(
    on_day: Callable[[int], date], scheduled: Services
) -> None:
    connection = scheduled.database.connection
    for days, title in ((0, OLD), (FROM, NEW)):
        on_day(days)
        shelf = read_shelf(connection, now=scheduled.clock())
        assert title in {each.title for each in shelf.articles}


@pytest.mark.parametrize(("days", "title"), [(-1, OLD), (FROM, NEW), (UNTIL - 1, NEW)])
def test_as_of_reads_the_past_and_the_future(
    client: FlaskClient, on_day: Callable[[int], date], days: int, title: str
) -> None:
    day = on_day(0) + timedelta(days=days)
    read: Any = client.get(f"/api/v1/articles/{ARTICLE}?as_of={day}").json
    assert read["title"] == title
    assert searched(client, title, f"&as_of={day}")[ARTICLE] == title
    listed: Any = client.get(f"/api/v1/articles?as_of={day}").json
    assert title in {each["title"] for each in listed["articles"]}
