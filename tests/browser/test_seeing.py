"""新手, 常规, 熟手: the three views of the desk in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from tests.browser.desk import COMPLAINT, ask, enter_list, make_ticket


def switch(page: Page, name: str) -> None:
    """Choose a view and wait until it is pressed."""
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#suggestions .option").first).to_be_visible()


def test_a_novice_is_told_more_and_an_expert_less(page: Page) -> None:
    ask(page)
    steps, options = page.locator(".first-steps li"), page.locator("#suggestions .option")
    expect(steps).to_have_count(0)
    expect(options).to_have_count(5)
    switch(page, "新手")
    assert page.input_value("#q") == COMPLAINT
    expect(options.first.locator(".first-steps li")).to_have_count(3)
    expect(options.first.locator(".explained li").first).to_be_visible()
    assert options.first.locator(".why").evaluate("each => each.scrollHeight <= each.clientHeight")
    term = page.locator("#reading .term").first
    term.focus()
    expect(term.locator(".tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tip:visible")).to_have_count(0)
    assert_accessible(page)
    switch(page, "熟手")
    expect(options).to_have_count(3)
    expect(options.first).to_have_text(
        re.compile(r"1\s+宽带全断.+红灯的处理\s+到期 \S+ [\d:]+\s*$")
    )
    assert_accessible(page)


def test_steps_ticked_by_a_novice_are_noted_without_their_explanations(page: Page) -> None:
    ask(page)
    switch(page, "新手")
    box = page.locator("#reading .steps li:not([data-asks]):has(.term) input").first
    words = box.locator("xpath=ancestor::li").get_attribute("data-words") or ""
    box.check()
    page.locator("#q").press("Control+End")
    enter_list(page)
    page.keyboard.press("r")
    expect(page.get_by_label("解决措施")).to_have_value(re.compile(re.escape(words.rstrip("。"))))


def test_enter_in_a_field_does_not_switch_the_view(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.fill("#q", COMPLAINT)
    page.get_by_role("textbox", name="号码").press("Enter")
    expect(page.locator("#suggestions .option").first).to_be_visible()
    expect(page.get_by_role("button", name="常规", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_view_is_switched_without_scripts_and_stays(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.fill("#q", COMPLAINT)
    switch(page, "熟手")
    assert page.input_value("#q") == COMPLAINT
    page.get_by_role("button", name="建单", exact=True).click()
    page.wait_for_url("**/tickets/TS*")
    expect(page.locator("#suggestions .option")).to_have_count(3)
    switch(page, "新手")
    expect(page).to_have_url(re.compile("/tickets/TS"))
    expect(page.locator("#suggestions .option").first.locator(".first-steps li")).to_have_count(3)


@pytest.mark.parametrize("name", ["新手", "常规", "熟手"])
def test_each_view_fits_into_320_pixels_and_is_reached_by_keys(
    new_page: NewPage, name: str
) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    ask(page)
    page.get_by_role("button", name=name, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator("#suggestions .option").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tops = page.locator(".views button").evaluate_all("all => all.map(each => each.offsetTop)")
    assert len(set(tops)) == 1
    page.locator(".term").first.focus() if name == "新手" else make_ticket(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
