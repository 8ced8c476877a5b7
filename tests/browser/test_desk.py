"""The agent's work in a real browser, from the first word to the closing, and how it looks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kb.desk import Closing
from kb.store import handbook
from kb.ticket import Ticket
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from tests.browser.desk import COMPLAINT, FRAGMENT, ask, enter_list, make_ticket
from web.services import Services


def test_a_card_tells_all_at_one_glance(page: Page) -> None:
    ask(page)
    card = page.locator("#option-P060101")
    expect(card.locator("mark").first).to_be_visible()
    for words in (
        "规程",
        "把握高",
        "●●●",
        "小时",
        "家庭客户装维中心",
        "第 1 版 2026-01-01 起",
        "全国（河南、城乡另计）",
        "命中",
    ):
        expect(card).to_contain_text(words)
    expect(page.get_by_role("group", name="识别分类")).to_contain_text("宽带完全中断")
    expect(page.get_by_role("group", name="识别分类")).to_contain_text("紧急 P2")
    past = page.locator("#past .option").first
    expect(past).to_contain_text(re.compile(r"\d+ 单 · \d+ 单未再投诉 · 中位"))


@pytest.mark.parametrize("size", [(1366, 768), (1280, 800), (400, 800)])
def test_the_first_three_suggestions_need_no_scrolling(
    new_page: NewPage, size: tuple[int, int]
) -> None:
    page = new_page(viewport={"width": size[0], "height": size[1]})
    ask(page)
    for place in range(3):
        expect(page.locator("#suggestions .option").nth(place)).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0
    if size[0] == 1366:
        tops = page.locator("#reading .pane-head .acts button").evaluate_all(
            "buttons => buttons.map(each => each.offsetTop)"
        )
        assert len(set(tops)) == 1


@pytest.mark.parametrize("size", [(683, 384), (320, 640)])
def test_at_double_zoom_and_at_320_pixels_all_can_be_reached(
    new_page: NewPage, size: tuple[int, int]
) -> None:
    page = new_page(viewport={"width": size[0], "height": size[1]})
    ask(page, f"{COMPLAINT}，" + "无空格的很长很长的词ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" * 4)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size[0] == 320:
        assert page.evaluate("document.querySelector('.top').offsetHeight") <= 40
    page.get_by_role("button", name=re.compile("^办结")).scroll_into_view_if_needed()
    expect(page.get_by_role("button", name=re.compile("^办结"))).to_be_in_viewport()


def test_limits_wait_for_the_ticket_then_run_down_in_words_and_shape(page: Page) -> None:
    ask(page)
    waiting = page.locator(".clock").first
    expect(waiting).to_have_attribute("data-state", "waiting")
    expect(page.get_by_text(re.compile(r"^建单起算；\d\d:\d\d 建单则：$"))).to_be_visible()
    expect(page.locator(".clock .left")).to_have_count(0)
    make_ticket(page)
    page.clock.install()
    page.reload()
    clock = page.locator(".clock").first
    expect(clock).to_have_attribute("data-state", "ok")
    expect(clock).to_contain_text("还有 23 小时 59 分")
    expect(clock.locator("time")).to_have_text(re.compile(r"^(今天|明天) \d\d:\d\d$"))
    page.clock.fast_forward("18:30:00")
    expect(clock).to_have_attribute("data-state", "soon")
    expect(clock).to_contain_text("快到期，还有")
    page.clock.fast_forward("06:00:00")
    expect(clock).to_have_attribute("data-state", "over")
    expect(clock).to_contain_text("已超")
    shape = "each => getComputedStyle(each, '::before').content"
    assert "■" in clock.evaluate(shape)


def test_what_was_painted_is_reported(page: Page) -> None:
    with page.expect_request("**/displayed") as reported:
        page.fill("#q", COMPLAINT)
    ids = json.loads(reported.value.post_data or "")["impression_ids"]
    visible = page.locator("[data-impression]").evaluate_all(
        "cards => cards.filter(c => c.offsetParent).map(c => c.dataset.impression)"
    )
    assert ids == visible


def test_a_call_is_closed_with_three_keys_after_pasting(page: Page) -> None:
    keys = ["Enter", "r", "Control+Enter"]
    page.evaluate(
        """said => { const box = document.getElementById("q"); box.value = said;
          box.dispatchEvent(new InputEvent("input", {inputType: "insertFromPaste"})); }""",
        f"{COMPLAINT}，要求今天修好",
    )
    page.keyboard.press(keys[0])
    expect(page.locator("#reading[data-opened]")).to_be_visible()
    page.keyboard.press(keys[1])
    expect(page.get_by_label("解决措施")).to_be_focused()
    expect(page.get_by_label("解决措施")).to_have_value(re.compile("^按《宽带全断"))
    expect(page.get_by_label("客户诉求")).to_have_value("要求今天修好")
    expect(page.get_by_label("存在问题")).to_have_value("宽带完全中断(LOS红灯)")
    page.keyboard.press(keys[2])
    page.wait_for_url("**/tickets/TS*")
    assert len(keys) <= 4
    expect(page.get_by_text("待回访", exact=True)).to_be_visible()
    ticket = page.request.get(f"/api/v1{page.url[page.url.index('/tickets') :]}").json()
    assert [link["knowledge_usage"] for link in ticket["links"]] == ["solution"]
    assert ticket["customer_demand"] == "要求今天修好"


def test_nothing_is_closed_without_a_solution_and_its_words(page: Page) -> None:
    ask(page)
    close = page.get_by_role("button", name=re.compile("^办结"))
    close.click()
    expect(page.get_by_label("解决办法")).to_be_focused()
    page.get_by_label("解决办法").select_option(label="都不适用")
    close.click()
    expect(page.get_by_label("解决措施")).to_be_focused()
    assert page.url.endswith("/")
    page.get_by_label("解决措施").fill("电话指导后好了")
    close.click()
    page.wait_for_url("**/tickets/TS*")
    expect(page.get_by_text("建议都不适用")).to_be_visible()


def test_from_the_first_word_to_the_closing_and_back(page: Page) -> None:
    make_ticket(page, f"{COMPLAINT}，邻居家也断了")
    expect(page.locator(".clock", has_text="办结")).to_be_visible()
    page.get_by_label("解决措施").fill("上门换了尾纤")
    page.locator("#past .option").first.click()
    page.locator("#reading").get_by_role("button", name=re.compile("^用它解决")).click()
    expect(page.get_by_label("解决措施")).to_have_value("上门换了尾纤")
    page.get_by_label("满意度").select_option("9")
    page.get_by_label("解决措施").press("Control+Enter")
    expect(page.get_by_text("待回访", exact=True)).to_be_visible()
    expect(page.get_by_text("9 分", exact=True)).to_be_visible()
    page.get_by_label("重开原因").fill("又断了")
    page.get_by_role("button", name="重开工单").click()
    expect(page.get_by_text("重开 1 次")).to_be_visible()


def test_steps_done_become_the_measures_taken(page: Page) -> None:
    ask(page)
    steps = page.locator("#reading .steps input")
    steps.nth(2).check()
    steps.nth(3).check()
    enter_list(page)
    page.keyboard.press("r")
    expect(page.get_by_label("解决措施")).to_have_value(
        re.compile("请客户看尾纤.*；提醒不要对着光口看")
    )


def test_a_refused_closing_on_a_ticket_keeps_the_text(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.fill("#q", COMPLAINT)
    page.get_by_role("button", name="建单", exact=True).click()
    page.get_by_label("解决措施").fill("电话指导后好了")
    page.get_by_role("button", name=re.compile("^办结")).click()
    expect(page.get_by_role("alert")).to_contain_text("都不适用")
    expect(page.get_by_label("解决措施")).to_have_value("电话指导后好了")


def test_a_link_is_taken_back_by_a_button_and_put_back(page: Page) -> None:
    make_ticket(page)
    page.locator("#past .option").first.click()
    page.locator("#reading").get_by_role("button", name=re.compile("^用它解决")).click()
    page.get_by_role("button", name="保存记录").click()
    marks = page.locator("#past .used:visible")
    expect(marks).to_have_text(["✓ 已选为解决办法"])
    page.get_by_label("解决办法").select_option(index=1)
    expect(page.locator(".option .used:visible")).to_have_text(["✓ 用它解决"])
    links = page.get_by_role("region", name="已关联的知识")
    links.get_by_role("button", name=re.compile("^取消关联：解决")).click()
    expect(links.get_by_text(re.compile("^已取消关联：解决"))).to_be_visible()
    expect(links.locator(".used")).to_have_count(0)
    links.get_by_role("button", name="撤销").click()
    expect(links.locator(".used")).to_have_text("解决")
    expect(links.get_by_text("已取消关联")).to_have_count(0)


def test_who_sits_here_can_be_said_on_a_narrow_screen(new_page: NewPage) -> None:
    page = new_page(viewport={"width": 400, "height": 800})
    page.get_by_label("我的姓名").fill("李雷")
    page.locator(".me-below").get_by_role("button", name="记住").click()
    expect(page.get_by_label("我的姓名")).to_have_value("李雷")


def test_letters_are_read_as_chinese_and_that_is_said(page: Page) -> None:
    page.fill("#q", "kdbz")
    expect(page.locator("#suggestions .option").first).to_be_visible()
    expect(page.get_by_text("输入的是 kdbz")).to_be_visible()
    expect(page.locator(".read-as strong")).to_have_text("宽带报障")
    assert page.input_value("#q") == "kdbz"


def test_typing_on_a_ticket_keeps_the_choice_made(page: Page) -> None:
    make_ticket(page)
    page.get_by_label("解决办法").select_option(label="都不适用")
    with page.expect_response(FRAGMENT):
        page.locator("#q").press_sequentially("，邻居家也断了")
    expect(page.get_by_label("解决办法")).to_have_value("none")


def test_the_whole_work_can_be_done_without_javascript(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.fill("#q", COMPLAINT)
    page.get_by_role("button", name="查建议").click()
    expect(page.get_by_role("heading", name="宽带全断、光猫 LOS 红灯的处理").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^去掉要点“红灯”")).click()
    page.get_by_role("button", name=re.compile("^放回要点“红灯”")).click()
    page.get_by_role("button", name=re.compile("^已参考")).first.click()
    page.wait_for_url("**/tickets/TS*")
    expect(page.get_by_text("✓ 已参考").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^用它解决")).first.click()
    expect(page.get_by_label("解决措施")).to_have_value(re.compile("^按《"))
    page.get_by_role("button", name=re.compile("^办结")).click()
    expect(page.get_by_text("待回访", exact=True)).to_be_visible()


def test_every_target_is_large_enough_to_hit(page: Page) -> None:
    make_ticket(page)
    small = page.evaluate(
        """[...document.querySelectorAll("button, select, input, summary, .top a")]
          .filter(each => each.offsetParent && !each.closest("label.choice, .steps label"))
          .filter(each => Math.min(each.offsetWidth, each.offsetHeight) < 24)
          .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert small == []


