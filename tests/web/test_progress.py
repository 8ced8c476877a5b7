"""Path, progress, team and certificate by forms alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from kb.practice.progress import read_shelf
from kb.store import practice_drills
from kb.store.practice_drills import Drill
from kb.store.practice_path import add_path
from kb.times import format_instant
from web.parsing import AGENT_COOKIE
from web.services import Services


def be(client: FlaskClient, name: str) -> None:
    client.set_cookie(AGENT_COOKIE, quote(name))


def test_a_supervisor_edits_and_assigns_the_path_and_sees_it_done(
    client: FlaskClient, services: Services, send: Callable[..., Any]
) -> None:
    """N4: done of total, the last one completes it, and the supervisor sees the number."""
    be(client, "班长")
    assert "还没有人改过" in client.get("/learn/path/edit").text
    items = read_shelf(services.database.connection, now=services.clock()).items[:3]
    with services.database.transaction() as connection:
        add_path(connection, items, agent="班长", now=services.clock())
    send("/learn/path/edit", {"action": "drop", "key": items[2].key}, page="/learn/path/edit")
    send("/learn/path/edit", {"action": "later", "key": items[1].key}, page="/learn/path/edit")
    added = {"action": "add", "day": "3", "kind": "article", "target": "P060101 红灯"}
    assert send("/learn/path/edit", added, page="/learn/path/edit").status_code == 303
    shown = client.get("/learn/path/edit").text
    assert "第 2 天" in shown
    assert "班长于" in shown
    send("/learn/path/assign", {"agent": "新人乙", "wanted": "1"}, page="/learn/team")
    assert "新人乙" in client.get("/learn/team").text
    be(client, "新人乙")
    assert "安排给您" in client.get("/learn").text
    assert '<strong class="number">0/3</strong>' in client.get("/learn/path").text
    for number, name in enumerate([items[0].target, items[1].target, "P060101"], 1):
        send("/learn/path/read", {"article_id": name}, page="/learn/path")
        page = client.get("/learn/path").text
        assert f'<strong class="number">{number}/3</strong>' in page
        assert ("全部完成" in page) is (number == 3)
    be(client, "班长")
    team = client.get("/learn/team").text
    assert "3/3" in team
    assert "新人乙的进度" in client.get("/learn/progress?agent=新人乙").text
    send("/learn/path/assign", {"agent": "新人乙", "wanted": "0"}, page="/learn/team")
    assert "安排第一周：新人乙" in client.get("/learn/team").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "add", "day": "9", "kind": "article", "target": "P060102"}, "day"),
        ({"action": "add", "day": "x", "kind": "article", "target": "P060102"}, "day"),
        ({"action": "add", "day": "1", "kind": "drill", "target": "P060102"}, "target"),
        ({"action": "add", "day": "1", "kind": "dance", "target": "P060102"}, "kind"),
        ({"action": "burn", "key": "x"}, "action"),
        ({"action": "add", "day": "1", "kind": "article", "target": "x" * 100_000}, "target"),
    ],
)
def test_a_bad_change_is_refused_by_name(
    client: FlaskClient, send: Callable[..., Any], fields: dict[str, str], words: str
) -> None:
    be(client, "班长")
    answer = send("/learn/path/edit", fields, page="/learn/path/edit")
    assert answer.status_code == 422
    assert words in answer.text


def test_a_path_needs_a_name_to_be_given_to(client: FlaskClient, send: Callable[..., Any]) -> None:
    answer = send("/learn/path/assign", {"agent": " "}, page="/learn/team")
    assert answer.status_code == 422
    assert "姓名" in answer.text


def practise(services: Services, agent: str, *, days: int) -> None:
    """Three whole cases of every class of chapter 7, days ago."""
    connection, now = services.database.connection, services.clock()
    classes = read_shelf(connection, now=now).classes
    chapter = min(classes, key=lambda each: len(classes[each]))
    at = format_instant(now - timedelta(days=days))
    with services.database.transaction():
        for code in classes[chapter]:
            case = practice_drills.find_case(connection, agent, code)
            assert case is not None
            for number in range(3):
                drill = Drill(f"{agent}{code}{number}", agent, case.ticket_no, case.closing, code,
                              "自选", at, at, "{}", "[]", 1.0)  # fmt: skip
                practice_drills.add_drill(connection, drill)


def test_a_certificate_needs_a_week_and_is_then_to_be_printed(
    client: FlaskClient, services: Services, send: Callable[..., Any]
) -> None:
    classes = read_shelf(services.database.connection, now=services.clock()).classes
    chapter = min(classes, key=lambda each: len(classes[each]))
    practise(services, "早", days=1)
    be(client, "早")
    url = f"/learn/certificate/{chapter}"
    early = send(url, page="/learn")
    assert early.status_code == 409
    assert "连续 7 天" in early.text
    assert client.get(url).status_code == 422
    practise(services, "够", days=7)
    be(client, "够")
    assert "领取证书" in client.get("/learn/progress").text
    assert send(url, page="/learn").status_code == 303
    assert "已保持一周" in client.get(url).text
    assert "已获证书" in client.get("/learn/progress").text
    assert send("/learn/certificate/99", page="/learn").status_code == 422


def test_progress_as_json_carries_its_interval(client: FlaskClient, services: Services) -> None:
    practise(services, "json", days=2)
    found = client.get("/api/v1/learning/progress", headers={"X-Agent": "json"}).json
    assert found is not None
    best = max(found["chapters"], key=lambda each: each["value"])
    assert best["cases"] >= 3
    assert 0 <= best["low"] <= best["value"] <= best["high"] <= 1
    assert len(found["path"]) >= 1
