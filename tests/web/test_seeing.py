"""The desk shows a novice more and an expert less, and each session keeps how it was shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.reports.building import build_outcomes
from kb.reports.measures import Filters
from kb.store.reports import read_first_day
from kb.suggestion import SuggestionRequest
from tests.conftest import Clock
from tests.web.conftest import COMPLAINT
from web.services import Services

Send = Callable[..., Any]
PRESSED = re.compile(r'value="(\w+)" aria-pressed="true"')


def cards(page: str) -> list[str]:
    """The procedures on a page."""
    shown = page[page.index('id="suggestions"') : page.index('class="took')]
    return shown.split('<li class="card option"')[1:]


def newest(services: Services) -> dict[str, Any]:
    """How the newest session was asked."""
    row = services.database.connection.execute(
        "SELECT request FROM suggestion_session ORDER BY rowid DESC LIMIT 1"
    ).fetchone()
    return dict(json.loads(row["request"]))


@pytest.fixture
def moved(services: Services) -> Iterator[Callable[[int], None]]:
    """Move the clock on by days; it goes back after the test."""
    clock = services.clock
    assert isinstance(clock, Clock)
    before = clock.now
    yield lambda days: setattr(clock, "now", clock.now + timedelta(days=days))
    clock.now = before


@pytest.fixture
def shown(send: Send) -> Callable[[str], str]:
    """The desk after its view was switched, with suggestions for COMPLAINT."""

    def switch(code: str) -> str:
        answer = send("/desk/view", {"view": code, "description": COMPLAINT})
        assert answer.status_code == 200
        assert COMPLAINT in answer.text
        return str(answer.text)

    return switch


def test_a_novice_sees_the_first_steps_the_whole_reason_and_words_explained(
    shown: Callable[[str], str], client: FlaskClient
) -> None:
    page = shown("novice")
    first = cards(page)[0]
    assert first[: first.index("</ol>")].count("<li") == 3
    assert "前几步" in first
    assert '<ul class="explained"' in first
    assert "依据" in first
    assert 'role="tooltip"' in page[page.index('id="reading"') :]
    pane = client.get("/desk/reading/P060101").text
    assert 'role="tooltip"' in pane


def test_an_expert_sees_three_titles_with_due_times(
    shown: Callable[[str], str], client: FlaskClient
) -> None:
    page = shown("expert")
    found = cards(page)
    assert len(found) == 3
    assert re.search(r"到期 <time datetime=", found[0])
    for card in found:
        body = card[: card.index("<noscript>")]
        for part in ("snippet", "why", "conf", "last", "first-steps"):
            assert f'class="{part}' not in body
    assert 'role="tooltip"' not in client.get("/desk/reading/P060101").text


def test_the_view_is_kept_and_stands_in_the_session(
    shown: Callable[[str], str], send: Send, services: Services
) -> None:
    assert PRESSED.findall(shown("expert")) == ["expert"]
    assert {"view": "expert", "limit": 3}.items() <= newest(services).items()
    page = send("/", {"description": COMPLAINT}).text
    assert PRESSED.findall(page) == ["expert"]
    assert newest(services)["view"] == "expert"
    assert PRESSED.findall(shown("regular")) == ["regular"]
    assert {"view": "regular", "limit": 5}.items() <= newest(services).items()


def test_a_recorded_view_is_asked_again_with_it(services: Services) -> None:
    assert SuggestionRequest("网断了", **newest(services)).view in ("novice", "regular", "expert")


def test_a_ticket_keeps_what_was_typed_and_is_asked_again(
    send: Send, client: FlaskClient, ticket_no: str, services: Services
) -> None:
    fields = {"ticket_no": ticket_no, "description": COMPLAINT, "resolution": "换了尾纤"}
    answer = send("/desk/view", {**fields, "view": "novice"})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert PRESSED.findall(page) == ["novice"]
    assert "换了尾纤" in page
    assert "前几步" in page
    assert newest(services) == newest(services) | {"ticket_no": ticket_no, "view": "novice"}


def test_an_unknown_view_changes_nothing_and_keeps_the_text(send: Send) -> None:
    answer = send("/desk/view", {"view": "master", "description": COMPLAINT})
    assert answer.status_code == 422
    assert "显示方式" in answer.text
    assert COMPLAINT in answer.text
    assert "kb_view" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("kept", ["master", "%00", "novice;x"])
def test_a_cookie_that_says_nothing_is_none(client: FlaskClient, kept: str) -> None:
    client.set_cookie("kb_view", kept)
    assert PRESSED.findall(client.get("/").text)[0] in ("regular", "novice")


def test_who_never_chose_gets_a_view_by_tenure(
    client: FlaskClient, services: Services, moved: Callable[[int], None]
) -> None:
    assert PRESSED.findall(client.get("/").text) == ["regular"]
    client.set_cookie("kb_agent", quote("新来的"))
    assert PRESSED.findall(client.get("/").text) == ["novice"]
    client.post("/api/v1/suggestions", json={"text": COMPLAINT})
    assert read_first_day(services.database.connection, "新来的")
    moved(89)
    assert PRESSED.findall(client.get("/").text) == ["novice"]
    moved(1)
    assert PRESSED.findall(client.get("/").text) == ["regular"]


def test_figures_can_be_read_by_view(send: Send, services: Services) -> None:
    send("/desk/view", {"view": "expert", "description": COMPLAINT})
    connection = services.database.connection
    row = connection.execute("SELECT id FROM suggestion_session ORDER BY rowid DESC").fetchone()
    fields = {"session_id": row["id"], "description": COMPLAINT, "resolution": "好了"}
    assert send("/desk/close", {**fields, "solution": "none"}).status_code == 303
    report = build_outcomes(connection, Filters(), by="view", now=services.clock())
    closed = {each.group_name: each for each in report.measures if each.key == "none_fit_rate"}
    assert closed["熟手"].count == 1
    asked = {each.group_name: each for each in report.measures if each.key == "abstention_rate"}
    assert asked.keys() >= {"熟手", "常规", "新手", "不详"}
