"""The search page, the palette, and articles on paper, in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from indexer.sync import sync_index
from kb.store import handbook
from kb.store.editing import set_successor
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import InputMethod, NewPage
from tests.browser.desk import PAUSE, stop_time
from web.services import Services

QUICK = re.compile(r"/search/quick\?")


def questions(page: Page) -> list[Request]:
    asked: list[Request] = []
    page.on("request", lambda each: asked.append(each) if QUICK.search(each.url) else None)
    return asked


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="找条目")).to_be_focused()


def options(page: Page) -> Locator:
    """What the palette offers."""
    return page.get_by_role("dialog").get_by_role("option")


def active(page: Page) -> str:
    """Text of the option that the box names as active."""
    box = page.get_by_role("combobox", name="找条目")
    return page.locator(f"#{box.get_attribute('aria-activedescendant')}").inner_text()


@pytest.mark.parametrize("path", ["/", "/tickets", "/articles/P060101", "/search", "/edit"])
def test_ctrl_k_opens_the_palette_everywhere_and_escape_gives_the_focus_back(
    new_page: NewPage, path: str
) -> None:
    page = new_page(path)
    before = page.locator(".top").get_by_role("link", name="手册", exact=True)
    before.focus()
    open_palette(page)
    page.keyboard.type("gd")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="找条目")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(before).to_be_focused()


def test_arrows_move_round_and_the_box_names_the_choice(page: Page) -> None:
    open_palette(page)
    first = active(page)
    page.keyboard.press("ArrowUp")
    last = active(page)
    assert last != first
    page.keyboard.press("ArrowDown")
    assert active(page) == first
    page.keyboard.press("ArrowDown")
    selected = page.get_by_role("dialog").get_by_role("option", selected=True)
    expect(selected).to_have_count(1)
    assert selected.inner_text() == active(page)


def test_pinyin_finds_an_article_and_enter_opens_it(page: Page) -> None:
    open_palette(page)
    asked = questions(page)
    stop_time(page)
    page.keyboard.type("hongdeng")
    page.clock.run_for(PAUSE)
    expect(options(page).first).to_contain_text("红灯")
    assert len(asked) == 1
    title = options(page).first.locator("span").first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_ctrl_enter_opens_beside(page: Page) -> None:
    open_palette(page)
    page.keyboard.type("gd", delay=20)
    expect(options(page).first).to_be_visible()
    page.keyboard.type(" ")
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    assert opened.value is not page
    expect(page).to_have_url(re.compile(r"/$"))


def test_pages_and_acts_are_found_by_pinyin(page: Page) -> None:
    open_palette(page)
    stop_time(page)
    page.keyboard.type("dhf")
    with page.expect_response(QUICK):
        page.clock.run_for(PAUSE)
    option = page.get_by_role("option", name=re.compile("待回访"))
    expect(option).to_be_visible()
    while "待回访" not in active(page):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tickets?queue=callback")


def test_the_palette_asks_once_after_a_composition_and_never_during_it(page: Page) -> None:
    open_palette(page)
    asked = questions(page)
    method = InputMethod(page)
    for letters in ("h", "hong", "hong deng"):
        method.compose(letters)
        page.wait_for_timeout(60)
    page.wait_for_timeout(PAUSE)
    assert asked == []
    method.commit("红灯")
    expect(options(page).first).to_contain_text("红灯")
    page.wait_for_timeout(PAUSE)
    assert len(asked) == 1


@pytest.mark.parametrize("order", ["while composing", "just after"])
def test_an_enter_of_the_input_method_opens_nothing_and_the_next_does(
    page: Page, order: str
) -> None:
    open_palette(page)
    page.keyboard.type("红灯")
    expect(options(page).first).to_contain_text("红灯")
    box = page.get_by_role("combobox", name="找条目")
    box.evaluate(
        """(box, composing) => {
          const end = new CompositionEvent("compositionend", {bubbles: true});
          if (!composing) box.dispatchEvent(end);
          for (const key of ["Enter", "Escape"]) box.dispatchEvent(new KeyboardEvent("keydown",
            {key, bubbles: true, cancelable: true, isComposing: composing}));
        }""",
        order == "while composing",
    )
    page.wait_for_timeout(PAUSE)
    expect(box).to_be_visible()
    assert page.url.endswith("/")
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/*")


def test_a_server_that_is_gone_leaves_pages_in_the_palette(page: Page) -> None:
    open_palette(page)
    page.route(QUICK, lambda route: route.fulfill(status=503, body="{}"))
    page.keyboard.type("gd")
    expect(page.get_by_text("连不上服务，页面和操作仍可用")).to_be_visible()
    expect(page.get_by_role("option", name=re.compile("待受理"))).to_be_visible()


def top_title(page: Page, words: str) -> str:
    page.goto(f"/search?type=article&q={quote(words)}")
    return page.locator(".hit h2").first.inner_text()


def test_pinyin_mixed_wide_traditional_and_homophone_find_the_same_article(page: Page) -> None:
    for alike in (
        ("kdbz", "宽带报障", "寬頻報障", "宽代报障"),
        ("5G套餐", "５Ｇ套餐"),
        ("寬頻", "宽带", "宽代"),
    ):
        assert len({top_title(page, words) for words in alike}) == 1, alike


@pytest.mark.parametrize("script", [True, False])
def test_search_is_the_same_without_javascript(new_page: NewPage, script: bool) -> None:
    page = new_page("/search", java_script_enabled=script)
    page.get_by_label("词语").fill("红灯")
    page.get_by_label("范围").select_option("article")
    page.get_by_role("button", name="检索", exact=True).click()
    expect(page.locator(".hit").first).to_contain_text("LOS 红灯")
    expect(page.locator("mark").first).to_have_text("红灯")


def test_nothing_found_is_never_an_empty_page(page: Page) -> None:
    words = '"此句手册里没有"'
    page.goto(f"/search?syntax=advanced&q={quote(words)}")
    expect(page.get_by_role("heading", name=re.compile("没有找到"))).to_be_visible()
    expect(page.get_by_role("link", name="翻手册")).to_be_visible()
    expect(page.get_by_label("要找的问题")).to_have_value(words)
    page.get_by_role("button", name="提交缺口").click()
    expect(page.get_by_text("已提交缺口")).to_be_visible()


def test_an_article_that_is_gone_names_its_successor_and_is_no_hit_today(
    page: Page, services: Services
) -> None:
    today = services.clock().date()
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S82")
        revision = replace(article.revision, status="archived", valid_from=today)
        gone = replace(article, revision=revision)
        set_successor(connection, "S82", "S83")
        handbook.save_article(connection, gone, author="编辑", reason="并入", now=services.clock())
        successor = handbook.read_article(connection, "S83").title
    sync_index(services.settings, services.database)
    page.goto("/articles/S82")
    banner = page.locator(".outdated")
    expect(banner).to_contain_text("本条目已失效，不要照此办理")
    red = banner.evaluate("each => getComputedStyle(each).color")
    assert red == page.evaluate(
        "() => { const e = document.createElement('i');"
        " e.style.color = 'var(--error)'; document.body.append(e);"
        " const c = getComputedStyle(e).color; e.remove(); return c; }"
    )
    assert_accessible(page)
    banner.get_by_role("link", name=successor).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(successor)
    page.goto(f"/search?q={quote(article.title)}")
    shown = page.locator(".hit a").evaluate_all("all => all.map(each => each.href)")
    assert shown
    assert not any("/articles/S82" in each for each in shown)


def test_an_expired_article_warns_in_red_and_leads_to_the_current_one(
    page: Page, services: Services
) -> None:
    today = services.clock().date()
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, "S81")
        revision = replace(
            article.revision, valid_from=today - timedelta(days=3), body="## 新\n改过了\n"
        )
        newer = replace(article, revision=revision)
        handbook.save_article(connection, newer, author="编辑", reason="改写", now=services.clock())
    sync_index(services.settings, services.database)
    day = today - timedelta(days=30)
    page.goto(f"/search?type=article&as_of={day}&q={quote(article.title)}")
    hit = page.locator(".hit").first
    expect(hit.get_by_text("今天已有新版本")).to_be_visible()
    hit.get_by_role("link").first.click()
    banner = page.locator(".outdated")
    expect(banner).to_contain_text("这不是现行版本")
    assert_accessible(page)
    banner.get_by_role("link").click()
    expect(page.get_by_text("改过了")).to_be_visible()
    expect(page.locator(".outdated")).to_have_count(0)


def test_on_paper_there_is_no_navigation_and_links_show_their_addresses(
    new_page: NewPage, site: str
) -> None:
    page = new_page("/articles/P060101")
    page.emulate_media(media="print")
    for hidden in (".top", ".crumbs", "form", "button"):
        for each in page.locator(hidden).all():
            expect(each).to_be_hidden()
    link = page.locator(".prose a[href^='/articles/']").first
    expect(link).to_have_attribute("data-printed", re.compile(rf"^{site}/articles/"))
    shown = link.evaluate("link => getComputedStyle(link, '::after').content")
    assert site in shown
    step = page.locator(".steps li").first
    assert step.evaluate("step => getComputedStyle(step).breakInside") == "avoid"
    expect(page.get_by_text(f"{site}/articles/P060101?revision=1")).to_be_visible()


def test_an_article_is_set_to_be_read(new_page: NewPage) -> None:
    page = new_page("/articles/P060101", viewport={"width": 1600, "height": 900})
    measured = json.loads(
        page.locator(".prose p").first.evaluate(
            """p => { const style = getComputedStyle(p); return JSON.stringify(
              [p.clientWidth / parseFloat(style.fontSize),
               parseFloat(style.lineHeight) / parseFloat(style.fontSize)]) }"""
        )
    )
    assert measured[0] <= 40
    assert measured[1] >= 1.7


STATES = {
    "first": "/search",
    "found": "/search?q=" + quote("宽带"),
    "corrected": "/search?q=kdbz",
    "filtered": "/search?type=time_limit&region=" + quote("河南") + "&q=" + quote("障碍"),
    "another day": "/search?as_of=2026-03-01&q=" + quote("投诉"),
    "nothing": "/search?syntax=advanced&q=" + quote('"此句手册里没有"'),
    "refused": "/search?syntax=advanced&q=" + quote("(红灯"),
    "article": "/articles/P060101",
    "tree": "/articles",
    "missing": "/articles/none",
}


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_in_any_state_of_search_and_reading(
    new_page: NewPage, state: str
) -> None:
    page = new_page(STATES[state])
    assert_accessible(page)
    for width in (320, 640):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


def test_axe_finds_nothing_in_the_palette(page: Page) -> None:
    open_palette(page)
    assert_accessible(page)
    page.keyboard.type("红灯")
    expect(options(page).first).to_contain_text("红灯")
    assert_accessible(page)
