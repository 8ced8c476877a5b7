"""The desk by keyboard: walking the list, one key an act, undo, and keys of one's own."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.desk import COMPLAINT, actions, ask, chosen, enter_list, recording

CLIPBOARD = ["clipboard-read", "clipboard-write"]


def test_arrows_walk_round_the_list_and_enter_opens(page: Page) -> None:
    ask(page)
    enter_list(page)
    ids = page.locator(".option").evaluate_all("all => all.map(each => each.id)")
    assert chosen(page) == ids[0]
    page.keyboard.press("ArrowUp")
    assert chosen(page) == ids[-1]
    page.keyboard.press("ArrowDown")
    assert chosen(page) == ids[0]
    page.keyboard.press("ArrowDown")
    assert chosen(page) == ids[1]
    expect(page.locator(f"#{ids[1]}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    title = page.locator(f"#{ids[1]}").get_attribute("data-title") or ""
    expect(page.get_by_role("region", name=title)).to_be_visible()
    expect(page.locator("#suggestions")).to_be_focused()


def test_an_item_is_opened_at_its_step_and_the_opening_is_reported(page: Page) -> None:
    ask(page, "光猫红灯，派家庭客户装维中心，写明地址和可上门时段")
    with page.expect_response("**/events") as told:
        page.keyboard.press("Enter")
    assert (told.value.request.post_data_json or {})["action"] == "clicked"
    hit = page.locator("#reading .hit")
    expect(hit).to_be_in_viewport()
    expect(hit).to_have_attribute("aria-current", "step")


def test_control_enter_opens_beside(page: Page) -> None:
    ask(page)
    enter_list(page)
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    expect(opened.value.get_by_role("heading", level=1)).to_contain_text("宽带全断")


def test_escape_goes_back_then_clears_then_leaves_and_clearing_can_be_undone(page: Page) -> None:
    ask(page)
    enter_list(page)
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).not_to_be_focused()
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("#q")).to_have_value(COMPLAINT)


def test_slash_goes_to_the_box_from_anywhere_but_fields(page: Page) -> None:
    page.locator("#help").focus()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.get_by_label("解决措施").focus()
    page.keyboard.type("/")
    expect(page.get_by_label("解决措施")).to_have_value("/")


def test_a_number_opens_that_suggestion(page: Page) -> None:
    ask(page)
    enter_list(page)
    page.keyboard.press("3")
    third = page.locator("#suggestions .option").nth(2)
    expect(page.locator("#reading-title")).to_have_text(third.get_attribute("data-title") or "")
    assert chosen(page) == third.get_attribute("id")


def test_one_key_copies_what_may_be_said_without_notes(new_page: NewPage) -> None:
    page = new_page(permissions=CLIPBOARD)
    ask(page)
    enter_list(page)
    with recording(page, "answer_copied"):
        page.keyboard.press("c")
    expect(page.get_by_text("已复制话术")).to_be_visible()
    said = page.evaluate("navigator.clipboard.readText()")
    assert said.startswith("麻烦看一下光猫上写着 LOS 的那个灯")
    for note in ("不要承诺", "50 元", "班长", ">"):
        assert note not in said
    assert "answer_copied" in actions(page)


def test_one_key_copies_the_citation(new_page: NewPage) -> None:
    page = new_page(permissions=CLIPBOARD)
    ask(page)
    enter_list(page)
    page.keyboard.press("y")
    expect(page.get_by_text("已复制引用")).to_be_visible()
    cited = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(
        r"宽带全断、光猫 LOS 红灯的处理 §步骤\d \(v1, 2026-01-01\)"
        r" http://127.0.0.1:\d+/articles/P060101#step-\d",
        cited,
    )


@pytest.mark.parametrize(("key", "action"), [("x", "dismissed"), ("f", "flagged")])
def test_one_key_says_that_an_item_is_of_no_use_and_another_takes_it_back(
    page: Page, key: str, action: str
) -> None:
    ask(page)
    enter_list(page)
    address = page.url
    with page.expect_response("**/events"):
        page.keyboard.press(key)
    expect(page.locator(f"#suggestions .option.{action}")).to_have_count(1)
    assert actions(page) == [action]
    with page.expect_response("**/undo"):
        page.keyboard.press("u")
    expect(page.locator(f".option.{action}")).to_have_count(0)
    assert actions(page) == []
    assert page.url == address


def test_undo_is_offered_for_ten_seconds(page: Page) -> None:
    page.clock.install()
    ask(page)
    enter_list(page)
    page.keyboard.press("x")
    page.clock.run_for(9_000)
    expect(page.get_by_role("button", name="撤销")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.get_by_role("button", name="撤销")).to_be_hidden()
    page.keyboard.press("u")
    expect(page.locator("#toast")).to_contain_text("没有可以撤销的")
    expect(page.locator(".option.dismissed")).to_have_count(1)


def test_a_reference_is_noted_undone_and_kept_with_the_ticket(page: Page) -> None:
    ask(page)
    enter_list(page)
    page.keyboard.press("l")
    expect(page.locator("#references")).to_contain_text("宽带全断")
    page.keyboard.press("u")
    expect(page.locator("#references li")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("l")
    page.get_by_role("button", name="建单", exact=True).click()
    page.wait_for_url("**/tickets/TS*")
    expect(page.get_by_role("region", name="已关联的知识")).to_contain_text("参考")


def test_a_solution_is_chosen_and_taken_back_with_the_words_it_brought(page: Page) -> None:
    ask(page)
    enter_list(page)
    page.keyboard.press("r")
    expect(page.get_by_label("解决措施")).to_be_focused()
    expect(page.get_by_label("解决措施")).not_to_have_value("")
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_be_focused()
    page.keyboard.press("u")
    expect(page.get_by_label("解决措施")).to_have_value("")
    expect(page.get_by_label("解决办法")).to_have_value("")


@pytest.mark.parametrize(("key", "words"), [("g", "已报缺口"), ("n", "都不适用")])
def test_a_gap_or_that_none_fits_is_said_and_taken_back(page: Page, key: str, words: str) -> None:
    ask(page)
    enter_list(page)
    with page.expect_response("**/decisions"):
        page.keyboard.press(key)
    expect(page.locator("#toast")).to_contain_text(words)
    with page.expect_response("**/decisions/*/undo"):
        page.keyboard.press("u")


def test_single_letters_do_nothing_outside_the_list(page: Page) -> None:
    ask(page)
    page.locator("#help").focus()
    page.keyboard.press("x")
    page.keyboard.press("r")
    expect(page.locator("#toast")).to_be_empty()
    expect(page.locator(".option.dismissed")).to_have_count(0)


def test_help_lists_every_key_and_they_can_be_changed_and_switched_off_for_good(page: Page) -> None:
    page.locator("#help").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="快捷键")
    expect(dialog).to_be_visible()
    for name in (
        "复制话术",
        "复制引用",
        "记为参考",
        "用它解决",
        "不适用",
        "有误",
        "报缺口",
        "建议都不适用",
        "撤销",
        "Ctrl+K",
        "1–5",
    ):
        expect(dialog).to_contain_text(name)
    dialog.get_by_label("不适用的键", exact=True).fill("k")
    dialog.get_by_label("复制话术的键").fill("k")
    dialog.get_by_label("复制话术的键").blur()
    expect(dialog).to_contain_text("已有别的用处")
    expect(dialog.get_by_label("复制话术的键")).to_have_value("C")
    dialog.get_by_role("button", name="好", exact=True).click()
    page.reload()
    ask(page)
    enter_list(page)
    page.keyboard.press("x")
    expect(page.locator(".option.dismissed")).to_have_count(0)
    page.keyboard.press("k")
    expect(page.locator(".option.dismissed")).to_have_count(1)
    page.get_by_role("button", name="快捷键").click()
    dialog.get_by_label("关闭单键快捷键").check()
    dialog.get_by_role("button", name="好", exact=True).click()
    page.reload()
    ask(page)
    enter_list(page)
    for key in ("k", "2", "?"):
        page.keyboard.press(key)
    expect(page.locator("#reading[data-opened]")).to_have_count(0)
    expect(page.locator(".option.dismissed")).to_have_count(0)
    expect(dialog).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator("#reading[data-opened]")).to_be_visible()
