"""From the one-time link to a desk where everybody signs in, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from indexer.bench.children import free_port
from indexer.language import Language
from kb import people
from kb.settings import OidcClient
from kb.times import now_beijing
from kb.totp import code_at
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import CONTEXT, serving, watch
from tests.conftest import open_services
from tests.web.oidc_provider import CLIENT, SECRET, FakeProvider, serve_provider
from tests.web.people import add_person

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


def first_administrator(browser: Browser, own_site: tuple[str, str]) -> tuple[Page, list[str]]:
    """The page of who used the first link and is signed in now, and its faults."""
    address, link = own_site
    page = browser.new_context(base_url=address, **CONTEXT).new_page()
    faults = watch(page)
    page.goto(link)
    page.get_by_label("姓名").fill("李管")
    set_password(page)
    page.wait_for_url("**/accounts")
    return page, faults


def sign_in(page: Page, name: str, code: str = "") -> None:
    page.get_by_label("姓名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("动态码").fill(code)
    page.get_by_role("button", name="登录", exact=True).click()


def test_a_lost_app_is_made_up_for_by_a_recovery_code(
    browser: Browser, own_site: tuple[str, str]
) -> None:
    boss, faults = first_administrator(browser, own_site)
    boss.goto("/account")
    secret = boss.locator(".secret").inner_text()
    panel = boss.locator("section", has=boss.get_by_role("heading", name="两步验证"))
    panel.get_by_label("动态码").fill(code_at(secret, int(now_beijing().timestamp()) // 30))
    panel.get_by_label("现在的密码").fill(PASSWORD)
    panel.get_by_role("button", name="开启两步验证").click()
    expect(boss.get_by_role("heading", name="恢复码：现在抄下或打印")).to_be_visible()
    codes = boss.locator(".recovery code").all_inner_texts()
    assert len(set(codes)) == 10
    check_both_themes(boss)
    boss.set_viewport_size({"width": 320, "height": 640})
    assert boss.evaluate("document.documentElement.scrollWidth") <= 320
    boss.set_viewport_size({"width": 1280, "height": 800})
    boss.get_by_role("link", name="抄好了").click()
    expect(panel).to_contain_text("还有 10 个恢复码")
    check_both_themes(boss)
    boss.get_by_role("button", name="退出").click()
    sign_in(boss, "李管", "000000")
    expect(boss.get_by_role("alert")).to_contain_text("不对")
    sign_in(boss, "李管", codes[0].lower())
    expect(boss.get_by_role("link", name="李管")).to_be_visible()
    boss.goto("/account")
    expect(panel).to_contain_text("还有 9 个恢复码")
    assert [each for each in faults if "status of 401" not in each] == []


def test_tokens_are_made_shown_once_and_revoked(
    browser: Browser, own_site: tuple[str, str]
) -> None:
    boss, faults = first_administrator(browser, own_site)
    boss.goto("/accounts/tokens")
    check_both_themes(boss)
    boss.get_by_label("名称").fill("话务平台")
    boss.locator("input[value=read_tickets]").check()
    boss.get_by_role("button", name="建令牌").click()
    expect(boss.locator(".secret")).to_have_text(re.compile(r"^kb_[\w-]{43}$"))
    check_both_themes(boss)
    boss.goto("/accounts/tokens")
    assert boss.locator(".secret").count() == 0
    boss.get_by_role("button", name="撤销 话务平台").click()
    expect(boss.locator("table")).to_contain_text("已撤销")
    check_both_themes(boss)
    assert faults == []


def test_the_way_by_a_provider_stands_beside_the_password(
    browser: Browser, prepared_data: Path, language: Language, tmp_path: Path
) -> None:
    """Over the whole way in a browser, whose policy lets no form lead elsewhere."""
    with (
        open_services(prepared_data, tmp_path / "data", language, now_beijing) as services,
        serve_provider(FakeProvider(lambda: now_beijing().timestamp())) as provider,
    ):
        account = add_person(services.database, "张敏", "agent", now=now_beijing())
        people.link_subject(services.database, account.id, "u-1001")
        ours = OidcClient(provider.issuer, CLIENT, SECRET, CLIENT, "sub")
        port = free_port()
        settings = replace(services.settings, oidc=ours, url=f"http://127.0.0.1:{port}")
        with serving(replace(services, settings=settings), port) as address:
            page = browser.new_context(base_url=address, **CONTEXT).new_page()
            faults = watch(page)
            provider.person = {"sub": "somebody"}
            page.goto("/tickets")
            check_both_themes(page)
            page.get_by_role("link", name="用统一认证登录").click()
            expect(page.get_by_role("alert")).to_contain_text("somebody")
            check_both_themes(page)
            provider.person = {"sub": "u-1001"}
            page.get_by_role("link", name="用统一认证登录").click()
            page.wait_for_url("**/tickets")
            expect(page.get_by_role("link", name="张敏")).to_be_visible()
            assert [each for each in faults if "status of 403" not in each] == []


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
