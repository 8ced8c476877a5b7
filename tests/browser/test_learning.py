"""Learning in a real browser: cards by keyboard alone, days by a clock that is moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from indexer.language import Language
from kb.masking import find_personal_data
from kb.practice.path import PathItem
from kb.practice.reviewing import grade_card, read_deck
from kb.store.practice_path import Certificate, add_certificate, add_path
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from tests.conftest import Clock, open_services
from web.parsing import AGENT_COOKIE
from web.services import Services

CLOCK = Clock()


@pytest.fixture(scope="module")
def services(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """A desk of this module's own, whose clock the tests move."""
    folder = tmp_path_factory.mktemp("learning") / "data"
    with open_services(prepared_data, folder, language, CLOCK) as services:
        yield services


def be(page: Page, name: str) -> None:
    """Give this browser a name, as the header's form does."""
    page.context.add_cookies(
        [{"name": AGENT_COOKIE, "value": quote(name), "url": page.url.split("/learn")[0]}]
    )


def left(page: Page) -> int:
    return int(page.locator(".bar .count").inner_text())


def card_of(page: Page) -> str:
    return page.locator("[data-card]").get_attribute("data-card") or ""


def answer(page: Page, key: str) -> None:
    """Show the answer and grade it, by keys."""
    page.keyboard.press("Space")
    expect(page.locator("#answer")).to_have_attribute("open", "")
    with page.expect_navigation():
        page.keyboard.press(key)


def test_twenty_cards_are_done_without_a_mouse(new_page: NewPage) -> None:
    """N5: Space shows, 1 to 4 grade, U takes back."""
    page = new_page("/learn")
    be(page, "键盘")
    page.goto("/learn/cards")
    assert left(page) == 20
    seen = [card_of(page)]
    page.keyboard.press("3")
    assert card_of(page) == seen[0], "an answer that was not shown is not graded"
    answer(page, "3")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert card_of(page) == seen[0]
    for done in range(20):
        assert left(page) == 20 - done
        answer(page, "34"[done % 2])
    expect(page.get_by_text("今天的卡片做完了")).to_be_visible()


def test_single_keys_can_be_switched_off(new_page: NewPage) -> None:
    page = new_page("/learn")
    be(page, "不用单键")
    page.goto("/learn/cards")
    page.get_by_label("单键操作").uncheck()
    page.reload()
    page.keyboard.press("Space")
    assert page.locator("#answer").get_attribute("open") is None
    page.get_by_label("单键操作").check()
    page.locator("h1").click()
    answer(page, "3")
    assert left(page) == 19


def test_a_missed_card_comes_back_the_same_day_and_a_known_one_later(
    new_page: NewPage, services: Services
) -> None:
    """N6, with the clock set and moved."""
    page = new_page("/learn")
    be(page, "日程")
    CLOCK.now = CLOCK.now.replace(hour=23, minute=30)
    page.clock.set_fixed_time(CLOCK.now)
    page.goto("/learn/cards")
    missed = card_of(page)
    answer(page, "1")
    expect(page.get_by_role("status").filter(has_text="上一张")).to_contain_text("今天再来一次")
    known = card_of(page)
    answer(page, "3")
    expect(page.get_by_role("status").filter(has_text="上一张")).to_contain_text("2 天后")
    deck = read_deck(services.database.connection, "日程", now=CLOCK.now)
    for due in deck.due:
        if due.reason == "new":
            grade_card(services.database, due.card.id, 4, agent="日程", now=CLOCK.now)
    page.reload()
    assert card_of(page) == missed
    answer(page, "3")
    expect(page.get_by_text("今天的卡片做完了")).to_be_visible()
    CLOCK.advance(days=2)
    CLOCK.now = CLOCK.now.replace(hour=0, minute=5)
    page.goto("/learn/cards")
    first = {missed, known}
    assert card_of(page) in first
    answer(page, "3")
    assert card_of(page) in first


