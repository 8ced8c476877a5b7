"""The vocabulary in a real browser: tried, saved, gone back on, without a mouse or a script."""

from __future__ import annotations

from playwright.sync_api import expect

from indexer.sync import sync_index
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from web.services import Services

PAGE = "/edit/vocabulary"
ADD = "(box, row) => { box.value += '\\n' + row; }"


def test_a_change_is_tried_before_it_is_saved(edit: NewPage) -> None:
    page = edit("/edit")
    page.get_by_role("link", name="词表").click()
    page.locator("[name=confusions]").evaluate(ADD, "红灯,绿灯,safe\n流量,苹果,safe")
    page.get_by_role("button", name="先看影响").click()
    impact = page.locator("#impact")
    expect(impact).to_contain_text("条评测查询")
    shown = impact.locator("details").first
    shown.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(shown.get_by_role("heading", name="现在")).to_be_visible()
    expect(shown.get_by_role("heading", name="发布后")).to_be_visible()
    assert "红灯,绿灯,safe" in page.input_value("[name=confusions]")
    assert_accessible(page)
    assert "红灯,绿灯,safe" not in edit(PAGE).input_value("[name=confusions]")


def test_a_wrong_row_is_named_and_nothing_typed_is_lost(edit: NewPage) -> None:
    page = edit(PAGE)
    page.locator("[name=synonyms]").evaluate(ADD, "独词")
    page.fill("[name=reason]", "试")
    page.get_by_role("button", name="保存为新的一版").click()
    expect(page.locator("#problem")).to_contain_text("一组至少两个词")
    expect(page.locator("[name=synonyms][aria-invalid=true]")).to_be_visible()
    assert page.input_value("[name=synonyms]").endswith("独词")
    assert page.input_value("[name=reason]") == "试"
    assert_accessible(page)


def test_without_a_script_or_a_mouse_a_word_is_saved_found_and_taken_back(
    edit: NewPage, services: Services
) -> None:
    page = edit(PAGE, java_script_enabled=False)
    page.locator("summary", has_text="词典").press("Enter")
    page.locator("[name=words]").fill("紫薇网络")
    page.locator("[name=reason]").fill("新业务名")
    page.locator("[name=reason]").press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[role=status]").first).to_contain_text("已保存为第 2 版")
    sync_index(services.settings, services.database)
    assert "紫薇网络" in services.engine.opened().language.analyzer.words("紫薇网络断了")
    page.get_by_role("link", name="版本与对照").press("Enter")
    expect(page.locator("ins")).to_contain_text("紫薇网络")
    assert_accessible(edit("/edit/vocabulary/history"))
    page.get_by_role("button", name="退回第 1 版").press("Enter")
    expect(page.locator(".state")).to_contain_text("第 3 版")
    assert page.input_value("[name=words]") == ""
    sync_index(services.settings, services.database)


def test_the_end_of_cutting_anew_is_told_without_a_reload(
    edit: NewPage, services: Services
) -> None:
    page = edit(PAGE)
    page.locator("summary", has_text="词典").click()
    page.locator("[name=words]").evaluate(ADD, "紫薇宽带")
    page.fill("[name=reason]", "试")
    page.get_by_role("button", name="保存为新的一版").click()
    page.wait_for_url("**saved=*")
    expect(page.locator("#recut")).to_contain_text("正在按新词重切")
    sync_index(services.settings, services.database)
    expect(page.locator("#recut")).to_have_text("全部生效。")


def test_a_draft_shows_what_publishing_would_change(edit: NewPage) -> None:
    page = edit("/edit/S31")
    page.fill("[name=title]", "盒子上红灯一直亮怎么办")
    page.get_by_role("button", name="保存为新的一版").click()
    page.wait_for_url("**saved=*")
    page.get_by_role("link", name="发布后的影响").click()
    expect(page.locator("#impact")).to_contain_text("条评测查询")
    assert_accessible(page)
