"""Articles, classes, limits, due times and search over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from kb.store import handbook
from web.services import Services


def get(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_the_list_holds_every_published_article_in_handbook_order(client: FlaskClient) -> None:
    every = get(client, "/api/v1/articles")["articles"]
    assert {article["chapter"] for article in every} == set(range(1, 9))
    sections = [article["section"] for article in every]
    assert sections == sorted(sections)
    fourth = get(client, "/api/v1/articles?chapter=4")["articles"]
    assert fourth == [article for article in every if article["chapter"] == 4]


def test_on_a_day_before_the_handbook_there_is_no_article(client: FlaskClient) -> None:
    assert get(client, "/api/v1/articles?as_of=2020-01-01")["articles"] == []
    assert client.get("/api/v1/articles/P060101?as_of=2020-01-01").status_code == 404


def test_an_article_comes_with_its_steps_its_html_and_its_limits_in_full(
    client: FlaskClient,
) -> None:
    article = get(client, "/api/v1/articles/P060101")
    assert article["is_current"]
    assert article["steps"]
    assert "<h2 " in article["html"]
    assert 'href="/articles/P060102"' in article["html"]
    statutory = {limit["id"]: limit for limit in article["time_limits"]}["TL001"]
    assert (statutory["amount"], statutory["authority_label"]) == ("48 小时", "法律法规")
    assert not statutory["is_internal"]


def test_an_unchanged_article_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/api/v1/articles/P060101")
    assert first.headers["ETag"].startswith('"rev-1-')
    again = client.get("/api/v1/articles/P060101", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_an_old_revision_can_be_opened_but_is_not_the_current_one(
    client: FlaskClient, services: Services
) -> None:
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S81")
        newer = replace(article, revision=replace(article.revision, body="## 新\n改过了\n"))
        handbook.save_article(connection, newer, author="编辑", reason="改写", now=services.clock())
    assert get(client, "/api/v1/articles/S81")["revision"] == 2
    old = get(client, "/api/v1/articles/S81?revision=1")
    assert not old["is_current"]
    assert "改过了" not in old["body"]


def test_a_draft_is_not_shown(client: FlaskClient, services: Services) -> None:
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S82")
        draft = replace(article, revision=replace(article.revision, status="draft", body="草稿\n"))
        handbook.save_article(connection, draft, author="编辑", reason="", now=services.clock())
    assert client.get("/api/v1/articles/S82?revision=2").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "revision=x",
        "revision=0",
        "as_of=20260101",
        "as_of=2026-02-30",
        "revision=1&as_of=2026-01-01",
        "page=2",
    ],
)
def test_a_wrong_question_for_an_article_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/articles/P060101?{query}").status_code == 422


def test_the_taxonomy_has_three_levels(client: FlaskClient) -> None:
    classes = get(client, "/api/v1/categories")["categories"]
    assert {each["level"] for each in classes} == {1, 2, 3}
    assert len([each for each in classes if each["level"] == 3]) == 93


def test_limits_can_be_narrowed_by_class_region_and_authority(client: FlaskClient) -> None:
    every = get(client, "/api/v1/time-limits")["time_limits"]
    of_class = get(client, "/api/v1/time-limits?category=060101")["time_limits"]
    assert "TL001" in [limit["id"] for limit in of_class]
    assert len(of_class) < len(every)
    henan = get(client, "/api/v1/time-limits?region=河南省郑州市")["time_limits"]
    assert {limit["region"] for limit in henan} == {"", "河南"}
    law = get(client, "/api/v1/time-limits?authority=statute")["time_limits"]
    assert {limit["authority"] for limit in law} == {"statute"}


def test_a_due_time_skips_holidays_and_counts_makeup_days(client: FlaskClient) -> None:
    limits = get(client, "/api/v1/time-limits?region=河南")["time_limits"]
    five = next(
        limit
        for limit in limits
        if (limit["limit_value"], limit["limit_unit"], limit["region"]) == (5, "workday", "河南")
    )
    body = {"limit_id": five["id"], "from": "2026-02-12T15:00"}
    answer = client.post("/api/v1/time-limits/due", json=body).json
    assert answer is not None
    (due,) = answer["time_limits"]
    assert due["due_at"] == "2026-02-26T23:59:59+08:00"
    assert due["provisional"] is False


def test_a_due_time_in_a_year_without_a_calendar_is_provisional(client: FlaskClient) -> None:
    body = {"category": "060101", "from": "2026-12-28", "area": "urban"}
    answer = client.post("/api/v1/time-limits/due", json=body).json
    assert answer is not None
    bound = {limit["id"]: limit for limit in answer["time_limits"]}
    assert bound["TL001"]["due_at"] == "2026-12-30T00:00:00+08:00"
    assert not bound["TL001"]["provisional"]
    assert any(limit["provisional"] for limit in answer["time_limits"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"from": "2026-03-01"}, 422),
        ({"limit_id": "TL001", "category": "060101", "from": "2026-03-01"}, 422),
        ({"limit_id": "TL001"}, 422),
        ({"limit_id": "TL001", "from": 5}, 422),
        ({"limit_id": "none", "from": "2026-03-01"}, 404),
        ({"category": "999999", "from": "2026-03-01"}, 404),
    ],
)
def test_a_wrong_question_for_a_due_time_is_refused(
    client: FlaskClient, body: object, status: int
) -> None:
    assert client.post("/api/v1/time-limits/due", json=body).status_code == status


def test_search_gives_the_same_hits_in_the_address_and_in_the_body(client: FlaskClient) -> None:
    found = get(client, "/api/v1/search?q=携号转网授权码&type=article&limit=5")
    posted = client.post(
        "/api/v1/search", json={"q": "携号转网授权码", "type": "article", "limit": 5}
    ).json
    assert posted is not None
    assert found["hits"] == posted["hits"]
    assert len(found["hits"]) == 5
    assert {hit["target_type"] for hit in found["hits"]} <= {"article", "procedure"}


def test_search_finds_nothing_on_a_day_before_the_handbook(client: FlaskClient) -> None:
    day = date(2020, 1, 1).isoformat()
    assert get(client, f"/api/v1/search?q=红灯&type=article&as_of={day}")["hits"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("q=", 422),
        ("q=网&type=song", 422),
        ("q=网&limit=0", 422),
        ("q=网&chapter=9", 422),
        ("q=网&as_of=tomorrow", 422),
        ("q=网&sort=asc", 422),
        ("q=网&q=断", 400),
        ("q=%ff", 400),
    ],
)
def test_a_wrong_search_is_refused(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"/api/v1/search?{query}").status_code == status
