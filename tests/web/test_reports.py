"""Reports over the API and as pages: figures, filters, CSV, gaps, review tasks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.language import Language
from kb.reviewing import open_reviews
from tests.conftest import Clock, open_services
from tests.history import make_bad_article, make_history
from web.app import create_app
from web.openapi import build_document
from web.services import Services

PAGES = ("", "/search", "/articles", "/gaps", "/tasks")
TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]+)"')
WHO = {"X-Agent": quote("李主管")}


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """A service with a history: the samples that came with it never count."""
    folder = tmp_path_factory.mktemp("reports") / "data"
    clock = Clock()
    with open_services(prepared_data, folder, language, clock) as services:
        make_history(services.database.connection, tickets=400)
        make_bad_article(services.database.connection)
        make_bad_article(services.database.connection, version="2", start=60)
        open_reviews(services.database, now=clock.now)
        yield services


@pytest.fixture(scope="module")
def app(services: Services) -> Flask:
    return create_app(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def read(client: FlaskClient, path: str) -> Any:
    answer = client.get(f"/api/v1/reports{path}")
    assert answer.status_code == 200, answer.text
    return answer.json


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(f"/reports{path}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_without_scripts_and_styles_in_it(client: FlaskClient, path: str) -> None:
    text = page(client, path)
    assert " style=" not in text
    assert not re.search(r"<script(?![^>]*src=)", text)
    assert 'aria-current="page">报表' in text


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/outcomes?by=tenure", "OutcomeReportReply"),
        ("/search", "SearchReportReply"),
        ("/articles", "ArticleReportReply"),
        ("/gaps", "GapListReply"),
        ("/tasks?closed=1", "TaskListReply"),
    ],
)
def test_an_answer_is_what_the_document_says(client: FlaskClient, path: str, model: str) -> None:
    document = build_document()
    schema = {"$ref": f"#/components/schemas/{model}", "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(read(client, path))


def test_figures_are_those_of_the_report(client: FlaskClient, services: Services) -> None:
    answer = read(client, "/outcomes?from=2026-03-10&until=2026-04-30&category=06")
    measures = {each["key"]: each for each in answer["measures"]}
    row = services.database.connection.execute(
        "SELECT count(*) FROM ticket_event JOIN ticket USING (ticket_no) WHERE action = 'closed'"
        " AND accepted_at BETWEEN '2026-03-10' AND '2026-05-01' AND category LIKE '06%'"
        " AND is_sample = 0"
    ).fetchone()
    assert measures["link_rate"]["total"] == row[0] > 50
    assert answer["filters"]["from"] == "2026-03-10"
    assert "不是效果" in answer["notes"][0]


def test_samples_count_only_when_asked_for_and_are_marked(client: FlaskClient) -> None:
    def due(query: str) -> int:
        found = read(client, f"/outcomes{query}")["overdue_by_category"]
        return sum(each["total"] for each in found)

    assert due("?samples=1") > due("")
    assert "虚构的样例工单" in page(client, "?samples=1")
    assert "虚构的样例工单" not in page(client, "")


def test_the_page_and_its_charts_show_the_figures(client: FlaskClient) -> None:
    text = page(client, "?by=department")
    for each in read(client, "/outcomes?by=department")["measures"]:
        if each["kind"] == "share":
            value = f"{100 * each['value']:.1f}%"
            assert f'<circle class="dot" cx="{100 * each["value"]:.2f}%"' in text
            assert f"<strong>{value}</strong>" in text
            title = f"<title>{each['group_name']}：{value}，95% 区间"
            assert title in text
    for week in read(client, "/outcomes")["weeks"]:
        assert f"<title>已解决 {week['stayed_closed']}</title>" in text


def test_few_cases_are_grey_and_said(client: FlaskClient) -> None:
    text = page(client, "?from=2026-03-02&until=2026-03-04")
    assert 'class="few-row"' in text
    assert 'class="strip few"' in text
    assert "样本太少，仅供参考" in text


@pytest.mark.parametrize("name", ["outcomes", "search", "articles"])
def test_a_sheet_holds_the_figures_of_the_answer(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/api/v1/reports/{name}?format=csv")
    assert answer.mimetype == "text/csv"
    assert f'filename="{name}.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    found = read(client, f"/{name}")
    wanted = [
        (table, each["key"], each["group"], each["total"])
        for table, measures in found.items()
        if isinstance(measures, list) and measures and "total" in measures[0]
        for each in measures
    ]
    assert [(r["table"], r["key"], r["group"], int(r["total"])) for r in rows] == wanted
    assert len(rows) >= 4


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("?from=2026-13-01", 422, "from"),
        ("?from=2026-03-02&until=2026-03-01", 422, "until"),
        ("?category=99", 404, "category"),
        ("?by=moon", 422, "by"),
        ("?channel=pigeon", 422, "channel"),
        ("?samples=yes", 422, "samples"),
        ("?colour=red", 422, "colour"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    client: FlaskClient, query: str, status: int, field: str
) -> None:
    answer = client.get(f"/api/v1/reports/outcomes{query}")
    assert answer.status_code == status
    assert answer.json is not None
    assert f"/{field}" in [each["pointer"] for each in answer.json["errors"]]
    shown = client.get(f"/reports{query}", headers={"Accept": "text/html"})
    assert shown.status_code == status
    assert 'role="alert"' in shown.text
    assert "关联率" in shown.text


def test_an_empty_field_of_the_form_asks_for_nothing(client: FlaskClient) -> None:
    empty = page(client, "?from=&until=&category=&department=&region=&channel=&by=")
    assert empty.split("<main")[1] == page(client, "").split("<main")[1]


def first_gap(client: FlaskClient, state: str = "") -> dict[str, Any]:
    query = f"?state={state}" if state else ""
    return dict(read(client, f"/gaps{query}")["gaps"][0])


def test_gaps_come_dearest_first_with_words_and_a_home(client: FlaskClient) -> None:
    answer = read(client, "/gaps")
    points = [each["points"] for each in answer["gaps"]]
    assert points == sorted(points, reverse=True)
    assert len(points) >= 3
    for each in answer["gaps"]:
        spent = each["cases"] + 2 * each["returns"] + each["overdue_hours"] / 24
        assert each["points"] == pytest.approx(spent, abs=0.02)
        assert 1 <= len(each["samples"]) <= 3
    home = answer["gaps"][0]["home"]
    assert home["article_id"]
    assert home["section"].split(".")[0] == str(home["chapter"])
    text = page(client, "/gaps")
    assert answer["formula"] in text
    assert f"建议放在 <strong>{home['section']} {home['section_name']}</strong>" in text


def test_a_gap_is_marked_over_the_api_once(client: FlaskClient) -> None:
    gap = first_gap(client)
    where = f"/api/v1/reports/gaps/{quote(gap['id'])}/mark"
    body = {"state": "dismissed", "reason": "不归手册管"}
    headers = {**WHO, "Idempotency-Key": "gap-1"}
    first = client.post(where, json=body, headers=headers)
    assert first.status_code == 200
    assert client.post(where, json=body, headers=headers).headers["Idempotency-Replayed"] == "true"
    assert first_gap(client)["id"] != gap["id"]
    kept = first_gap(client, "dismissed")
    assert kept["mark"]["agent"] == "李主管"
    assert kept["mark"]["reason"] == "不归手册管"
    assert "不归手册管" in page(client, "/gaps?state=dismissed")


def test_a_gap_is_marked_on_the_page_and_a_refusal_keeps_the_words(client: FlaskClient) -> None:
    gap = first_gap(client)
    token = TOKEN.search(page(client, "/gaps"))
    assert token
    fields = {"csrf_token": token[1], "agent": "李主管", "state": "done"}
    where = f"/reports/gaps/{quote(gap['id'])}/mark"
    refused = client.post(where, data={**fields, "reason": " ", "agent": "李某"})
    assert refused.status_code == 422
    assert 'value="李某"' in refused.text
    done = client.post(where, data={**fields, "reason": "写进 4.2"})
    assert (done.status_code, done.location) == (303, "/reports/gaps?state=done")
    assert "写进 4.2" in page(client, "/gaps?state=done")
    assert client.post(where, data={"state": "done"}).status_code == 403


def test_a_gap_that_is_not_there_is_said_to_be(client: FlaskClient) -> None:
    body = {"state": "done", "reason": "写了"}
    answer = client.post("/api/v1/reports/gaps/search:none/mark", json=body)
    assert answer.status_code == 404


def open_tasks(client: FlaskClient) -> list[dict[str, Any]]:
    return list(read(client, "/tasks")["tasks"])


def test_a_review_task_is_shown_and_closed_over_the_api(client: FlaskClient) -> None:
    task = open_tasks(client)[0]
    assert (task["target_id"], task["came_back"], task["settled"]) == ("P060102", 24, 40)
    assert read(client, f"/tasks?owner={quote(task['owner'])}")["tasks"]
    assert read(client, "/tasks?owner=nobody")["tasks"] == []
    shown = page(client, "/tasks")
    assert "又反复 <strong>24</strong> 次（60%）" in shown
    where = f"/api/v1/reports/tasks/{task['id']}/close"
    closed = client.post(where, json={"verdict": "revised", "done": "改了第二步"}, headers=WHO)
    assert closed.json is not None
    assert (closed.json["closed_by"], closed.json["verdict"]) == ("李主管", "revised")
    assert task["id"] not in [each["id"] for each in open_tasks(client)]
    assert client.post(where, json={"verdict": "kept", "done": "再看"}).status_code == 409
    assert "改了第二步" in page(client, "/tasks?closed=1")


def test_a_review_task_is_closed_on_the_page(client: FlaskClient) -> None:
    task = open_tasks(client)[0]
    token = TOKEN.search(page(client, "/tasks"))
    assert token
    where = f"/reports/tasks/{task['id']}/close"
    fields = {"csrf_token": token[1], "agent": "李主管", "verdict": "kept"}
    refused = client.post(where, data={**fields, "done": ""})
    assert refused.status_code == 422
    assert re.search(r'value="kept" required checked', refused.text)
    assert client.post(where, data={**fields, "done": "无误"}).status_code == 303
    assert open_tasks(client) == []


@pytest.mark.parametrize("number", ["0", "x", "9" * 30])
def test_a_task_that_is_not_there_is_said_to_be(client: FlaskClient, number: str) -> None:
    body = {"verdict": "kept", "done": "看过"}
    answer = client.post(f"/api/v1/reports/tasks/{number}/close", json=body)
    assert answer.status_code == 404