def test_the_scripts_are_small_and_none_is_inline(page: Page) -> None:
    sizes = page.evaluate(
        """Promise.all(performance.getEntriesByType("resource").filter(e => e.name.includes(".js"))
          .map(e => fetch(e.name).then(r => r.text()).then(t => t.length)))"""
    )
    assert len(sizes) >= 10
    assert sum(sizes) <= 48 * 1024


def test_the_desk_is_accessible_in_every_state_in_both_themes(page: Page) -> None:
    assert_accessible(page)
    ask(page, f"{COMPLAINT}，要求赔偿")
    assert_accessible(page)
    enter_list(page)
    page.keyboard.press("Enter")
    expect(page.locator("#reading[data-opened]")).to_be_visible()
    page.keyboard.press("x")
    assert_accessible(page)
    page.locator(".pop summary").first.click()
    assert_accessible(page)
    page.locator(".pop summary").first.click()
    page.locator("#past .option").first.click()
    assert_accessible(page)
    page.get_by_role("button", name="快捷键").click()
    assert_accessible(page)


def test_a_ticket_and_an_abstention_are_accessible_in_both_themes(page: Page) -> None:
    page.fill("#q", "今天天气不错啊")
    expect(page.get_by_text("没有足够把握的建议")).to_be_visible()
    assert_accessible(page)
    make_ticket(page)
    assert_accessible(page)
    page.get_by_label("解决办法").select_option(label="都不适用")
    page.get_by_label("解决措施").fill("好了")
    page.get_by_role("button", name=re.compile("^办结")).click()
    expect(page.get_by_text("待回访", exact=True)).to_be_visible()
    assert_accessible(page)