def test_a_search_in_training_is_recorded_apart(new_page: NewPage, services: Services) -> None:
    """N12"""
    page = new_page("/learn")
    be(page, "练检索")
    page.goto("/learn")
    page.get_by_role("searchbox").fill("红灯")
    page.keyboard.press("Enter")
    expect(page.get_by_text("这是练习")).to_be_visible()
    rows = services.database.connection.execute(
        "SELECT is_training FROM search_record WHERE agent = '练检索'"
    ).fetchall()
    assert [row["is_training"] for row in rows] == [1]


def test_without_scripts_a_card_is_graded_by_its_form(new_page: NewPage) -> None:
    page = new_page("/learn", java_script_enabled=False)
    be(page, "无脚本")
    page.goto("/learn/cards")
    page.locator("summary").click()
    page.get_by_role("button", name="记得", exact=True).click()
    assert left(page) == 19


def test_a_drill_is_done_by_keys_and_holds_no_personal_data(new_page: NewPage) -> None:
    """N8: what the browser holds of a case, before and after the answer."""
    page = new_page("/learn")
    be(page, "练案例")
    page.goto("/learn/drill")
    page.get_by_role("button", name="下一个案例").press("Enter")
    expect(page.get_by_role("heading", name="客户这样说")).to_be_visible()
    assert find_personal_data(page.locator("main").inner_html()) == []
    page.keyboard.type("060101")
    page.get_by_label("由哪个部门负责").select_option("家庭客户装维中心")
    page.get_by_label("您会怎么说").fill("您好，我的号码是13812345678")
    page.get_by_role("button", name="交卷").press("Enter")
    expect(page.locator("h1")).to_contain_text("分")
    assert page.locator(".graded > li").count() >= 5
    assert find_personal_data(page.locator("main").inner_html()) == []
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx]", page.content())
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert_accessible(page)
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="下一个案例").press("Enter")
    expect(page.get_by_role("heading", name="客户这样说")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_path_is_finished_item_by_item_and_the_supervisor_sees_it(
    new_page: NewPage, services: Services
) -> None:
    """N4, by keyboard."""
    items = [PathItem(1, "article", "P060101"), PathItem(2, "article", "P060102")]
    with services.database.transaction() as connection:
        add_path(connection, items, agent="班长", now=CLOCK.now)
    boss = new_page("/learn/team")
    boss.get_by_label("姓名", exact=True).fill("新人丙")
    boss.get_by_label("姓名", exact=True).press("Enter")
    expect(boss.get_by_role("row", name="新人丙")).to_contain_text("0/2")
    page = new_page("/learn")
    be(page, "新人丙")
    page.goto("/learn/path")
    for done in (1, 2):
        page.get_by_role("button", name="读完了").first.press("Enter")
        expect(page.locator(".done-of")).to_contain_text(f"{done}/2")
    expect(page.get_by_role("status").filter(has_text="全部完成")).to_be_visible()
    page.reload()
    expect(page.locator(".done-of")).to_contain_text("2/2")
    boss.reload()
    expect(boss.get_by_role("row", name="新人丙")).to_contain_text("2/2")


PAGES = (
    "/learn", "/learn/cards", "/learn/drill", "/learn/path", "/learn/progress", "/learn/team",
    "/learn/path/edit", "/search?training=1",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_and_fits_a_narrow_one(new_page: NewPage, path: str) -> None:
    page = new_page("/learn", viewport={"width": 400, "height": 800})
    be(page, "无障碍")
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_certificate_is_accessible_in_both_themes(page: Page, services: Services) -> None:
    with services.database.transaction() as connection:
        issued = Certificate("证书甲", 3, services.clock().isoformat(), 0.81, 0.9, 24)
        add_certificate(connection, issued)
    be(page, "证书甲")
    page.goto("/learn/certificate/3")
    expect(page.get_by_text("证书甲").first).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
