"""Pages that are read, without JavaScript: the handbook, its articles, the search."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from kb.store import handbook
from kb.store.editing import set_successor
from web.services import Services


def test_the_handbook_is_a_tree_of_eight_chapters(client: FlaskClient) -> None:
    page = client.get("/articles").text
    for number in range(1, 9):
        assert f'id="chapter-{number}"' in page
    assert "1.1 业务开通流程" in page
    assert 'href="/articles/P060101"' in page


def test_an_article_shows_its_facts_steps_and_limits(client: FlaskClient) -> None:
    page = client.get("/articles/P060101").text
    for word in ("宽带完全中断", "家庭客户装维中心", "2026-01-01", "第 1 版", "来源", "法律法规",
                 "待核实", "48 小时"):  # fmt: skip
        assert word in page
    assert '<li id="step-1">' in page
    assert "这不是现行版本" not in page


def test_every_published_article_can_be_opened(client: FlaskClient) -> None:
    listed = set(re.findall(r'href="(/articles/[^"#]+)"', client.get("/articles").text))
    links: dict[str, str] = {}
    for address in sorted(listed):
        page = client.get(address)
        assert page.status_code == 200
        links |= dict.fromkeys(re.findall(r'href="(/articles/[A-Z][^"#?]*)', page.text), address)
    for link in links.keys() - listed:
        assert client.get(link).status_code == 200, (links[link], link)


def test_an_old_revision_says_so_and_leads_to_the_current_one(
    client: FlaskClient, services: Services
) -> None:
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S83")
        newer = replace(article, revision=replace(article.revision, body="## 新\n改过了\n"))
        handbook.save_article(connection, newer, author="编辑", reason="改写", now=services.clock())
    old = client.get("/articles/S83?revision=1").text
    assert "这不是现行版本" in old
    assert 'href="/articles/S83"' in old
    assert "改过了" in client.get("/articles/S83").text


@pytest.mark.parametrize("address", ["/articles/none", "/articles/P060101?revision=9"])
def test_an_article_that_is_not_there_is_a_page_that_says_so(
    client: FlaskClient, address: str
) -> None:
    answer = client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "没有这个知识条目" in answer.text


def test_search_marks_what_it_found(client: FlaskClient) -> None:
    page = client.get("/search?q=红灯").text
    assert "<mark>红灯</mark>" in page
    assert "没有找到" not in page
    assert client.get("/search").status_code == 200
    assert client.get("/search?q=网&type=song").status_code == 422
    assert client.get("/search?q=" + "网" * 501).status_code == 422


def test_search_asks_whether_something_else_was_meant(client: FlaskClient) -> None:
    page = client.get("/search?q=kdbz").text
    assert "您是不是要找" in page
    assert ">宽带报障</a>" in page
    assert "您是不是要找" not in client.get("/search?q=款待").text


def test_the_reading_pane_says_what_may_be_said_and_leaves_notes_out(client: FlaskClient) -> None:
    page = client.get("/desk/reading/P060101?step=3").text
    assert 'class="hit" aria-current="step" data-step="3"' in page
    wording = page.split("<blockquote>")[1].split("</blockquote>")[0]
    assert "麻烦看一下光猫上写着 LOS 的那个灯" in wording
    assert "不说" not in wording
    assert "不要承诺" in page
    assert client.get("/desk/reading/P060101?step=99").text.count('class="hit"') == 0
    assert client.get("/desk/reading/none").status_code == 404


def test_a_superseded_revision_in_the_pane_has_a_red_banner_with_the_current_one(
    client: FlaskClient, services: Services
) -> None:
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S82")
        newer = replace(article, revision=replace(article.revision, body="## 新\n又改了\n"))
        handbook.save_article(connection, newer, author="编辑", reason="改写", now=services.clock())
    old = client.get("/desk/reading/S82?revision=1").text
    assert "notice-error" in old
    assert "这不是现行版本" in old
    assert 'href="/articles/S82"' in old
    assert "notice-error" not in client.get("/desk/reading/S82").text


def test_an_article_that_is_gone_names_its_successor_in_the_pane(
    client: FlaskClient, services: Services
) -> None:
    today = services.clock().date()
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S83")
        revision = replace(article.revision, status="archived", valid_from=today)
        gone = replace(article, revision=revision)
        set_successor(connection, "S83", "S41")
        handbook.save_article(connection, gone, author="编辑", reason="并入", now=services.clock())
    page = client.get("/desk/reading/S83?revision=1").text
    assert "本条目已失效" in page
    banner = page.split('role="alert"')[1].split("</div>")[0]
    assert 'href="/articles/S41"' in banner


def test_open_tickets_come_first_and_closed_ones_are_a_click_away(
    client: FlaskClient, ticket_no: str
) -> None:
    assert ticket_no in client.get("/tickets").text
    assert ticket_no not in client.get("/tickets?queue=archived").text
    assert "下一页" in client.get("/tickets?queue=archived").text