def test_a_revision_that_is_out_of_date_has_a_red_banner_in_the_pane(
    page: Page, services: Services
) -> None:
    ask(page, "我要看实名信息泄露怎么投诉")
    first = page.locator("#suggestions .option").first
    article = str(first.get_attribute("data-key")).split(":")[1]
    with services.database.transaction() as connection:
        found = handbook.read_article(connection, article)
        newer = replace(found, revision=replace(found.revision, body="## 一句话\n改过了\n"))
        handbook.save_article(connection, newer, author="编辑", reason="改写", now=services.clock())
    first.click()
    banner = page.locator("#reading").get_by_role("alert")
    expect(banner).to_contain_text("这不是现行版本")
    expect(banner.get_by_role("link", name="看现行版本")).to_have_attribute(
        "href", f"/articles/{article}"
    )


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
        "/search?q=红灯",
        "/articles/P060101",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    wide = page.locator(".term").evaluate_all(
        """terms => terms.map(term => {
          term.focus();
          const tip = term.querySelector(".tip").getBoundingClientRect();
          return {shown: tip.width > 0, fits: tip.left >= 0 && tip.right <= innerWidth
            && document.documentElement.scrollWidth <= innerWidth};
        })"""
    )
    assert len(wide) >= 3
    assert all(each == {"shown": True, "fits": True} for each in wide), wide


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
    expect(page.locator(".option").first).to_be_visible()
    expect(page.locator("#repeat *")).to_have_count(0)
    page.fill("[name=number]", "13900001111")
    page.locator("[name=number]").press("Tab")
    told = page.locator("#repeat")
    expect(told.get_by_text("重复投诉：8 天前投诉过同一件事")).to_be_visible()
    expect(told).to_contain_text(re.compile(r"承诺：24小时内上门，20\d\d-\d\d-\d\d "))
    expect(told.get_by_text("已超 6 天")).to_be_visible()
    expect(told.get_by_role("link", name=ticket.ticket_no)).to_be_visible()
    page.fill("[name=number]", "")
    page.locator("[name=number]").press("Tab")
    expect(told.locator("*")).to_have_count(0)


def test_a_theme_chosen_by_hand_goes_before_the_systems_and_stays(new_page: NewPage) -> None:
    page = new_page(color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    button = page.get_by_role("button", name=re.compile("^配色"))
    button.click()
    button.click()
    expect(button).to_contain_text("配色：深")
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark
    expect(button).to_contain_text("配色：深")
    button.click()
    assert page.evaluate(background) == light
