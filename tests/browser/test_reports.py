"""Reports in a real browser: both themes, narrow and enlarged, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from indexer.language import Language
from kb.reviewing import open_reviews
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage, serving
from tests.conftest import Clock, open_services
from tests.history import make_bad_article, make_history

PAGES = (
    "/reports",
    "/reports/search",
    "/reports/articles",
    "/reports/gaps",
    "/reports/tasks",
    "/exports",
)
WHOLE = pytest.mark.parametrize("path", [*PAGES, "/reports?by=tenure&until=2026-03-20"])


@pytest.fixture(scope="module")
def site(
    prepared_data: Path, language: Language, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A desk with a history of 300 tickets, one article that comes back, and two open tasks."""
    folder = tmp_path_factory.mktemp("reports") / "data"
    clock = Clock()
    with open_services(prepared_data, folder, language, clock) as services:
        make_history(services.database.connection, tickets=300)
        make_bad_article(services.database.connection)
        open_reviews(services.database, now=clock.now)
        with serving(services) as address:
            yield address


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


@WHOLE
def test_every_report_is_accessible_in_both_themes(new_page: NewPage, path: str) -> None:
    page = new_page(path)
    unfold(page)
    assert_accessible(page)


@WHOLE
@pytest.mark.parametrize("width", [320, 640])
def test_a_narrow_or_enlarged_page_never_scrolls_sideways(
    new_page: NewPage, path: str, width: int
) -> None:
    """640 pixels are what 1280 are at 200 %."""
    page = new_page(path, viewport={"width": width, "height": 800})
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for region in page.locator(".scroll").all():
        assert region.get_attribute("tabindex") == "0"
        assert region.get_attribute("aria-label")


def test_the_nav_leads_to_reports_and_each_part(new_page: NewPage) -> None:
    page = new_page("/")
    page.get_by_role("link", name="报表").click()
    for name in ("检索", "条目与办法", "知识缺口", "复核任务", "成效"):
        page.get_by_role("navigation", name="报表").get_by_role("link", name=name).click()
        expect(page.locator(".tabs a[aria-current=page]").first).to_have_text(name)


def test_charts_have_words_and_are_drawn_in_both_themes(new_page: NewPage) -> None:
    page = new_page("/reports")
    chart = page.get_by_role("img", name="每周办结及其结果")
    expect(chart).to_be_visible()
    assert re.search(r"周共 \d+ 次办结", chart.locator("desc").text_content() or "")
    strip = page.get_by_role("img", name=re.compile("^关联率：.*95% 区间"))
    expect(strip).to_be_visible()
    box = strip.locator("circle").bounding_box()
    assert box is not None
    assert box["width"] >= 9
    colours = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colours.add(strip.locator("circle").evaluate("each => getComputedStyle(each).fill"))
    assert len(colours) == 2


def test_filters_are_kept_in_the_form_and_by_the_sheet(new_page: NewPage) -> None:
    page = new_page("/reports")
    page.get_by_label("从").fill("2026-03-10")
    page.get_by_label("分组").select_option("channel")
    page.get_by_role("button", name="查看").click()
    expect(page.get_by_label("从")).to_have_value("2026-03-10")
    expect(page.get_by_role("rowheader", name="手机营业厅").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 CSV").click()
    text = download.value.path().read_text("utf-8-sig")
    assert "手机营业厅" in text
    assert download.value.suggested_filename == "outcomes.csv"


def test_a_gap_is_dealt_with_by_keyboard_alone(new_page: NewPage) -> None:
    page = new_page("/reports/gaps")
    first = page.locator(".gap").first
    label = first.locator("h2").text_content() or ""
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("在 4.2 补一篇")
    page.keyboard.press("Tab")
    page.keyboard.type("李主管")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/gaps?state=done")
    expect(page.locator(".gap h2")).to_have_text(label)
    expect(page.get_by_text("李主管于")).to_contain_text("在 4.2 补一篇")


def test_a_review_task_is_closed_on_the_page(new_page: NewPage) -> None:
    page = new_page("/reports/tasks")
    page.get_by_text("办完", exact=True).first.click()
    page.get_by_label("已修订").check()
    page.get_by_label("做了什么").fill("第二步写明白了")
    page.get_by_label("姓名").fill("李主管")
    page.get_by_role("button", name=re.compile("^办完：")).click()
    expect(page.get_by_text("没有待复核的条目")).to_be_visible()
    page.get_by_role("link", name="已办完（1）").click()
    expect(page.get_by_text("第二步写明白了")).to_be_visible()


def test_a_report_needs_no_script(new_page: NewPage) -> None:
    page = new_page("/reports", java_script_enabled=False)
    page.locator("select[name=department]").select_option("计费部")
    page.get_by_role("button", name="查看").click()
    expect(page.locator("select[name=department]")).to_have_value("计费部")
    expect(page.get_by_role("heading", name="比例")).to_be_visible()
