"""One ticket followed by API from what was shown to whether it stayed closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.credit import credit
from kb.store import links, outcomes
from tests.conftest import Clock
from web.services import Services

API = "/api/v1"
WANG = {"X-Agent": "%E7%8E%8B%E8%8A%B3"}


@pytest.fixture
def clock(services: Services) -> Iterator[Clock]:
    """The service's clock, put back afterwards: other tests share it."""
    assert isinstance(services.clock, Clock)
    before = services.clock.now
    yield services.clock
    services.clock.now = before


def post(client: FlaskClient, path: str, body: dict[str, Any], *, expect: int = 200) -> Any:
    answer = client.post(f"{API}{path}", json=body, headers=WANG)
    assert answer.status_code == expect, answer.text
    return answer.json


def chain(client: FlaskClient, ticket_no: str) -> dict[str, Any]:
    return dict(client.get(f"{API}/tickets/{ticket_no}").json or {})


def trace(client: FlaskClient, ticket_no: str) -> list[tuple[str, str, str]]:
    return [
        (each["from_state"], each["to_state"], each["reason"])
        for each in chain(client, ticket_no)["trace"]
    ]


def solve(client: FlaskClient, ticket_no: str) -> dict[str, Any]:
    """Shown, displayed, opened, copied, linked, closed; return the item that solved it."""
    asked = {"text": "家里网断了,盒子上那个红灯一直亮", "ticket_no": ticket_no}
    answer = post(client, "/suggestions", asked)
    item: dict[str, Any] = answer["procedures"][0]
    shown = {"impression_ids": [each["impression_id"] for each in answer["procedures"]]}
    post(client, f"/suggestions/{answer['session_id']}/displayed", shown)
    events = f"/impressions/{item['impression_id']}/events"
    for action in ("clicked", "answer_copied"):
        sent = {"action": action, "event_key": f"{ticket_no}-{action}"}
        first = post(client, events, sent, expect=201)
        assert post(client, events, sent, expect=201) == first
    named = {"impression_id": item["impression_id"]}
    post(
        client,
        f"/tickets/{ticket_no}/links",
        named | {"knowledge_usage": "solution"},
        expect=201,
    )
    post(client, f"/tickets/{ticket_no}/close", {"resolution": "换了尾纤"})
    return item


def credited(services: Services, ticket_no: str) -> list[tuple[str, float]]:
    connection = services.database.connection
    tied = links.read_links(connection, ticket_no)
    return [
        (given.target_id, given.value)
        for outcome in outcomes.read_outcomes(connection, ticket_no)
        for given in credit(tied, outcome)
    ]


def test_shown_used_closed_and_stayed_closed(
    client: FlaskClient, services: Services, ticket_no: str, clock: Clock
) -> None:
    item = solve(client, ticket_no)
    assert credited(services, ticket_no) == []
    services.desk.settle(now=clock.advance(days=29))
    assert trace(client, ticket_no) == [("", "pending", "")]
    services.desk.settle(now=clock.advance(days=2))
    told = chain(client, ticket_no)
    assert trace(client, ticket_no)[1:] == [("pending", "stayed_closed", "")]
    (session,) = told["sessions"]
    assert session["request"]["ticket_no"] == ticket_no
    shown = next(
        each for each in session["impressions"] if each["impression_id"] == item["impression_id"]
    )
    assert shown["displayed_at"]
    assert [event["action"] for event in shown["events"]] == [
        "displayed",
        "clicked",
        "answer_copied",
        "linked",
    ]
    assert credited(services, ticket_no) == [(item["target_id"], 1.0)]


def test_shown_used_closed_and_came_back(
    client: FlaskClient, services: Services, ticket_no: str, clock: Clock
) -> None:
    item = solve(client, ticket_no)
    clock.advance(days=5)
    post(client, f"/tickets/{ticket_no}/reopen", {"reason": "又断了"})
    assert trace(client, ticket_no) == [
        ("", "pending", ""),
        ("pending", "came_back", "reopened"),
    ]
    assert credited(services, ticket_no) == [(item["target_id"], 0.0)]
    post(client, f"/tickets/{ticket_no}/close", {"resolution": "换光猫", "none_fit": True})
    services.desk.settle(now=clock.advance(days=31))
    assert trace(client, ticket_no)[2:] == [("", "pending", ""), ("pending", "stayed_closed", "")]
    assert credited(services, ticket_no) == [(item["target_id"], 0.0)]
    (decision,) = chain(client, ticket_no)["sessions"][-1]["decisions"]
    assert (decision["decision"], decision["agent"]) == ("none_fit", "王芳")


def test_a_callback_recorded_late_turns_a_settled_closing(
    client: FlaskClient, services: Services, ticket_no: str, clock: Clock
) -> None:
    solve(client, ticket_no)
    called = clock.now.replace(day=25).isoformat()
    services.desk.settle(now=clock.advance(days=40))
    body = {"satisfied": False, "called_at": called}
    post(client, f"/tickets/{ticket_no}/callback", body)
    last = chain(client, ticket_no)["trace"][-1]
    assert (last["from_state"], last["to_state"]) == ("stayed_closed", "came_back")
    assert last["happened_at"][:10] == called[:10]


