"""The agent's work in a real browser, from the first word to the closing."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Request, Route, expect

from kb.desk import Closing
from kb.ticket import Ticket
from tests.browser.conftest import InputMethod, NewPage
from web.services import Services

COMPLAINT = "家里网断了,盒子上那个红灯一直亮"
FRAGMENT = "**/desk/fragment"
PAUSE = 450
"""Milliseconds in which nothing must happen: well over the wait after the last key."""


def count_questions(page: Page) -> list[Request]:
    """The questions the page asks from now on."""
    asked: list[Request] = []
    page.on("request", lambda request: _note(asked, request))
    return asked


def _note(asked: list[Request], request: Request) -> None:
    if request.url.endswith("/desk/fragment"):
        asked.append(request)


def make_ticket(page: Page, complaint: str = COMPLAINT) -> None:
    page.fill("#q", complaint)
    expect(page.locator(".card").first).to_be_visible()
    page.get_by_role("button", name="建单", exact=True).click()
    page.wait_for_url("**/tickets/TS*")


def test_the_box_is_ready_and_typing_brings_three_columns(page: Page) -> None:
    assert page.evaluate("document.activeElement.id") == "q"
    asked = count_questions(page)
    page.keyboard.type(COMPLAINT, delay=5)
    for head in ("规程", "时限", "过往处理"):
        expect(page.get_by_role("heading", name=re.compile(f"^{head}"))).to_be_visible()
    expect(page.locator("a.open[href*='P060101']").first).to_be_visible()
    expect(page.locator("mark").first).to_be_visible()
    expect(page.locator(".due time").first).to_be_visible()
    page.wait_for_timeout(PAUSE)
    assert len(asked) == 1


def test_nothing_is_asked_while_composing_and_once_after_it(page: Page) -> None:
    asked = count_questions(page)
    method = InputMethod(page)
    for letters in ("k", "ku", "kuan", "kuan dai"):
        method.compose(letters)
        page.wait_for_timeout(80)
    page.wait_for_timeout(PAUSE)
    assert asked == []
    method.commit("宽带断了红灯亮")
    expect(page.locator(".card").first).to_be_visible()
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


def test_pasting_a_long_complaint_asks_once(page: Page) -> None:
    asked = count_questions(page)
    page.fill("#q", "宽带断了，红灯一直亮，打了三次电话没人来。" * 100)
    expect(page.locator(".card").first).to_be_visible()
    page.wait_for_timeout(PAUSE)
    assert len(asked) == 1


def test_an_answer_overtaken_by_a_newer_question_is_not_shown(page: Page) -> None:
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(FRAGMENT, hold_first)
    page.fill("#q", "话费里多了个我没订过的会员")
    page.wait_for_timeout(PAUSE)
    page.fill("#q", COMPLAINT)
    expect(page.locator("a.open[href*='P060101']").first).to_be_visible()
    held[0].abort()
    page.wait_for_timeout(PAUSE)
    expect(page.locator("a.open[href*='P060101']").first).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()


def test_what_was_painted_is_reported(page: Page) -> None:
    with page.expect_request("**/displayed") as reported:
        page.fill("#q", COMPLAINT)
    ids = json.loads(reported.value.post_data or "")["impression_ids"]
    visible = page.locator("[data-impression]").evaluate_all(
        "cards => cards.filter(c => c.offsetParent).map(c => c.dataset.impression)"
    )
    assert ids == visible


def test_an_article_opens_at_the_step_and_the_opening_is_reported(page: Page) -> None:
    page.fill("#q", COMPLAINT)
    link = page.locator("a.button.open[href*='P060101#step-']").first
    expect(link).to_be_visible()
    step = (link.get_attribute("href") or "").split("#")[1]
    with (
        page.context.expect_page() as opened,
        page.expect_request("**/impressions/*/events") as told,
    ):
        link.click()
    assert told.value.post_data_json == {"action": "clicked"}
    article = opened.value
    expect(article.locator(f"#{step}")).to_be_in_viewport()
    assert article.evaluate("document.querySelector(':target').id") == step


def test_from_the_first_word_to_the_closing_and_back(page: Page) -> None:
    page.fill("#q", COMPLAINT)
    page.get_by_role("button", name=re.compile("^已参考")).first.click()
    page.wait_for_url("**/tickets/TS*")
    expect(page.get_by_text("✓ 已参考").first).to_be_visible()
    expect(page.locator(".bar .due")).to_contain_text("到期")
    page.get_by_label("解决措施").fill("上门换了尾纤")
    page.get_by_role("button", name=re.compile("^用它解决")).last.click()
    expect(page.get_by_text("✓ 已选为解决办法").first).to_be_visible()
    expect(page.get_by_label("解决措施")).to_have_value("上门换了尾纤")
    page.get_by_label("满意度").select_option("9")
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_text("待回访", exact=True)).to_be_visible()
    expect(page.get_by_text("9 分", exact=True)).to_be_visible()
    page.get_by_label("重开原因").fill("又断了")
    page.get_by_role("button", name="重开工单").click()
    expect(page.get_by_text("待受理", exact=True)).to_be_visible()
    expect(page.get_by_text("重开 1 次")).to_be_visible()


def test_a_closing_needs_a_choice_and_the_text_stays(page: Page) -> None:
    make_ticket(page)
    page.get_by_label("解决措施").fill("电话指导后好了")
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("都不适用")
    expect(page.get_by_label("解决措施")).to_have_value("电话指导后好了")
    page.get_by_label("都不适用").check()
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_text("建议都不适用")).to_be_visible()


def test_typing_on_a_ticket_keeps_the_choice_made(page: Page) -> None:
    make_ticket(page)
    page.get_by_label("都不适用").check()
    with page.expect_response(FRAGMENT):
        page.locator("#q").press_sequentially("，邻居家也断了")
    expect(page.locator("#results[aria-busy]")).to_have_count(0)
    expect(page.get_by_label("都不适用")).to_be_checked()


def test_a_reload_keeps_the_text_and_a_ticket_clears_it(page: Page) -> None:
    page.fill("#q", COMPLAINT)
    page.reload()
    expect(page.locator("#q")).to_have_value(COMPLAINT)
    expect(page.locator(".card").first).to_be_visible()
    make_ticket(page)
    page.goto("/")
    expect(page.locator("#q")).to_have_value("")


def test_two_tabs_do_not_share_their_text(new_page: NewPage) -> None:
    first = new_page()
    first.fill("#q", COMPLAINT)
    second = first.context.new_page()
    second.goto("/")
    expect(second.locator("#q")).to_have_value("")


def test_a_server_that_is_gone_is_said_and_the_results_stay(page: Page) -> None:
    page.fill("#q", COMPLAINT)
    expect(page.locator(".card").first).to_be_visible()
    shown = page.locator(".card").count()
    page.route(FRAGMENT, lambda route: route.fulfill(status=503, body="{}"))
    page.locator("#q").press_sequentially("，急")
    notice = page.locator("#notice")
    expect(notice).to_contain_text("先前的结果仍可用")
    assert page.locator(".card").count() == shown
    page.unroute(FRAGMENT)
    with page.expect_response(FRAGMENT) as answer:
        page.get_by_role("button", name="再试一次").click()
    assert answer.value.ok
    expect(notice).to_be_empty()


def test_the_whole_work_can_be_done_without_javascript(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.fill("#q", COMPLAINT)
    page.get_by_role("button", name="查建议").click()
    expect(page.get_by_role("heading", name=re.compile("^规程"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^已参考")).first.click()
    page.wait_for_url("**/tickets/TS*")
    expect(page.get_by_text("✓ 已参考").first).to_be_visible()
    page.get_by_label("解决措施").fill("上门换了尾纤")
    page.locator("input[name=solution]").first.check()
    page.get_by_role("button", name="办结", exact=True).click()
    expect(page.get_by_text("待回访", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways(new_page: NewPage, width: int, scheme: str) -> None:
    page = new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    make_ticket(page)
    ticket = page.url
    for path in (
        "/",
        ticket,
        "/tickets?queue=archived",
        "/articles",
        "/articles/S23-2",
        "/search?q=红灯",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_every_target_is_large_enough_to_hit(page: Page) -> None:
    make_ticket(page)
    small = page.evaluate(
        """[...document.querySelectorAll("button, select, input, summary, .top a")]
          .filter(each => each.offsetParent && !each.closest("label.choice, .steps label"))
          .filter(each => Math.min(each.offsetWidth, each.offsetHeight) < 24)
          .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_the_script_is_small(page: Page) -> None:
    size = page.evaluate(
        "fetch(document.querySelector('script[src]').src).then(r => r.text()).then(t => t.length)"
    )
    assert size <= 12 * 1024


