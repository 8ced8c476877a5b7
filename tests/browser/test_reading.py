"""The handbook as new staff read it: finding one's place, ticking steps, words explained."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from kb.masking import find_personal_data
from kb.store import handbook
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from tests.browser.test_queues import give_name
from web.services import Services

ARTICLE = "/articles/P060101"


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """One article, just opened."""
    return new_page(ARTICLE)


def test_the_heading_one_stands_at_is_marked_while_scrolling(page: Page) -> None:
    contents = page.get_by_role("navigation", name="本页")
    current = contents.locator("[aria-current]")
    expect(current).to_have_text("步骤")
    page.evaluate("document.getElementById('part-不要承诺').scrollIntoView()")
    expect(current).to_have_text("不要承诺")
    page.evaluate("document.getElementById('part-怎么认').scrollIntoView()")
    expect(current).to_have_text("怎么认")
    expect(current).to_have_count(1)
    tree = page.get_by_role("navigation", name="本章")
    expect(tree.locator("[aria-current=page]")).to_have_text("宽带全断、光猫 LOS 红灯的处理")


def test_a_heading_has_a_link_to_copy_and_leads_there(new_page: NewPage) -> None:
    page = new_page(ARTICLE, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制“话术”的链接").click()
    expect(page.get_by_text("已复制链接")).to_be_visible()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address.endswith(f"{ARTICLE}#part-话术")
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("heading", name="话术")).to_be_in_viewport()


def test_back_returns_to_where_one_was(page: Page) -> None:
    following = page.get_by_role("navigation", name="前后条目").get_by_role("link").last
    following.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 0
    following.click()
    expect(page).not_to_have_url(re.compile(f"{ARTICLE}$"))
    page.go_back()
    expect(page).to_have_url(re.compile(f"{ARTICLE}$"))
    expect(page.locator(".contents [aria-current]")).not_to_have_text("步骤")
    assert page.evaluate("scrollY") == before


def test_ticked_steps_survive_a_reload_and_are_cleared_by_a_button(page: Page) -> None:
    boxes = page.locator(".steps input")
    boxes.nth(0).check()
    boxes.nth(2).check()
    page.reload()
    ticked = "all => all.map((box, place) => box.checked ? place : -1).filter(place => place >= 0)"
    assert boxes.evaluate_all(ticked) == [0, 2]
    page.get_by_role("button", name="清除勾选").click()
    page.reload()
    assert boxes.evaluate_all(ticked) == []


def test_a_word_is_explained_on_hover_and_focus_and_escape_takes_it_away(page: Page) -> None:
    word = page.locator(".steps .term", has_text="尾纤").first
    tip = word.get_by_role("tooltip")
    expect(tip).to_be_hidden()
    word.hover()
    expect(tip).to_contain_text("从墙上接到光猫的细光纤")
    tip.hover()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.mouse.move(0, 0)
    word.focus()
    expect(tip).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    assert page.locator(".prose a .term").count() == 0


def test_each_step_says_why_by_its_limit_or_the_sources(page: Page) -> None:
    whys = page.locator(".why-step")
    expect(whys).to_have_count(page.locator(".steps li").count())
    last = whys.last
    last.locator("summary").click()
    link = last.get_by_role("link").first
    expect(link).to_contain_text("24 小时")
    link.click()
    assert re.search(r"#TL\w+$", page.url)
    expect(page.locator("tr:target")).to_be_in_viewport()
    whys.first.locator("summary").click()
    expect(whys.first).to_contain_text("《电信条例》（2016修订）第32条")


def test_real_tickets_stand_beside_the_procedure_without_personal_data(page: Page) -> None:
    similar = page.get_by_role("region", name="真实工单")
    expect(similar.get_by_role("listitem")).to_have_count(3)
    expect(similar.get_by_text("办结：").first).to_be_visible()
    text = page.locator("main").inner_text()
    assert find_personal_data(text, never=()) == []
    assert not re.search(r"(?<!\d)(1[3-9]\d{9}|\d{17}[\dXx])(?!\d)", page.content())


def test_what_changed_since_one_read_it_is_shown_until_one_says_so(
    new_page: NewPage, services: Services
) -> None:
    page = new_page("/articles/S64")
    give_name(page, "新人甲")
    page.goto("/articles/S64")
    expect(page.get_by_text("更新", exact=True)).to_have_count(0)
    with services.database.transaction() as connection:
        found = handbook.read_article(connection, "S64")
        body = f"{found.revision.body}\n改后新加的一句。\n"
        newer = replace(found, revision=replace(found.revision, body=body))
        handbook.save_article(connection, newer, author="编辑", reason="补写", now=services.clock())
    page.goto("/articles#chapter-6")
    row = page.get_by_role("listitem").filter(has_text="S64")
    expect(row.get_by_text("更新", exact=True)).to_be_visible()
    row.get_by_role("link").click()
    changed = page.get_by_role("region", name=re.compile("您上次读的是第 1 版"))
    expect(changed.locator("ins")).to_contain_text("改后新加的一句。")
    assert_accessible(page)
    page.get_by_role("button", name="读过了").click()
    expect(changed).to_have_count(0)
    page.goto("/articles#chapter-6")
    expect(row.get_by_text("✓ 读过")).to_be_visible()
    expect(page.locator("summary", has=page.get_by_role("heading", name="6 "))).to_contain_text(
        re.compile(r"读过 1/\d+")
    )


def test_type_comes_in_three_sizes_that_stay_and_lines_stay_short(new_page: NewPage) -> None:
    page = new_page(ARTICLE, viewport={"width": 1600, "height": 900})
    paragraph = page.locator(".prose p").first
    sizes = []
    for name in ("标准", "大", "特大"):
        page.get_by_role("button", name=name, exact=True).click()
        size = "p => parseFloat(getComputedStyle(p).fontSize)"
        sizes.append(paragraph.evaluate(size))
        assert paragraph.evaluate(f"p => p.clientWidth / ({size})(p)") <= 40
    assert sizes == sorted(set(sizes))
    page.reload()
    assert paragraph.evaluate("p => parseFloat(getComputedStyle(p).fontSize)") == sizes[-1]
    expect(page.get_by_role("button", name="特大")).to_have_attribute("aria-pressed", "true")


def test_time_limits_stand_in_a_table_with_authority_and_source(page: Page) -> None:
    table = page.get_by_role("region", name="时限").get_by_role("table")
    row = table.get_by_role("row").filter(has_text="城镇用户")
    for words in ("障碍修复", "48 小时", "法律法规", "《电信条例》(2016修订)第32条"):
        expect(row.first).to_contain_text(words)


def test_on_paper_helps_of_the_screen_are_left_out(page: Page) -> None:
    page.emulate_media(media="print")
    for hidden in (".tree", ".contents", ".turn", ".why-step", ".anchor", "#reset-steps", ".sizes"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.get_by_role("region", name="时限")).to_be_visible()
