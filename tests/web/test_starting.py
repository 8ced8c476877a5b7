"""From evidence to an article, and who uses one: what an owner is shown."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.editor import Editor
from kb.errors import InvalidInput
from kb.evidence import HEADINGS, TO_WRITE, read_ticket_grounds, write_body
from kb.masking import find_personal_data
from kb.store import editing, gaps, sources
from web.services import Services

Send = Callable[..., Any]
PERSONAL = "客户张三丰，身份证11010519491231002X，电话13900002222，家里断网"
TARGET = re.compile(r"/edit/([A-Z0-9-]+)$")


@pytest.fixture
def closed(client: FlaskClient) -> str:
    """A closed ticket with all four headings of a record, and personal data in its words."""
    body = {"description": PERSONAL, "customer_demand": "要求当天修好", "category": "060101"}
    ticket: Any = client.post("/api/v1/tickets", json=body).json
    number = str(ticket["ticket_no"])
    done = {
        "resolution": "上门换尾纤，电话13900002222",
        "root_cause": "尾纤折断",
        "none_fit": True,
    }
    answer = client.post(f"/api/v1/tickets/{number}/close", json=done)
    assert answer.status_code == 200, answer.text
    return number


def body_of(page: str) -> str:
    found = re.search(r'<textarea name="body"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return html.unescape(found[1]).lstrip("\n")


def start(send: Send, page: str, **fields: str) -> Any:
    values = {"title": "断网的新做法", "section": "4.2", **fields}
    return send("/edit/start", values, page=page)


def test_a_closed_ticket_becomes_a_draft_without_anybodys_data(
    client: FlaskClient, send: Send, services: Services, closed: str
) -> None:
    page = client.get(f"/edit/start?ticket={closed}").text
    body = body_of(page)
    assert [line[3:] for line in body.splitlines() if line.startswith("## ")] == list(HEADINGS)
    for words in ("要求当天修好", "尾纤折断", "上门换尾纤"):
        assert words in body
    assert find_personal_data(body) == []
    assert re.search(r"P0601\d\d · (?:按意思最近，得分 \d\.\d\d|文字相似 \d+%)", page)
    saved = start(send, "/", ticket=closed, body=body + "\n电话 13900002222")
    assert saved.status_code == 303, saved.text
    found = TARGET.search(saved.headers["Location"])
    assert found
    draft = editing.read_newest(services.database.connection, found[1])
    assert (draft.revision.status, draft.revision.categories) == ("draft", ("060101",))
    assert draft.owner
    assert "13900002222" not in draft.revision.body
    [source] = sources.read_sources(services.database.connection, draft.id)
    assert (source.kind, source.source_id) == ("ticket", closed)
    assert f"已写成 {draft.id}" in client.get(f"/tickets/{closed}").text
    assert closed in client.get(f"/edit/{draft.id}/usage").text


def test_a_gap_becomes_a_draft_and_is_marked_as_being_worked_on(
    client: FlaskClient, send: Send, services: Services, closed: str
) -> None:
    gap = f"none_fit:{closed}-0"
    assert "据此起草条目" in client.get("/reports/gaps").text
    body = body_of(client.get("/edit/start", query_string={"gap": gap}).text)
    saved = start(send, "/", gap=gap, body=body, title="缺口的新做法")
    assert saved.status_code == 303, saved.text
    marks = gaps.read_marks(services.database.connection)
    [mark] = [mark for mark in marks if gap in mark.evidence]
    assert mark.state == "working"
    assert "缺口的新做法" in mark.reason
    assert "正在写" in client.get("/reports/gaps").text


def test_a_way_of_fixing_gathers_its_tickets(client: FlaskClient, services: Services) -> None:
    row = services.database.connection.execute(
        "SELECT category, fix FROM ticket WHERE status = 'closed' AND fix <> '' LIMIT 1"
    ).fetchone()
    page = client.get("/edit/start", query_string={"fix": f"{row['category']}:{row['fix']}"})
    assert f"{row['fix']}的处理" in page.text
    assert page.text.count("/tickets/TS") > 1


def test_what_cannot_be_started_from_is_refused(
    client: FlaskClient, send: Send, services: Services, closed: str, ticket_no: str
) -> None:
    for query, status in (
        ("", 422), ("ticket=TS00000000000000", 404), (f"ticket={ticket_no}", 422),
        ("gap=none_fit:x", 404), ("fix=060101:没有这种办法", 404),
    ):  # fmt: skip
        assert client.get(f"/edit/start?{query}").status_code == status, query
    refused = start(send, "/", ticket=closed, title="", body="<b>没存上</b>")
    assert refused.status_code == 422
    assert "&lt;b&gt;没存上&lt;/b&gt;" in refused.text
    with pytest.raises(InvalidInput):
        read_ticket_grounds(services.database.connection, [ticket_no])


def test_a_heading_without_words_says_that_it_is_to_be_written(services: Services) -> None:
    connection = services.database.connection
    row = connection.execute("SELECT ticket_no FROM ticket WHERE status = 'closed'").fetchone()
    grounds = read_ticket_grounds(connection, [row["ticket_no"]])
    body = write_body(grounds, never=())
    assert (f"## 客户诉求\n\n{TO_WRITE}" in body) == (not grounds.tickets[0].customer_demand)


def test_an_owner_sees_uses_outcomes_and_what_speaks_against_an_article(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    item = suggested["procedures"][0]
    ticket: Any = client.post(
        "/api/v1/tickets", json={"description": "红灯亮断网", "category": "060101"}
    ).json
    number = ticket["ticket_no"]
    solution = {"impression_id": item["impression_id"]}
    done = {"resolution": "按规程修好", "solution": solution}
    assert client.post(f"/api/v1/tickets/{number}/close", json=done).status_code == 200
    path = f"/api/v1/impressions/{item['impression_id']}/events"
    flag = {"action": "flagged", "reason_code": "outdated", "comment": "第三步过时了"}
    assert client.post(path, json=flag).status_code == 201
    reopened = client.post(f"/api/v1/tickets/{number}/reopen", json={"reason": "又断"})
    assert reopened.status_code == 200
    page = client.get(f"/edit/{item['target_id']}/usage").text
    for words in ("第三步过时了", number, "又反复", suggested["query_masked"][:8]):
        assert words in page
    row = re.search(rf"第 {item['target_version']} 版</th>(.*?)</tr>", page, re.DOTALL)
    assert row
    counts = [int(each) for each in re.findall(r">(\d+)<", row[1])]
    assert counts[0] >= 1
    assert counts[4] >= 1
    owner = re.search(r"/edit/mine\?owner=([^\"]+)", page)
    assert owner
    mine = client.get(f"/edit/mine?owner={owner[1]}").text
    assert item["target_id"] in mine
    assert client.get("/edit/mine?owner=没有这个部门").status_code == 200
    assert client.get("/edit/P999999/usage").status_code == 404


def test_gaps_near_an_article_are_told_to_its_owner(client: FlaskClient, closed: str) -> None:
    page = client.get("/reports/gaps").text
    home = re.search(r'最相近的条目是<a href="/articles/([A-Z0-9-]+)"', page)
    assert home
    assert "起草条目" in client.get(f"/edit/{home[1]}/usage").text


def test_a_published_draft_is_tied_to_its_ticket_as_its_source(
    client: FlaskClient, send: Send, services: Services, closed: str
) -> None:
    body = "## 一句话\n\n先换尾纤。\n"
    saved = start(send, "/", ticket=closed, title="尾纤折断的做法", body=body)
    found = TARGET.search(saved.headers["Location"])
    assert found
    editor, now = Editor(services.database), services.clock()
    draft = editor.open(found[1], now=now).article
    text = replace(draft.revision, sources=("工单",), steps=("换尾纤。",))
    saved_text = editor.save(
        replace(draft, revision=text), base=draft.revision.number, author="甲", now=now
    )
    number = saved_text.revision.number

    def links() -> list[dict[str, Any]]:
        told: Any = client.get(f"/api/v1/tickets/{closed}").json
        return [each for each in told["links"] if each["knowledge_usage"] == "source"]

    editor.act(draft.id, number, "submit", actor="甲", now=now)
    assert links() == []
    for reviewer in ("乙", "丙"):
        if editor.open(draft.id, now=now).standing.status == "in_review":
            editor.act(draft.id, number, "approve", actor=reviewer, now=now)
    [link] = links()
    assert (link["target_type"], link["target_id"]) == ("procedure", draft.id)
    assert (link["target_version"], link["found_by"]) == (str(number), "created")
    assert link["closing"] == 0
    assert "来源" in client.get(f"/tickets/{closed}").text
    with services.database.transaction() as connection:
        sources.link_sources(connection, saved_text, by="乙", now=now)
    assert links() == [link]
