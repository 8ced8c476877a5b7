"""The classes' pages in a real browser: found, added, renamed and retired without a mouse, and in
force with the next call."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from kb.store import handbook
from kb.suggestion import SuggestionRequest
from tests.browser.accessibility import assert_accessible
from web.services import Services

Open = Callable[..., Page]
NEW, OLD = "060199", "060101"


def approve(edit: Open, code: str, *people: str) -> Page:
    """Let people approve the change in review, by the keyboard."""
    for who in people:
        page = edit(f"/edit/classes/{code}", who=who)
        page.get_by_role("button", name="批准").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.locator("#problem")).to_have_count(0)
    return page


def chosen_from(edit: Open, path: str) -> list[str]:
    """Codes that a page's list of classes offers."""
    options = edit(path).locator("select[name=category]").first.locator("option")
    return [str(each.get_attribute("value")) for each in options.all()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_classes_are_found_by_words_level_department_and_state(edit: Open, scheme: str) -> None:
    page = edit("/edit/classes", color_scheme=scheme)
    assert_accessible(page)
    rows = page.locator("tbody tr")
    everything = rows.count()
    page.get_by_label("文字").fill("流量")
    with page.expect_navigation():
        page.get_by_label("文字").press("Enter")
    assert 0 < rows.count() < everything
    page = edit("/edit/classes?level=1", color_scheme=scheme)
    assert page.locator("tbody tr").count() == page.locator("tbody strong").count() > 0
    page = edit("/edit/classes?under=06&level=3", color_scheme=scheme)
    expect(page.locator("tbody tr").first).to_contain_text("06")
    assert int(page.locator("tbody td.number").first.inner_text()) > 0
    assert_accessible(edit(f"/edit/classes/{OLD}", color_scheme=scheme))


def test_a_class_is_added_and_retired_with_the_keyboard_and_binds_the_next_call(
    edit: Open, services: Services
) -> None:
    assert NEW not in chosen_from(edit, "/search")
    page = edit("/edit/classes")
    page.get_by_label("编码").fill(NEW)
    with page.expect_navigation():
        page.get_by_label("编码").press("Enter")
    page.locator("main [name=name]").fill("宽带全部断网")
    page.locator("[name=usual_hours]").fill("12")
    page.locator("[name=responsible_dept]").fill("装维中心")
    with page.expect_navigation():
        page.locator("[name=responsible_dept]").press("Enter")
    expect(page.locator("#problem")).to_contain_text("这次为什么改")
    expect(page.locator("[name=reason]")).to_have_attribute("aria-invalid", "true")
    assert page.input_value("main [name=name]") == "宽带全部断网"
    page.locator("[name=reason]").fill("分得更细")
    with page.expect_navigation():
        page.locator("[name=reason]").press("Enter")
    expect(page.locator("#head-waiting ~ p").nth(1)).to_contain_text("0 / 2")
    expect(page.get_by_role("button", name="批准")).to_have_count(0)
    assert_accessible(page)
    page = approve(edit, NEW, "乙", "丙")
    expect(page.locator(".state")).to_contain_text("第 1 版")
    expect(page.locator("#head-history ~ details").first).to_contain_text("批准：乙、丙")
    for path in ("/search", "/"):
        assert {NEW, OLD} <= set(chosen_from(edit, path))
    listed = page.request.get("/api/v1/categories").json()["categories"]
    assert NEW in {each["id"] for each in listed}

    page = edit(f"/edit/classes/{OLD}")
    page.locator("[name=retired]").select_option("yes")
    page.locator("[name=successor]").fill(NEW)
    page.locator("[name=reason]").fill("并入新的分类")
    with page.expect_navigation():
        page.locator("[name=reason]").press("Enter")
    page = approve(edit, OLD, "乙")
    expect(page.locator(".flag").first).to_contain_text("停用")
    for path in ("/search", "/"):
        offered = set(chosen_from(edit, path))
        assert NEW in offered
        assert OLD not in offered
    listed = page.request.get("/api/v1/categories").json()["categories"]
    assert OLD not in {each["id"] for each in listed}
    listed = page.request.get("/api/v1/categories?retired=true").json()["categories"]
    assert {"retired_on", "successor"} <= listed[0].keys()
    [old] = [each for each in listed if each["id"] == OLD]
    assert (old["successor"], bool(old["retired_on"])) == (NEW, True)
    article = f"/edit/P{OLD}"
    expect(edit(article).locator("#lint")).to_contain_text(f"已停用，请用 {NEW}")
    told = services.engine.preview(
        SuggestionRequest("家里宽带断了，光猫 LOS 灯亮红灯", limit=5), now=services.clock()
    )
    guessed = [each.id for each in told.categories]
    assert guessed[0] == NEW
    assert OLD not in guessed
    # the article that still names the old class answers for the new one
    assert told.procedures[0].target_id == f"P{OLD}"
    assert told.procedures[0].probability
    assert told.procedures[0].probability > 0.5


def test_a_stale_form_gets_both_sides_and_keeps_what_was_typed(
    edit: Open, services: Services
) -> None:
    code = "010101"
    slow = edit(f"/edit/classes/{code}", who="丁")
    fast = edit(f"/edit/classes/{code}")
    fast.locator("main [name=name]").fill("超出套餐的流量费")
    fast.locator("[name=reason]").fill("通知的叫法")
    with fast.expect_navigation():
        fast.locator("[name=reason]").press("Enter")
    approve(edit, code, "乙")
    slow.locator("main [name=name]").fill("套外流量费")
    slow.locator("[name=reason]").fill("短一些")
    with slow.expect_navigation() as answered:
        slow.locator("[name=reason]").press("Enter")
    assert answered.value.status == 412
    row = slow.locator("#head-overtaken ~ .scroll tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("超出套餐的流量费")
    expect(row).to_contain_text("套外流量费")
    assert slow.input_value("main [name=name]") == "套外流量费"
    assert_accessible(slow)
    with slow.expect_navigation():
        slow.locator("[name=reason]").press("Enter")
    expect(slow.locator("ins").first).to_contain_text("套外流量费")
    found = handbook.read_category(services.database.connection, code)
    assert found.name == "超出套餐的流量费"


@pytest.mark.parametrize("width", [320, 400, 1366])
def test_nothing_runs_off_the_page(edit: Open, width: int) -> None:
    for path in ("/edit/classes", "/edit/classes/010102"):
        page = edit(path, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_classes_work_without_a_script(edit: Open) -> None:
    page = edit("/edit/classes/01", java_script_enabled=False)
    page.locator("main [name=name]").fill("资费和计费")
    page.locator("[name=reason]").fill("短一些")
    page.get_by_role("button", name="送审").press("Enter")
    page.get_by_role("button", name="撤回").press("Enter")
    expect(page.locator("details").first).to_contain_text("已撤回")
