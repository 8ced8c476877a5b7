"""Queues, dispatch, callback and screen pop in a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kb.desk import Closing
from kb.ticket import Ticket
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from tests.browser.desk import PAUSE, count_questions
from web.services import Services

NUMBER = "13955556666"


def make(services: Services, *, hours: int = 1, number: str = "", text: str = "断网，红灯") -> str:
    at = services.clock() - timedelta(hours=hours)
    ticket = Ticket(
        ticket_no="", accepted_at=at.isoformat(), category="060101", description=text, area="urban"
    )
    return services.desk.create(ticket, number=number, agent="甲", now=at).ticket_no


def close(services: Services, ticket_no: str) -> None:
    closing = Closing(resolution="换了尾纤", none_fit=True)
    services.desk.close(ticket_no, closing, agent="甲", now=services.clock())


def give_name(page: Page, name: str = "李雷") -> None:
    page.get_by_label("我是").fill(name)
    page.get_by_role("button", name="记住").click()
    expect(page.get_by_label("我是")).to_have_value(name)


@pytest.mark.parametrize("script", [True, False])
def test_a_ticket_is_taken_dispatched_closed_and_called_about(
    new_page: NewPage, services: Services, script: bool
) -> None:
    number = make(services)
    page = new_page("/tickets", java_script_enabled=script)
    give_name(page)
    page.get_by_role("button", name=f"认领 {number}").click()
    expect(page.get_by_text("办理人 李雷")).to_be_visible()
    expect(page.get_by_text("处理中", exact=True)).to_be_visible()
    page.get_by_role("link", name="派单").click()
    expect(page.get_by_label("派给部门")).to_have_value("家庭客户装维中心")
    expect(page.get_by_label("派单内容")).to_have_value(re.compile("回单请答"))
    page.get_by_role("button", name="派单", exact=True).click()
    expect(page.get_by_text("已派 家庭客户装维中心")).to_be_visible()
    page.goto("/tickets?queue=working&mine=1")
    expect(page.get_by_role("link", name=number, exact=True)).to_be_visible()
    close(services, number)
    page.goto("/tickets?queue=callback")
    page.get_by_role("link", name=f"回访 {number}").click()
    page.get_by_label("解决了", exact=True).check()
    page.get_by_label("9", exact=True).check()
    page.get_by_role("button", name="记录回访").click()
    expect(page.get_by_text("已归档", exact=True)).to_be_visible()
    expect(page.get_by_text("9 分", exact=True)).to_be_visible()


def test_the_scale_is_moved_along_by_arrow_keys(new_page: NewPage, services: Services) -> None:
    number = make(services)
    close(services, number)
    page = new_page(f"/tickets/{number}")
    page.get_by_label("7", exact=True).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("8", exact=True)).to_be_checked()
    small = page.locator(".scale label").evaluate_all(
        "all => all.filter(each => Math.min(each.offsetWidth, each.offsetHeight) < 24).length"
    )
    assert small == 0


def test_overdue_tickets_come_first_and_are_counted(page: Page, services: Services) -> None:
    late = make(services, hours=24 * 40)
    make(services)
    page.goto("/tickets?queue=waiting&category=06")
    expect(page.locator(".queue tbody tr").first).to_contain_text(late)
    expect(page.locator(".queue tbody tr").first).to_contain_text("已超")
    expect(page.get_by_role("link", name=re.compile("待受理.*逾期"))).to_be_visible()


def test_a_call_opens_the_desk_with_results_and_without_the_number(
    new_page: NewPage, services: Services, site: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    earlier = make(services, hours=48, number=NUMBER)
    page = new_page("/tickets")
    told = page.request.post(
        f"{site}/api/v1/calls",
        data={"call_id": "b1", "service_number": NUMBER, "text": "光猫还是红灯，网又断了"},
    )
    asked = count_questions(page)
    addresses: list[str] = []
    page.on("request", lambda each: addresses.append(each.url))
    answer = page.goto(told.json()["link"])
    assert answer
    assert 'id="suggestions"' in answer.text()
    expect(page.get_by_role("heading", name=re.compile(r"来电 139\*\*\*\*6666"))).to_be_visible()
    expect(page.locator("#suggestions .option").first).to_be_visible()
    expect(page.get_by_text("30 天内来过 1 次")).to_be_visible()
    expect(page.locator(".caller").get_by_role("link", name=earlier)).to_be_visible()
    assert NUMBER not in page.content()
    page.wait_for_timeout(PAUSE)
    assert asked == []
    assert not any(NUMBER in each for each in (page.url, *addresses, caplog.text))
    assert "/pop" in caplog.text
    page.goto(told.json()["link"], wait_until="commit")
    expect(page.get_by_role("heading", name=re.compile("弹屏链接已用过"))).to_be_visible()


def test_axe_finds_nothing_in_queues_dispatch_callback_and_pop(
    new_page: NewPage, services: Services, site: str
) -> None:
    number, closed = make(services, number=NUMBER), make(services, hours=24 * 40)
    close(services, closed)
    page = new_page("/tickets")
    give_name(page)
    page.request.post(f"{site}/pop", form={"call_id": "b2", "service_number": NUMBER})
    for path in (
        "/tickets?queue=waiting",
        "/tickets?queue=working&mine=1",
        "/tickets?queue=callback",
        "/tickets?queue=archived",
        f"/tickets/{number}",
        f"/tickets/{number}/dispatch",
        f"/tickets/{closed}",
        "/pop?call_id=b2",
    ):
        page.goto(path)
        assert_accessible(page)
        for width in (320, 640):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.set_viewport_size({"width": 1280, "height": 800})
