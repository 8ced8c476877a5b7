"""The editorial flow over HTTP: If-Match, four eyes, refusals that name the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

Call = Callable[..., Any]
FIELDS = (
    "title", "section", "slug", "owner", "responsible_dept", "categories", "keywords", "steps",
    "time_limits", "figures", "sources", "body", "valid_from", "valid_until", "review_by",
)  # fmt: skip


@pytest.fixture
def call(client: FlaskClient) -> Call:
    """Call the editing API of one article as somebody."""

    def call(
        method: str, path: str, body: object = None, *, who: str = "甲", **headers: str
    ) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.open(
            f"/api/v1/articles/{path}",
            method=method,
            json=body,
            headers={"X-Agent": quote(who), **named},
        )

    return call


def draft(call: Call, article: str, **changes: object) -> Any:
    """Save a change of the newest revision; return the answer."""
    before = call("GET", f"{article}/draft")
    body = {name: before.json[name] for name in FIELDS} | {"reason": "试改"} | changes
    return call("PUT", f"{article}/draft", body, If_Match=before.headers["ETag"])


def test_a_draft_is_saved_reviewed_and_published(call: Call, client: FlaskClient) -> None:
    saved = draft(call, "S21-2", body="新的说法。\n")
    assert saved.status_code == 200, saved.text
    number = saved.json["revision"]
    assert saved.headers["ETag"] == f'"rev-{number}"'
    standing = saved.json["standing"]
    assert (standing["status"], standing["author"], standing["approvers"]) == ("draft", "甲", [])
    assert client.get("/api/v1/articles/S21-2").json["revision"] == number - 1  # type: ignore[index]
    step = {"revision": number}
    assert call("POST", "S21-2/submit", step).json["standing"]["status"] == "in_review"
    assert call("POST", "S21-2/approve", step).status_code == 403
    for reviewer in ("乙", "丙"):
        answer = call("POST", "S21-2/approve", step, who=reviewer)
        if answer.json["standing"]["status"] == "published":
            break
    assert answer.json["in_force"] == number
    assert client.get("/api/v1/articles/S21-2").json["body"] == "新的说法。\n"  # type: ignore[index]
    found = call("GET", f"S21-2/diff?old={number - 1}&new={number}").json["fields"]
    assert "正文" in [field["name"] for field in found]
    listed = call("GET", "S21-2/revisions").json["revisions"]
    assert [each["revision"] for each in listed] == list(range(number, 0, -1))
    assert listed[0]["reason"] == "试改"


def test_the_loser_of_two_editors_gets_412_and_the_text_stays(call: Call) -> None:
    before = call("GET", "S22/draft")
    body = {name: before.json[name] for name in FIELDS}
    tag = before.headers["ETag"]
    first = call("PUT", "S22/draft", body | {"title": "甲的标题"}, If_Match=tag)
    assert first.status_code == 200
    lost = call("PUT", "S22/draft", body | {"title": "乙的标题"}, who="乙", If_Match=tag)
    assert lost.status_code == 412
    assert lost.json["type"] == "/problems/revision-conflict"
    assert call("GET", "S22/draft").json["title"] == "甲的标题"


def test_a_save_without_a_version_is_refused(call: Call) -> None:
    body = {name: call("GET", "S23/draft").json[name] for name in FIELDS}
    answer = call("PUT", "S23/draft", body)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (428, "/If-Match")
    wrong = call("PUT", "S23/draft", body, If_Match='"v1"')
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/If-Match")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": " "}, "/title"),
        ({"section": "9.9"}, "/section"),
        ({"slug": "中文"}, "/slug"),
        ({"valid_from": "2026-02-30"}, "/valid_from"),
        ({"categories": ["060101", 5]}, "/categories/1"),
        ({"categories": ["999999"]}, "/categories"),
        ({"time_limits": ["TL999"]}, "/time_limits"),
        ({"steps": "一步"}, "/steps"),
        ({"body": "字" * 20_001}, "/body"),
        ({"valid_until": "2020-01-01"}, "/valid_until"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_saved(
    call: Call, change: dict[str, object], pointer: str
) -> None:
    before = call("GET", "S23-2/draft").json
    answer = draft(call, "S23-2", **change)
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert call("GET", "S23-2/draft").json["revision"] == before["revision"]


def test_a_new_article_needs_no_base_and_an_old_one_does(call: Call) -> None:
    body = {name: call("GET", "S23/draft").json[name] for name in FIELDS}
    fresh = body | {"title": "试写的新条目", "slug": "fresh"}
    made = call("PUT", "S98/draft", fresh, If_None_Match="*")
    assert (made.status_code, made.json["revision"], made.json["in_force"]) == (201, 1, None)
    assert call("PUT", "S98/draft", fresh, If_None_Match="*").status_code == 412
    odd = call("PUT", "x y/draft", fresh, If_None_Match="*")
    assert (odd.status_code, odd.json["errors"][0]["pointer"]) == (422, "/article_id")


def test_comments_rejections_and_archiving_tell_who_and_why(call: Call) -> None:
    number = draft(call, "S24", body="再改。\n").json["revision"]
    said = call("POST", "S24/comments", {"revision": number, "comment": "这里少一句"}, who="乙")
    assert said.status_code == 201
    call("POST", "S24/submit", {"revision": number})
    back = call("POST", "S24/reject", {"revision": number, "comment": "补一句"}, who="乙")
    assert back.json["standing"]["status"] == "draft"
    told = [(event["action"], event["actor"], event["comment"]) for event in back.json["events"]]
    assert told[-3:] == [
        ("comment", "乙", "这里少一句"),
        ("submit", "甲", ""),
        ("reject", "乙", "补一句"),
    ]
    gone = call("POST", "S24/archive", {"reason": "并入 2.4", "successor": "S23-2"})
    assert (gone.json["standing"]["status"], gone.json["in_force"]) == ("archived", None)
    assert gone.json["successor"] == "S23-2"
    restored = call("POST", "S24/restore", {"revision": 1})
    assert (restored.status_code, restored.json["standing"]["status"]) == (201, "draft")


def test_the_queue_lists_what_waits_and_what_falls_due(call: Call, client: FlaskClient) -> None:
    draft(call, "S31", body="待审的文字。\n")
    queue = client.get("/api/v1/editing?days=366").json
    assert queue is not None
    assert "S31" in [each["id"] for each in queue["waiting"]]
    due = [each["review_by"] for each in queue["due_reviews"]]
    assert due == sorted(due)
    assert all(day <= queue["until"] for day in due)
    assert client.get("/api/v1/editing?days=-1").status_code == 422