def test_a_repeat_complaint_is_told_without_a_click(page: Page, services: Services) -> None:
    accepted = services.clock() - timedelta(days=8)
    ticket = Ticket(
        ticket_no="",
        accepted_at=accepted.isoformat(),
        category="060101",
        description="家里宽带断了，光猫上面红灯一直闪",
    )
    ticket = services.desk.create(ticket, number="13900001111", agent="甲", now=accepted)
    closing = Closing(resolution="远程重启光猫，承诺24小时内上门", none_fit=True)
    closed = accepted + timedelta(days=1)
    services.desk.close(ticket.ticket_no, closing, agent="甲", now=closed)
    page.fill("#q", "光猫还是红灯，说好上门的师傅到现在没来")
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator("#repeat")).to_be_empty()
    page.fill("[name=number]", "13900001111")
    page.locator("[name=number]").press("Tab")
    told = page.locator("#repeat")
    expect(told.get_by_text("重复投诉：8 天前投诉过同一件事")).to_be_visible()
    expect(told.get_by_text("承诺：承诺24小时内上门")).to_be_visible()
    expect(told.get_by_text("已超 6 天")).to_be_visible()
    expect(told.get_by_role("link", name=ticket.ticket_no)).to_be_visible()
    page.fill("[name=number]", "")
    page.locator("[name=number]").press("Tab")
    expect(told).to_be_empty()


def test_a_theme_chosen_by_hand_goes_before_the_systems_and_stays(new_page: NewPage) -> None:
    page = new_page(color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    button = page.get_by_role("button", name=re.compile("^配色"))
    button.click()
    button.click()
    expect(button).to_have_text("配色：深")
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark
    expect(button).to_have_text("配色：深")
    button.click()
    assert page.evaluate(background) == light
