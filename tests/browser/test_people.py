"""From the one-time link to a desk where everybody signs in, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from indexer.language import Language
from kb import people
from kb.times import now_beijing
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import CONTEXT, serving, watch
from tests.conftest import open_services

PASSWORD = "窗外的雨下了一整夜"  # noqa: S105 - of no real account


@pytest.fixture
def own_site(prepared_data: Path, language: Language, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A desk of its own, for one with accounts serves no other test; with its first link."""
    with open_services(prepared_data, tmp_path / "data", language, now_beijing) as services:
        token = people.offer_first(services.database, now=now_beijing())
        with serving(services) as address:
            yield address, f"/welcome/{token}"


def check_both_themes(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page)


def set_password(page: Page) -> None:
    page.get_by_label("新密码").fill(PASSWORD)
    page.get_by_label("再输入一次").fill(PASSWORD)
    page.locator("main .primary").click()


def test_from_the_first_link_to_an_agent_who_signs_in_and_out(
    browser: Browser, own_site: tuple[str, str]
) -> None:
    address, link = own_site
    boss = browser.new_context(base_url=address, **CONTEXT).new_page()
    faults = watch(boss)
    boss.goto("/")
    expect(boss.locator(".unclaimed")).to_contain_text("还没有账号")
    boss.goto(link)
    check_both_themes(boss)
    boss.get_by_label("姓名").fill("李管")
    set_password(boss)
    boss.wait_for_url("**/accounts")
    boss.get_by_label("姓名").fill("张敏")
    boss.get_by_label("坐席", exact=True).check()
    check_both_themes(boss)
    boss.get_by_role("button", name="建账号").click()
    handed = boss.locator(".secret").inner_text()
    check_both_themes(boss)
    boss.goto("/account")
    check_both_themes(boss)

    agent = browser.new_context(base_url=address, **CONTEXT).new_page()
    faults_of_agent = watch(agent)
    agent.goto(handed)
    set_password(agent)
    expect(agent.get_by_role("link", name="张敏")).to_be_visible()
    agent.get_by_role("button", name="退出").click()
    agent.goto("/tickets")
    expect(agent.get_by_role("heading", name="登录")).to_be_visible()
    check_both_themes(agent)
    agent.get_by_label("姓名").fill("张敏")
    agent.get_by_label("密码").fill(PASSWORD)
    agent.get_by_role("button", name="登录").click()
    agent.wait_for_url("**/tickets")
    assert agent.get_by_role("link", name="账号", exact=True).count() == 0
    agent.goto("/accounts")
    expect(agent.get_by_role("heading", name="您的角色不能这样做")).to_be_visible()
    check_both_themes(agent)
    agent.get_by_role("button", name="退出").click()
    agent.wait_for_url("**/sign-in")
    assert [each for each in (*faults, *faults_of_agent) if "status of 403" not in each] == []
