"""The audit trail's page in a real browser: both themes, narrow, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from indexer.language import Language
from kb.account import Role
from kb.signing_in import Place, open_sign_in
from kb.times import now_beijing
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import CONTEXT, serving, watch
from tests.conftest import open_services
from tests.kb.small import make_ticket
from tests.web.people import add_person
from web.signed import COOKIE


@pytest.fixture
def site(prepared_data: Path, language: Language, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A desk of its own with an auditor; its address, and the auditor's token."""
    with open_services(prepared_data, tmp_path / "data", language, now_beijing) as services:
        now = now_beijing()
        person = add_person(services.database, "审一", Role.AUDITOR, now=now)
        for _ in range(60):
            services.desk.create(make_ticket(), agent="甲", now=now)
        with services.database.transaction() as connection:
            token = open_sign_in(connection, person, Place("127.0.0.1", "test"), now=now)
        with serving(services) as address:
            yield address, token


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_auditor_filters_turns_pages_and_checks_the_chain(
    browser: Browser, site: tuple[str, str], has_scripts: bool
) -> None:
    address, token = site
    context = browser.new_context(
        base_url=address, **{**CONTEXT, "java_script_enabled": has_scripts}
    )
    context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
    page = context.new_page()
    faults = watch(page)
    page.goto("/")
    page.goto("/audit")
    nav = page.get_by_role("navigation", name="主导航")
    expect(nav.get_by_role("link", name="审计")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="现在核对").click()
    expect(page.get_by_role("status").first).to_contain_text("没有改动、缺失或多出")
    page.get_by_label("对象").select_option("ticket")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="条以前").click()
    expect(page.locator("tbody tr").first).to_contain_text("工单")
    if has_scripts:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert_accessible(page)
        page.set_viewport_size({"width": 320, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert [each for each in faults if "status of 403" not in each] == []
