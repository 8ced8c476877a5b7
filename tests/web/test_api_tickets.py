"""Tickets over HTTP: the whole chain shown → used → closed → came back."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

URL = "/api/v1/tickets"


def post(client: FlaskClient, path: str, body: object, status: int = 200) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    return dict(answer.json)


def get(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_a_new_ticket_has_a_number_a_department_and_a_due_time(client: FlaskClient) -> None:
    body = {"description": "网断了", "category": "060101", "accepted_at": "2026-03-11T09:20"}
    answer = client.post(URL, json=body)
    assert answer.status_code == 201
    ticket = answer.json
    assert ticket is not None
    assert answer.headers["Location"] == f"{URL}/{ticket['ticket_no']}"
    assert answer.headers["ETag"] == '"v1"'
    assert ticket["responsible_dept"]
    assert ticket["due_at"] > ticket["accepted_at"] == "2026-03-11T09:20:00+08:00"


def test_the_callers_number_is_kept_as_a_mask_only(client: FlaskClient) -> None:
    body = {"description": "我的号13912345678不能用", "service_number": "13912345678"}
    answer = client.post(URL, json=body)
    assert "13912345678" not in answer.text
    assert answer.json is not None
    assert answer.json["service_number"].startswith("139****")
    assert "hash" not in answer.text


def test_the_session_shown_before_the_ticket_is_tied_to_it(
    client: FlaskClient, suggested: dict[str, Any]
) -> None:
    body = {"description": "网断了", "session_id": suggested["session_id"]}
    ticket = post(client, URL, body, 201)
    chain = get(client, f"{URL}/{ticket['ticket_no']}")
    assert [each["session_id"] for each in chain["sessions"]] == [suggested["session_id"]]
    assert client.post(URL, json=body).status_code == 409


def test_the_whole_chain_can_be_followed_by_api(
    client: FlaskClient, ticket_no: str, suggested: dict[str, Any]
) -> None:
    shown = post(
        client, "/api/v1/suggestions", {"text": "红灯一直亮，网断了", "ticket_no": ticket_no}
    )
    used, solved = shown["procedures"][0], shown["past_fixes"][0]
    url = f"{URL}/{ticket_no}"
    post(
        client,
        f"{url}/links",
        {"impression_id": used["impression_id"], "knowledge_usage": "reference"},
        201,
    )
    closed = post(
        client,
        f"{url}/close",
        {"resolution": "换了尾纤", "solution": {"impression_id": solved["impression_id"]},
         "satisfaction": 8},
    )  # fmt: skip
    assert closed["status"] == "closed"
    post(client, f"{url}/reopen", {"reason": "又断了"})
    chain = get(client, url)
    assert [link["knowledge_usage"] for link in chain["links"]] == ["reference", "solution"]
    assert chain["links"][1]["impression_id"] == solved["impression_id"]
    assert [(each["state"], each["reason"]) for each in chain["outcomes"]] == [
        ("came_back", "reopened")
    ]
    done = [event["action"] for event in chain["events"]]
    assert [each for each in done if each in ("created", "closed", "reopened")] == [
        "created",
        "closed",
        "reopened",
    ]
    session = chain["sessions"][-1]
    events = {
        each["impression_id"]: [event["action"] for event in each["events"]]
        for each in session["impressions"]
    }
    assert "linked" in events[used["impression_id"]]
    assert "linked" in events[solved["impression_id"]]


def test_knowledge_found_by_oneself_is_linked_with_its_version(
    client: FlaskClient, ticket_no: str
) -> None:
    body = {"target_type": "article", "target_id": "P060101", "knowledge_usage": "reference"}
    link = post(client, f"{URL}/{ticket_no}/links", body, 201)
    assert (link["found_by"], link["target_version"]) == ("searched", "1")


def test_a_closing_needs_a_decision_on_knowledge(client: FlaskClient, ticket_no: str) -> None:
    refused = post(client, f"{URL}/{ticket_no}/close", {"resolution": "好了"}, 422)
    assert refused["errors"][0]["pointer"] == "/solution"
    closed = post(client, f"{URL}/{ticket_no}/close", {"resolution": "好了", "none_fit": True})
    assert closed["none_fit"] is True


def test_a_second_solution_for_one_closing_is_a_conflict(
    client: FlaskClient, ticket_no: str
) -> None:
    url = f"{URL}/{ticket_no}/links"
    body = {"target_type": "article", "knowledge_usage": "solution"}
    post(client, url, {**body, "target_id": "P060101"}, 201)
    post(client, url, {**body, "target_id": "P060102"}, 409)


def test_a_closed_ticket_is_not_changed_linked_or_closed_again(
    client: FlaskClient, ticket_no: str
) -> None:
    url = f"{URL}/{ticket_no}"
    post(client, f"{url}/close", {"resolution": "好了", "none_fit": True})
    link = {"target_type": "article", "target_id": "P060101", "knowledge_usage": "reference"}
    assert client.patch(url, json={"title": "x"}).status_code == 409
    post(client, f"{url}/links", link, 409)
    post(client, f"{url}/close", {"resolution": "好了", "none_fit": True}, 409)


def test_an_open_ticket_is_neither_reopened_nor_called_back(
    client: FlaskClient, ticket_no: str
) -> None:
    post(client, f"{URL}/{ticket_no}/reopen", {"reason": "又断了"}, 409)
    post(client, f"{URL}/{ticket_no}/callback", {"satisfied": True}, 409)


@pytest.mark.parametrize(
    ("satisfied", "result", "state"),
    [
        (True, "satisfied", "pending"),
        (False, "dissatisfied", "came_back"),
        (None, "no_answer", "pending"),
    ],
)
def test_a_callback_says_what_became_of_the_closing(
    client: FlaskClient, ticket_no: str, satisfied: bool | None, result: str, state: str
) -> None:
    url = f"{URL}/{ticket_no}"
    post(client, f"{url}/close", {"resolution": "好了", "none_fit": True})
    called = post(client, f"{url}/callback", {"satisfied": satisfied, "satisfaction": 3})
    assert (called["callback_result"], called["satisfaction"]) == (result, 3)
    assert get(client, url)["outcomes"][-1]["state"] == state


def test_a_change_on_an_old_version_is_refused(client: FlaskClient, ticket_no: str) -> None:
    url = f"{URL}/{ticket_no}"
    etag = client.get(url).headers["ETag"]
    changed = client.patch(url, json={"root_cause": "尾纤断"}, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert client.patch(url, json={"title": "x"}, headers={"If-Match": etag}).status_code == 412
    assert client.patch(url, json={"title": "x", "version": 1}).status_code == 412
    wrong = client.patch(url, json={"title": "x"}, headers={"If-Match": "newest"})
    assert wrong.status_code == 422


def test_a_new_class_brings_its_department_and_due_time(
    client: FlaskClient, ticket_no: str
) -> None:
    before = get(client, f"{URL}/{ticket_no}")
    answer = client.patch(f"{URL}/{ticket_no}", json={"category": "140102"})
    assert answer.json is not None
    assert answer.json["responsible_dept"] != before["responsible_dept"]
    assert answer.json["due_at"] != before["due_at"]


def test_the_list_is_read_page_by_page_without_gaps_or_repeats(client: FlaskClient) -> None:
    for number in range(5):
        post(client, URL, {"description": f"翻页用的第 {number} 张"}, 201)
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = get(client, f"{URL}?limit=2{cursor}")
        seen += [ticket["ticket_no"] for ticket in page["tickets"]]
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 6
    whole = get(client, f"{URL}?limit=6")["tickets"]
    assert [ticket["ticket_no"] for ticket in whole] == seen


def test_the_list_can_be_of_one_status_only(client: FlaskClient, ticket_no: str) -> None:
    page = get(client, f"{URL}?status=open&limit=100")
    assert ticket_no in [ticket["ticket_no"] for ticket in page["tickets"]]
    assert {ticket["status"] for ticket in page["tickets"]} == {"open"}
    assert client.get(f"{URL}?status=lost").status_code == 422
    assert client.get(f"{URL}?cursor=none").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("", {"description": ""}, "/description"),
        ("", {"description": "网断", "channel": "鸽子"}, "/channel"),
        ("", {"description": "网断", "urgency": "P9"}, "/urgency"),
        ("", {"description": "网断", "service_number": "我的号码"}, "/service_number"),
        ("", {"description": "网断", "repeat_of": "none"}, "/repeat_of"),
        ("/{no}/links", {"knowledge_usage": "reference"}, ""),
        ("/{no}/links", {"target_type": "article", "target_id": "P060101"}, "/knowledge_usage"),
        (
            "/{no}/links",
            {"target_type": "x", "target_id": "y", "knowledge_usage": "reference"},
            "/target_type",
        ),
        ("/{no}/close", {"resolution": "好", "satisfaction": 11}, "/satisfaction"),
        ("/{no}/close", {"resolution": "好", "satisfaction": 8.5}, "/satisfaction"),
        ("/{no}/close", {"resolution": "好", "none_fit": "yes"}, "/none_fit"),
        ("/{no}/close", {"resolution": "好", "solution": {"x": 1}}, "/solution/x"),
        ("/{no}/reopen", {"reason": " "}, "/reason"),
        ("/{no}/callback", {}, "/satisfied"),
    ],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, ticket_no: str, path: str, body: object, pointer: str
) -> None:
    refused = post(client, URL + path.format(no=ticket_no), body, 422)
    assert pointer in [fault["pointer"] for fault in refused["errors"]]


@pytest.mark.parametrize("digits", [30, 5000])
def test_a_version_beyond_all_numbers_is_refused(
    client: FlaskClient, ticket_no: str, digits: int
) -> None:
    for method, path, body in (
        ("PATCH", f"/api/v1/tickets/{ticket_no}", {"region": "上海"}),
        ("PUT", "/api/v1/vocabulary", {"tables": {"words": ["紫檀木"]}, "reason": "试"}),
    ):
        answer = client.open(
            path, method=method, json=body, headers={"If-Match": "v" + "9" * digits}
        )
        assert answer.status_code == 422
        assert "If-Match" in answer.text
