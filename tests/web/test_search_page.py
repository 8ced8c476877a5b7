"""The search page: filters, other days, nothing found, shelves, the palette's quick search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from indexer.sync import sync_index
from kb.searching import SearchQuery
from kb.store import handbook
from kb.store.sessions import read_session
from tests.conftest import Clock
from web.services import Services

Send = Callable[..., Any]
NONSENSE = "qzxjvw"


def search(client: FlaskClient, address: str) -> str:
    answer = client.get(f"/search?{address}")
    assert answer.status_code == 200
    return answer.text


def test_filters_narrow_what_is_found_and_stay_chosen(client: FlaskClient) -> None:
    every = search(client, f"q={quote('投诉')}")
    page = search(client, f"q={quote('投诉')}&type=article&chapter=8&category=&region=&as_of=")
    assert "/articles/S81" in page
    assert page.count("card hit") < every.count("card hit")
    assert '<option value="8" selected>' in page
    limits = search(client, f"q={quote('障碍修复')}&type=time_limit&region={quote('河南')}")
    assert "重庆市" not in limits


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('"红灯', "引号没有成对"),
        ("颜色:红", "没有“颜色”这个字段"),
        ("红灯 AND", "末尾少了要找的词"),
    ],
)
def test_an_advanced_query_that_cannot_be_read_keeps_its_text(
    client: FlaskClient, query: str, said: str
) -> None:
    answer = client.get(
        f"/search?syntax=advanced&q={quote(query)}", headers={"Accept": "text/html"}
    )
    assert answer.status_code == 422
    assert said in answer.text
    assert 'name="syntax" value="advanced" checked' in answer.text
    told = client.post("/api/v1/search", json={"q": query, "syntax": "advanced"})
    assert said in told.json["detail"]  # type: ignore[index]


def test_an_advanced_query_is_not_put_right(client: FlaskClient) -> None:
    found = client.post("/api/v1/search", json={"q": "标题:红灯", "syntax": "advanced"}).json
    assert found is not None
    assert [hit["target_id"] for hit in found["hits"] if hit["chapter"]] == ["P060101"]
    assert found["corrections"] == []


def test_nothing_found_offers_classes_and_a_gap_with_the_words(
    client: FlaskClient, services: Services, send: Send
) -> None:
    nothing = "标题:红灯 标题:漫游"
    page = search(client, f"syntax=advanced&q={quote(nothing)}")
    assert "没有找到" in page
    assert f'name="text" required maxlength="500" value="{nothing}"' in page
    assert "翻手册" in page
    sent = send("/search/gap", {"text": "家里红灯漫游怎么办", "comment": "客户问 13812345678"})
    assert sent.status_code == 303
    assert "已提交缺口" in client.get(sent.headers["Location"]).text
    row = services.database.connection.execute(
        "SELECT * FROM session_decision ORDER BY at DESC LIMIT 1"
    ).fetchone()
    assert (row["decision"], row["comment"]) == ("gap", "客户问 138****5678")
    asked = read_session(services.database.connection, row["session_id"])
    assert asked.query_masked == "家里红灯漫游怎么办"
    refused = send("/search/gap", {"text": " ", "comment": "留着"})
    assert refused.status_code == 422
    assert "留着</textarea>" in refused.text


def test_favourites_and_what_was_read_last_belong_to_a_name(
    client: FlaskClient, send: Send
) -> None:
    place = "/articles/P060101/favourite"
    assert send(place, {"wanted": "1"}).status_code == 422
    send("/agent", {"name": "王五"})
    assert send(place, {"wanted": "1"}).status_code == 303
    assert "★ 已收藏" in client.get("/articles/P060101").text
    client.get("/articles/S81")
    page = search(client, "")
    shelf, rest = page.split("最近看过")
    assert "P060101" in shelf
    assert rest.index("S81") < rest.index("P060101")
    assert send(place, {"wanted": "0"}).status_code == 303
    assert "P060101" not in search(client, "").split("最近看过")[0]
    send("/agent", {"name": "赵六"})
    assert "S81" not in search(client, "")
    assert send("/articles/X1/favourite", {"wanted": "1"}).status_code == 404


def test_history_is_the_agents_own_and_masked(client: FlaskClient, send: Send) -> None:
    send("/agent", {"name": "钱七"})
    search(client, f"q={quote('宽带 13812345678')}")
    page = search(client, "")
    assert "138****5678" in page
    assert "13812345678" not in page
    send("/agent", {"name": "孙八"})
    assert "138****5678" not in search(client, "")


def test_another_day_shows_what_was_valid_then_and_leads_to_what_is_now(
    client: FlaskClient, services: Services
) -> None:
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S82")
        revision = replace(article.revision, valid_from=date(2026, 11, 15), body="## 新\n改过了\n")
        newer = replace(article, revision=revision)
        handbook.save_article(connection, newer, author="编辑", reason="改写", now=services.clock())
    sync_index(services.settings, services.database)
    words = quote(article.title)
    page = search(client, f"q={words}&type=article&as_of=2026-06-01")
    first = page.split("card hit")[1]
    assert "这是 2026-06-01 那天有效的内容" in page
    assert "今天已有新版本" in first
    assert 'href="/articles/S82"' in first
    assert 'href="/articles/S82?revision=1' in first
    now = search(client, f"q={words}&type=article")
    assert "今天已有新版本" not in now
    assert "revision=1" not in now


def test_quick_search_finds_by_initials_and_records_nothing(
    client: FlaskClient, services: Services
) -> None:
    connection = services.database.connection
    before = connection.execute("SELECT count(*) FROM search_record").fetchone()[0]
    found = client.get("/search/quick?q=kdbz").json
    assert found
    assert set(found[0]) == {"id", "title", "chapter", "url"}
    assert client.get(found[0]["url"]).status_code == 200
    assert client.get("/search/quick").json == []
    assert connection.execute("SELECT count(*) FROM search_record").fetchone()[0] == before


def test_a_brief_search_finds_the_same_titles(services: Services, clock: Clock) -> None:
    query = SearchQuery("光猫红灯", on=clock().date(), kind="article", limit=8)
    whole = services.engine.preview_search(query).hits
    brief = services.engine.preview_search(replace(query, is_brief=True)).hits
    assert [hit.snippet for hit in brief] == [""] * len(whole)
    assert any(hit.snippet for hit in whole)
    assert [(hit.target_id, hit.title, hit.score) for hit in brief] == [
        (hit.target_id, hit.title, hit.score) for hit in whole
    ]
