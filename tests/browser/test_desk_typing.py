"""While the agent types: when the desk asks, what it shows, and when the server is away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import InputMethod, NewPage
from tests.browser.desk import (
    COMPLAINT,
    FRAGMENT,
    PAUSE,
    ask,
    chosen,
    count_questions,
    enter_list,
    stop_time,
)

LONG = "宽带断了，红灯一直亮，打了三次电话没人来，要求赔偿。" * 80


def test_the_box_is_ready_and_the_first_character_already_asks(page: Page) -> None:
    assert page.evaluate("document.activeElement.id") == "q"
    asked = count_questions(page)
    with page.expect_response(FRAGMENT):
        page.keyboard.type("网")
    stop_time(page)
    page.keyboard.type(COMPLAINT)
    page.clock.run_for(PAUSE)
    expect(page.locator("#option-P060101 mark").first).to_be_visible()
    expect(page.locator("#past .option").first).to_be_visible()
    expect(page.locator(".clock time").first).to_be_visible()
    page.wait_for_timeout(PAUSE)
    assert len(asked) == 2


def test_nothing_is_asked_while_composing_and_once_after_it(page: Page) -> None:
    asked = count_questions(page)
    method = InputMethod(page)
    for letters in ("k", "ku", "kuan", "kuan dai"):
        method.compose(letters)
        page.wait_for_timeout(80)
    page.wait_for_timeout(PAUSE)
    assert asked == []
    method.commit("宽带断了红灯亮")
    expect(page.locator(".option").first).to_be_visible()
    page.wait_for_timeout(PAUSE)
    assert len(asked) == 1
    assert "宽带断了红灯亮" in page.input_value("#q")


def test_a_composition_given_up_asks_nothing(page: Page) -> None:
    asked = count_questions(page)
    method = InputMethod(page)
    method.compose("wang")
    method.cancel()
    page.wait_for_timeout(PAUSE)
    assert asked == []


def test_enter_and_escape_within_a_composition_belong_to_the_input_method(page: Page) -> None:
    ask(page)
    method = InputMethod(page)
    method.compose("ji")
    method.press("Enter")
    method.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    assert COMPLAINT in page.input_value("#q")
    method.commit("急")
    expect(page.locator("#reading[data-opened]")).to_have_count(0)
    page.wait_for_timeout(150)
    page.keyboard.press("Enter")
    expect(page.locator("#reading[data-opened]")).to_be_visible()


def test_safaris_enter_after_the_end_of_a_composition_opens_nothing(page: Page) -> None:
    ask(page)
    page.evaluate(
        """() => {
          const box = document.getElementById("q");
          box.dispatchEvent(new CompositionEvent("compositionstart"));
          box.dispatchEvent(new CompositionEvent("compositionend", {data: "急"}));
          for (const key of ["Enter", "Escape"])
            box.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
        }"""
    )
    page.wait_for_timeout(PAUSE)
    expect(page.locator("#reading[data-opened]")).to_have_count(0)
    assert page.input_value("#q") == COMPLAINT
    page.keyboard.press("Enter")
    expect(page.locator("#reading[data-opened]")).to_be_visible()


def test_a_long_complaint_asks_once_and_the_box_grows_to_six_lines(page: Page) -> None:
    asked = count_questions(page)
    ask(page, LONG)
    page.wait_for_timeout(PAUSE)
    assert len(asked) == 1
    assert page.input_value("#q") == LONG
    lines = "each => each.clientHeight / parseFloat(getComputedStyle(each).lineHeight)"
    assert 5 <= page.locator("#q").evaluate(lines) <= 6.6
    page.fill("#q", "网断了")
    assert page.locator("#q").evaluate(lines) <= 2.6


def test_a_key_term_taken_out_asks_again_without_it_and_can_be_put_back(page: Page) -> None:
    ask(page)
    with page.expect_response(FRAGMENT):
        page.get_by_role("button", name="去掉要点“红灯”再查").click()
    back = page.get_by_role("button", name="放回要点“红灯”再查")
    expect(back).to_be_visible()
    expect(page.locator("#results mark", has_text="红灯")).to_have_count(0)
    assert page.input_value("#q") == COMPLAINT
    with page.expect_response(FRAGMENT):
        back.click()
    expect(page.locator("#results mark", has_text="红灯").first).to_be_visible()


def test_a_stream_of_speech_is_answered_while_it_goes_on(page: Page) -> None:
    asked = count_questions(page)
    said = "我家里的宽带从昨天晚上就断了光猫上面有个红灯一直亮着打了电话也没有人来修"
    stop_time(page)
    for character in said:
        page.keyboard.type(character)
        page.clock.run_for(60)
    expect(page.locator(".option").first).to_be_visible()
    assert 2 <= len(asked) < len(said) / 2


def test_an_answer_overtaken_by_a_newer_question_is_not_shown(page: Page) -> None:
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(FRAGMENT, hold_first)
    with page.expect_request(FRAGMENT):
        page.fill("#q", "话费里多了个我没订过的会员")
    while not held:
        page.wait_for_timeout(20)
    ask(page)
    expect(page.locator("#option-P060101")).to_be_visible()
    held[0].abort()
    page.wait_for_timeout(PAUSE)
    expect(page.locator("#option-P060101")).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()


def test_a_list_in_use_waits_with_the_newer_answer(page: Page) -> None:
    ask(page)
    enter_list(page)
    before = page.locator(".option").evaluate_all("all => all.map(each => each.dataset.key)")
    with page.expect_response(FRAGMENT):
        page.evaluate(
            """() => { const box = document.getElementById("q");
              box.value = "话费里多了个我没订过的会员"; box.dispatchEvent(new Event("input")); }"""
        )
    update = page.get_by_role("button", name=re.compile(r"^有 \d+ 条更新$"))
    expect(update).to_be_visible()
    shown = page.locator(".option").evaluate_all("all => all.map(each => each.dataset.key)")
    assert shown == before
    update.click()
    expect(page.locator("#option-P060101")).to_have_count(0)
    expect(update).to_be_hidden()


def test_a_list_under_the_pointer_does_not_move(page: Page) -> None:
    ask(page)
    page.locator("#suggestions .option").nth(1).hover()
    with page.expect_response(FRAGMENT):
        page.locator("#q").press_sequentially("，话费里还多了个没订过的视频会员")
    expect(page.get_by_role("button", name=re.compile(r"^有 \d+ 条更新$"))).to_be_visible()
    page.mouse.move(5, 5)
    page.locator("#q").press("End")
    with page.expect_response(FRAGMENT):
        page.locator("#q").press_sequentially("，急")
    expect(page.locator("#update")).to_be_hidden()


def test_what_is_chosen_stays_chosen_when_the_answer_is_renewed(page: Page) -> None:
    ask(page)
    enter_list(page)
    page.keyboard.press("ArrowDown")
    before = chosen(page)
    page.keyboard.press("Escape")
    with page.expect_response(FRAGMENT):
        page.locator("#q").press_sequentially("。")
    page.wait_for_timeout(100)
    assert chosen(page) == before


def test_a_reload_keeps_the_text_and_a_ticket_clears_it(page: Page) -> None:
    ask(page)
    page.get_by_label("解决措施").fill("换了尾纤")
    page.reload()
    expect(page.locator("#q")).to_have_value(COMPLAINT)
    expect(page.get_by_label("解决措施")).to_have_value("换了尾纤")
    expect(page.locator(".option").first).to_be_visible()
    page.get_by_role("button", name="建单", exact=True).click()
    page.wait_for_url("**/tickets/TS*")
    page.goto("/")
    expect(page.locator("#q")).to_have_value("")


def test_two_tabs_do_not_share_their_text(new_page: NewPage) -> None:
    first = new_page()
    first.fill("#q", COMPLAINT)
    second = first.context.new_page()
    second.goto("/")
    expect(second.locator("#q")).to_have_value("")


def test_a_server_that_is_gone_is_said_and_the_results_stay(page: Page) -> None:
    ask(page)
    shown = page.locator(".option").count()
    page.route(FRAGMENT, lambda route: route.fulfill(status=503, body="{}"))
    page.locator("#q").press_sequentially("，急")
    notice = page.locator("#notice")
    expect(notice).to_contain_text("先前的结果仍可用")
    assert page.locator(".option").count() == shown
    page.unroute(FRAGMENT)
    with page.expect_response(FRAGMENT) as answer:
        page.get_by_role("button", name="再试一次").click()
    assert answer.value.ok
    expect(notice).to_be_empty()


def test_a_slow_server_is_said_after_two_seconds_and_the_answer_still_comes(page: Page) -> None:
    ask(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(FRAGMENT, hold)
    stop_time(page)
    page.locator("#q").press_sequentially("，急")
    page.clock.run_for(PAUSE)
    expect(page.locator("#notice")).to_be_empty()
    page.clock.run_for(2100)
    expect(page.locator("#notice")).to_contain_text("服务较慢")
    expect(page.locator("#option-P060101")).to_be_visible()
    while not held:
        page.wait_for_timeout(20)
    held[-1].continue_()
    expect(page.locator("#notice")).to_be_empty()


def test_abstention_offers_classes_the_handbook_and_a_gap(page: Page) -> None:
    page.fill("#q", "今天天气不错啊")
    expect(page.get_by_text("没有足够把握的建议")).to_be_visible()
    classes = page.get_by_role("group", name="最接近的分类")
    expect(classes.get_by_role("button").first).to_be_visible()
    expect(page.get_by_role("link", name="手册").last).to_be_visible()
    with page.expect_request("**/decisions") as told:
        page.get_by_role("button", name=re.compile("^报缺口")).click()
    assert told.value.post_data_json == {"decision": "gap"}
    expect(page.locator("#toast")).to_contain_text("已报缺口")


@pytest.mark.parametrize("term", ["去掉要点", "宽带完全中断"])
def test_asking_again_keeps_the_agent_in_the_page(page: Page, term: str) -> None:
    ask(page)
    page.get_by_role("button", name=re.compile(f"^{term}.*再查$")).first.focus()
    with page.expect_response(FRAGMENT):
        page.keyboard.press("Enter")
    assert page.url.endswith("/")