def test_an_escalation_brings_a_closed_ticket_back_and_marks_it(
    client: FlaskClient, ticket_no: str, clock: Clock
) -> None:
    solve(client, ticket_no)
    clock.advance(days=1)
    ticket = post(client, f"/tickets/{ticket_no}/escalate", {"reason": "工信部转办"})
    assert (ticket["escalated"], ticket["status"]) == (True, "closed")
    assert trace(client, ticket_no)[-1] == ("pending", "came_back", "escalated")


def test_what_was_recorded_is_taken_back_in_time_only(
    client: FlaskClient, suggested: dict[str, Any], clock: Clock
) -> None:
    impression = suggested["procedures"][0]["impression_id"]
    session = f"/suggestions/{suggested['session_id']}"
    events = f"/impressions/{impression}/events"
    event = post(client, events, {"action": "dismissed"}, expect=201)
    gap = post(client, f"{session}/decisions", {"decision": "gap"}, expect=201)
    later = post(client, events, {"action": "flagged"}, expect=201)
    clock.advance(seconds=10)
    assert post(client, f"/events/{event['event_id']}/undo", {})["undone_at"]
    assert post(client, f"/decisions/{gap['decision_id']}/undo", {})["undone_at"]
    clock.advance(seconds=1)
    refused = post(client, f"/events/{later['event_id']}/undo", {}, expect=409)
    assert "10 秒" in refused["detail"]
    told = client.get(f"{API}{session}").json
    assert told is not None
    assert told["decisions"] == []
    assert [each["action"] for each in told["impressions"][0]["events"]] == ["flagged"]


@pytest.mark.parametrize("number", ["999999", "x", "9" * 30])
def test_an_event_that_is_not_there_is_not_taken_back(client: FlaskClient, number: str) -> None:
    refused = post(client, f"/events/{number}/undo", {}, expect=404)
    assert refused["title"] == "没有这条操作记录"


def test_a_link_found_by_searching_names_its_search_and_is_taken_back(
    client: FlaskClient, ticket_no: str, clock: Clock
) -> None:
    first = client.get(f"{API}/search?q=红灯", headers=WANG).json
    clock.advance(seconds=30)
    second = post(client, "/search", {"q": "光猫红灯", "ticket_no": ticket_no})
    hit = second["hits"][0]
    target = {"target_type": hit["target_type"], "target_id": hit["target_id"]}
    usage = {"knowledge_usage": "solution"}
    link = post(
        client,
        f"/tickets/{ticket_no}/links",
        target | usage | {"search_id": second["search_id"]},
        expect=201,
    )
    assert (link["found_by"], link["search_id"]) == ("searched", second["search_id"])
    assert first is not None
    (search,) = chain(client, ticket_no)["searches"]
    assert (search["previous"], search["agent"]) == (first["search_id"], "王芳")
    post(client, f"/tickets/{ticket_no}/unlink", target | usage)
    assert chain(client, ticket_no)["links"] == []
    post(client, f"/tickets/{ticket_no}/unlink", target | usage, expect=404)


def test_the_search_page_is_recorded_too(client: FlaskClient, services: Services) -> None:
    def count() -> int:
        row = services.database.connection.execute(
            "SELECT count(*) AS n FROM search_record WHERE channel = 'page'"
        ).fetchone()
        return int(row["n"])

    before = count()
    client.get("/search?q=13812345678的红灯")
    assert count() == before + 1
    kept = services.database.connection.execute(
        "SELECT query_masked FROM search_record ORDER BY rowid DESC LIMIT 1"
    ).fetchone()
    assert "13812345678" not in kept["query_masked"]


def test_practice_belongs_to_no_ticket(
    client: FlaskClient, services: Services, ticket_no: str
) -> None:
    said = {"text": "红灯断网", "is_training": True}
    refused = post(client, "/suggestions", said | {"ticket_no": ticket_no}, expect=422)
    assert refused["errors"][0]["pointer"] == "/is_training"
    answer = post(client, "/suggestions", said)
    kept = client.get(f"{API}/suggestions/{answer['session_id']}").json
    assert kept is not None
    assert kept["is_training"] is True
    taken = {"description": "断网", "session_id": answer["session_id"]}
    post(client, "/tickets", taken, expect=409)


def test_the_whole_chain_stands_on_the_tickets_page(
    client: FlaskClient, ticket_no: str, clock: Clock
) -> None:
    item = solve(client, ticket_no)
    clock.advance(days=2)
    post(client, f"/tickets/{ticket_no}/reopen", {"reason": "又断了"})
    page = " ".join(client.get(f"/tickets/{ticket_no}").text.split())
    shown = f"规程第 1 位：{item['title']}"
    assert "给过的建议（1 次）" in page
    assert shown in page
    done = page.split(shown)[1].split("</li>")[0]
    assert "已显示" in done
    assert "已打开 · 已复制话术" in done
    assert "重开 · 王芳" in page
    assert "又反复（重开）" in page
