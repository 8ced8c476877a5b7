"""The time limits' pages in a real browser: found, changed and approved without a mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from kb.store import handbook
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from web.services import Services

LIMIT = "TL001"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_limits_are_found_by_words_class_authority_and_state(edit: NewPage, scheme: str) -> None:
    page = edit("/edit/limits", color_scheme=scheme)
    assert_accessible(page)
    rows = page.locator("tbody tr")
    everything = rows.count()
    page.get_by_label("文字").fill("障碍修复")
    page.get_by_label("文字").press("Enter")
    expect(rows.first).to_contain_text("障碍修复")
    assert 0 < rows.count() < everything
    page = edit("/edit/limits?state=unverified", color_scheme=scheme)
    assert page.locator("tbody tr").count() == page.locator("tbody .flag").count() > 0
    page = edit("/edit/limits?authority=statute&category=0601", color_scheme=scheme)
    expect(page.locator("tbody tr").first).to_contain_text("法律法规")
    assert_accessible(edit(f"/edit/limits/{LIMIT}", color_scheme=scheme))


def wait_for_trial(page: Page) -> None:
    """Until the trial that began with the proposal tells what it found."""
    for _ in range(300):
        if "试算：影响" in page.locator("#trial").inner_text():
            return
        expect(page.locator("#trial")).to_contain_text("正在试算")
        page.wait_for_timeout(200)
        page.get_by_role("link", name="看算完没有").click()
    pytest.fail("the trial never ended")


def test_a_limit_is_changed_with_the_keyboard_by_three_people(
    edit: NewPage, services: Services
) -> None:
    page = edit(f"/edit/limits/{LIMIT}")
    expect(page.locator("[name=limit_value]")).to_have_value("48")
    page.locator("[name=limit_value]").fill("36")
    page.locator("[name=limit_value]").press("Enter")
    expect(page.locator("#problem")).to_contain_text("这次为什么改")
    expect(page.locator("[name=reason]")).to_have_attribute("aria-invalid", "true")
    assert page.input_value("[name=limit_value]") == "36"
    page.locator("[name=reason]").fill("新规")
    page.locator("[name=reason]").press("Enter")
    expect(page.locator("#head-waiting")).to_be_visible()
    expect(page.locator("ins").first).to_contain_text("36")
    wait_for_trial(page)
    expect(page.get_by_role("button", name="批准")).to_have_count(0)
    assert_accessible(page)
    for who in ("乙", "丙"):
        other = edit(f"/edit/limits/{LIMIT}/impact", who=who)
        expect(other.locator("#impact")).to_contain_text("条评测查询")
        button = other.get_by_role("button", name="批准")
        button.focus()
        other.keyboard.press("Enter")
        other.wait_for_url(f"**/edit/limits/{LIMIT}")
    expect(other.locator(".state")).to_contain_text("第 2 版")
    expect(other.locator("#head-history ~ details").first).to_contain_text("批准：乙、丙")
    assert handbook.read_limit(services.database.connection, LIMIT).limit_value == 36
    assert_accessible(other)


@pytest.mark.parametrize("width", [320, 400, 1366])
def test_nothing_runs_off_the_page(edit: NewPage, width: int) -> None:
    for path in ("/edit/limits", f"/edit/limits/{LIMIT}"):
        page = edit(path, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_limits_work_without_a_script(edit: NewPage) -> None:
    page = edit("/edit/limits/TL002", java_script_enabled=False)
    page.locator("[name=limit_value]").fill("60")
    page.locator("[name=reason]").fill("新规")
    page.get_by_role("button", name="送审").press("Enter")
    page.get_by_role("button", name="撤回").press("Enter")
    expect(page.locator("details").first).to_contain_text("已撤回")
