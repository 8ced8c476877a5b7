"""The OpenAPI document: every route is in it, every route of it is there, answers fit it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from kb.review import Finding, Record, Subject, Tally
from kb.store import reviews
from web.openapi import OPERATIONS
from web.services import Services

PREFIX = "/api/v1"
ARTICLE = "/articles/S97"
DRAFT = {
    "title": "对照文档的条目", "section": "2.1", "slug": "checked", "sources": ["内部"],
    "owner": "客服部", "responsible_dept": "客服部", "body": "写一句。",
    "valid_from": "2026-01-01", "review_by": "2027-01-01",
}  # fmt: skip


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    found = app.test_client().get(f"{PREFIX}/openapi.json").json
    assert found is not None
    return dict(found)


def check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def routes(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule).removeprefix(PREFIX))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_document_and_the_routes_are_the_same(app: Flask, document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == routes(app)


def test_no_operation_is_there_twice_and_all_have_a_name_of_their_own(
    document: dict[str, Any],
) -> None:
    assert len({operation.key for operation in OPERATIONS}) == len(OPERATIONS)
    names = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for found in re.findall(r'"\$ref": ?"#/([^"]+)"', str(document).replace("'", '"')):
        place: Any = document
        for part in found.split("/"):
            place = place[part]
        assert place


def test_every_schema_is_a_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def steps(ticket_no: str, suggested: dict[str, Any]) -> list[tuple[str, str, str, object]]:
    """One real request for each operation, in an order that works."""
    impression = suggested["procedures"][0]["impression_id"]
    session = suggested["session_id"]
    ticket = f"/tickets/{ticket_no}"
    return [
        ("POST", "/suggestions", "/suggestions", {"text": "红灯一直亮", "without": ["光猫"]}),
        ("GET", "/suggestions/{session_id}", "/suggestions/{session_id}", None),
        ("POST", "/suggestions/{session_id}/displayed", f"/suggestions/{session}/displayed",
         {"impression_ids": [impression]}),
        ("POST", "/impressions/{impression_id}/events", f"/impressions/{impression}/events",
         {"action": "clicked"}),
        ("POST", "/events/{event_id}/undo", "/events/{event_id}/undo", None),
        ("POST", "/suggestions/{session_id}/decisions", f"/suggestions/{session}/decisions",
         {"decision": "gap", "comment": "没写怎么退"}),
        ("POST", "/decisions/{decision_id}/undo", "/decisions/{decision_id}/undo", None),
        ("GET", "/search", "/search?q=红灯", None),
        ("POST", "/search", "/search", {"q": "多收费", "type": "ticket", "ticket_no": ticket_no}),
        ("POST", "/tickets", "/tickets", {"description": "网断", "category": "060101"}),
        ("GET", "/tickets", "/tickets?limit=3", None),
        ("PATCH", "/tickets/{ticket_no}", ticket, {"root_cause": "尾纤断"}),
        ("GET", "/tickets", "/tickets?queue=waiting&category=06", None),
        ("POST", "/tickets/{ticket_no}/assign", f"{ticket}/assign", {"assignee": "甲"}),
        ("POST", "/tickets/{ticket_no}/dispatch", f"{ticket}/dispatch",
         {"department": "家庭客户装维中心", "text": "请上门查光路"}),
        ("POST", "/calls", "/calls", {"call_id": "c-1", "service_number": "13900001111"}),
        ("POST", "/tickets/{ticket_no}/links", f"{ticket}/links",
         {"impression_id": impression, "knowledge_usage": "reference"}),
        ("POST", "/tickets/{ticket_no}/unlink", f"{ticket}/unlink",
         {"target_type": suggested["procedures"][0]["target_type"],
          "target_id": suggested["procedures"][0]["target_id"],
          "knowledge_usage": "reference"}),
        ("POST", "/tickets/{ticket_no}/close", f"{ticket}/close",
         {"resolution": "好了", "none_fit": True}),
        ("POST", "/tickets/{ticket_no}/callback", f"{ticket}/callback", {"satisfied": None}),
        ("POST", "/tickets/{ticket_no}/escalate", f"{ticket}/escalate", {"reason": "转工信部"}),
        ("POST", "/tickets/{ticket_no}/reopen", f"{ticket}/reopen", {"reason": "又断"}),
        ("GET", "/tickets/{ticket_no}", ticket, None),
        ("GET", "/articles", "/articles", None),
        ("GET", "/articles/{article_id}", "/articles/P060101", None),
        ("PUT", "/articles/{article_id}/draft", f"{ARTICLE}/draft", DRAFT),
        ("GET", "/articles/{article_id}/draft", f"{ARTICLE}/draft", None),
        *(("POST", f"/articles/{{article_id}}/{step}", f"{ARTICLE}/{step}",
           {"revision": 1, "comment": "缺一句"})
          for step in ("comments", "submit", "withdraw", "submit", "reject", "submit", "approve")),
        ("GET", "/articles/{article_id}/revisions", f"{ARTICLE}/revisions", None),
        ("GET", "/articles/{article_id}/diff", f"{ARTICLE}/diff?old=1&new=1", None),
        ("POST", "/articles/{article_id}/archive", f"{ARTICLE}/archive", {"reason": "并入"}),
        ("POST", "/articles/{article_id}/restore", f"{ARTICLE}/restore", {"revision": 1}),
        ("GET", "/articles/{article_id}/impact", f"{ARTICLE}/impact", None),
        ("GET", "/vocabulary", "/vocabulary", None),
        ("POST", "/vocabulary/preview", "/vocabulary/preview", {"tables": {"words": ["紫檀木"]}}),
        ("PUT", "/vocabulary", "/vocabulary", {"tables": {"words": ["紫檀木"]}, "reason": "试"}),
        ("POST", "/vocabulary/rollback", "/vocabulary/rollback", {"version": 1, "reason": "退"}),
        ("GET", "/vocabulary/versions", "/vocabulary/versions", None),
        ("GET", "/vocabulary/diff", "/vocabulary/diff?old=1&new=2", None),
        ("GET", "/editing", "/editing", None),
        ("POST", "/documents/preview", "/documents/preview", {"html": "<h1>断网</h1><p>重启</p>"}),
        ("GET", "/categories", "/categories", None),
        ("GET", "/time-limits", "/time-limits", None),
        ("POST", "/time-limits/due", "/time-limits/due",
         {"category": "060101", "from": "2026-03-11T09:20"}),
        ("GET", "/reports/outcomes", "/reports/outcomes?by=channel", None),
        ("GET", "/reports/search", "/reports/search?from=2026-01-01", None),
        ("GET", "/reports/articles", "/reports/articles", None),
        ("GET", "/reports/gaps", "/reports/gaps", None),
        ("POST", "/reports/gaps/{gap_id}/mark", f"/reports/gaps/none_fit:{ticket_no}-0/mark",
         {"state": "done", "reason": "补了一段"}),
        ("GET", "/reports/tasks", "/reports/tasks", None),
        ("POST", "/reports/tasks/{task_id}/close", "/reports/tasks/{task_id}/close",
         {"verdict": "kept", "done": "看过"}),
        ("GET", "/learning/cards", "/learning/cards", None),
        ("POST", "/learning/cards/{card_id}/grade", "/learning/cards/limit-TL001/grade",
         {"rating": 3, "follows": 0}),
        ("POST", "/learning/cards/undo", "/learning/cards/undo", None),
        ("POST", "/learning/drills", "/learning/drills", {}),
        ("GET", "/learning/progress", "/learning/progress", None),
        ("POST", "/learning/drills/{drill_id}/answer", "/learning/drills/{id}/answer",
         {"category": "060101", "due_at": "2026-03-12T09:20", "said": [0]}),
        ("GET", "/healthz", "/healthz", None),
        ("GET", "/readyz", "/readyz", None),
        ("GET", "/metrics", "/metrics", None),
        ("GET", "/openapi.json", "/openapi.json", None),
    ]  # fmt: skip


def headers_of(method: str, path: str) -> dict[str, str]:
    """What a call needs beside its body: a base for a save, another person for a review."""
    if method == "PUT":
        return {"If-Match": "v1"} if path.endswith("/vocabulary") else {"If-None-Match": "*"}
    named = path.endswith("/approve") or path.startswith(f"{PREFIX}/learning/")
    return {"X-Agent": "reviewer"} if named else {}


@pytest.fixture
def task_id(services: Services) -> int:
    """A review task, opened by counts of its own."""
    tally = Tally(12, 20)
    record = Record(Subject("procedure", "P060101", "1", "060101"), tally, tally, "2026-03-01")
    with services.database.transaction() as connection:
        finding = Finding(record, "060101", Tally(1, 30), 0.001, 0.01)
        reviews.add_task(connection, finding, now=services.clock())
        return reviews.read_tasks(connection, with_closed=False)[0].id


def test_real_requests_and_answers_fit_the_document(
    client: FlaskClient,
    document: dict[str, Any],
    ticket_no: str,
    suggested: dict[str, Any],
    task_id: int,
) -> None:
    called = set()
    answered: dict[str, Any] = {"task_id": task_id}
    for method, template, path, body in steps(ticket_no, suggested):
        described = document["paths"][template][method.lower()]
        if body is not None:
            media = described["requestBody"]["content"]["application/json"]
            check(document, media["schema"], body)
        answer = client.open(
            PREFIX + path.format_map(answered),
            method=method,
            json=body,
            headers=headers_of(method, PREFIX + path),
        )
        reply = described["responses"][str(answer.status_code)]["content"][answer.mimetype]
        if "schema" in reply:
            check(document, reply["schema"], answer.json)
        if answer.mimetype == "application/json":
            answered |= answer.json or {}
        called.add((method, template))
    assert called == {operation.key for operation in OPERATIONS}


def test_a_session_of_the_desk_fits_the_document(
    client: FlaskClient, document: dict[str, Any], send: Callable[..., Any]
) -> None:
    found = re.search(r'data-session="(\w+)"', send("/", {"description": "网断了红灯亮"}).text)
    assert found
    answer = client.get(f"{PREFIX}/suggestions/{found[1]}").json
    assert answer is not None
    assert answer["request"]["view"]
    check(document, {"$ref": "#/components/schemas/SessionReply"}, answer)


def test_a_refusal_fits_the_document(client: FlaskClient, document: dict[str, Any]) -> None:
    answer = client.post(f"{PREFIX}/tickets", json={"x": 1})
    problem = document["components"]["responses"]["Problem"]["content"][answer.mimetype]
    check(document, problem["schema"], answer.json)
