"""The editor's work in a real browser: writing, reviewing, and two people at once."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from indexer.sync import sync_index
from kb.store import handbook
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import InputMethod, NewPage
from web.services import Services

WRITTEN = "## 试写\n\n| 项 | 值 |\n|:-|--:|\n| 红灯 | 4 小时 |\n\n见[断网](P060101)。\n"
READING = """html => new DOMParser().parseFromString(html, "text/html")
  .querySelector(".reading").outerHTML"""
SHARE = "pane => pane.scrollTop / (pane.scrollHeight - pane.clientHeight)"
WORD_TABLE = (
    "<p class=MsoNormal>见下表</p><table><tr><td>现象</td><td>处理</td></tr>"
    "<tr><td>红灯<o:p></o:p></td><td>重插|一次</td></tr></table>"
)


def save(page: Page) -> None:
    page.get_by_role("button", name="保存为新的一版").click()
    page.wait_for_url("**saved=*")


def step(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url("**done=*")


def test_the_preview_follows_and_is_byte_for_byte_what_readers_get(edit: NewPage) -> None:
    page = edit("/edit/S12")
    page.fill("[name=body]", WRITTEN)
    expect(page.locator("#preview h2", has_text="试写")).to_be_visible()
    shown = page.inner_html("#preview")
    save(page)
    step(page, "送审")
    for who in ("乙", "丙"):
        other = edit("/edit/S12", who=who)
        other.locator("[name=action][value=approve]").click()
        other.wait_for_url("**done=approve")
    reader = edit("/articles/S12")
    published = page.evaluate(READING, reader.request.get(reader.url).text())
    expected = page.evaluate(READING, shown)
    assert published == expected


def test_scrolling_the_text_scrolls_the_preview_and_the_other_way_round(edit: NewPage) -> None:
    page = edit("/edit/S12-2")
    page.fill("[name=body]", "## 段落\n\n几句话。\n\n" * 80)
    body, preview = page.locator("[name=body]"), page.locator("#preview")
    expect(preview.locator("h2").nth(79)).to_be_attached()
    body.evaluate("each => { each.scrollTop = (each.scrollHeight - each.clientHeight) / 2; }")
    expect(preview).not_to_have_js_property("scrollTop", 0)
    assert preview.evaluate(SHARE) == pytest.approx(0.5, abs=0.02)
    preview.hover()
    page.mouse.wheel(0, -100_000)
    expect(preview).to_have_js_property("scrollTop", 0)
    expect(body).to_have_js_property("scrollTop", 0)


def found(page: Page, words: str) -> list[str]:
    """The articles in which a search finds exactly these words."""
    query = quote(f'"{words}"')
    answer = page.request.get(f"/api/v1/search?type=article&syntax=advanced&q={query}").json()
    return [each["target_id"] for each in answer["hits"]]


def test_what_is_approved_is_told_to_be_in_the_index_and_the_old_words_are_gone(
    edit: NewPage, services: Services
) -> None:
    page = edit("/edit/S43")
    old, new = "坐席手上有四样东西", "坐席桌上摆着蓝鹊图"
    assert "S43" in found(page, old)
    page.fill("[name=body]", page.input_value("[name=body]").replace(old, new))
    save(page)
    step(page, "送审")
    other = edit("/edit/S43", who="乙")
    step(other, "批准并发布")
    expect(other.locator("#index-state")).to_have_text("正在入索引…")
    sync_index(services.settings, services.database)
    expect(other.locator("#index-state")).to_have_text("已入索引")
    assert found(other, new) == ["S43"]
    assert "S43" not in found(other, old)


def test_the_trial_of_what_was_submitted_shows_itself_and_what_is_typed_stays(
    edit: NewPage,
) -> None:
    page = edit("/edit/S41")
    page.fill("[name=body]", page.input_value("[name=body]") + "\n补一句。\n")
    save(page)
    step(page, "送审")
    page.evaluate("window.stayed = true")
    page.fill("[name=keywords]", "还没保存的字")
    expect(page.locator("#trial")).to_contain_text("试算：影响", timeout=60_000)
    assert page.evaluate("window.stayed")
    assert page.input_value("[name=keywords]") == "还没保存的字"
    assert_accessible(page)


def test_a_comment_is_seen_by_the_author_and_what_is_due_for_review_by_everybody(
    edit: NewPage, services: Services
) -> None:
    page = edit("/edit/S44")
    page.fill("[name=review_by]", services.clock().date().isoformat())
    page.fill("[name=body]", page.input_value("[name=body]") + "\n补一句。\n")
    save(page)
    step(page, "送审")
    other = edit("/edit/S44", who="乙")
    other.fill("[name=comment]", "第二段请写清部门")
    step(other, "只写评论")
    page.reload()
    expect(page.locator(".events")).to_contain_text("第二段请写清部门")
    expect(page.locator(".events")).to_contain_text("乙")
    waiting = "section:has(#head-waiting) li:has-text('S44')"
    expect(edit("/edit").locator(waiting)).to_contain_text("1 条评论未解决")
    page.get_by_role("button", name="标为已解决：第二段请写清部门").press("Enter")
    page.wait_for_url("**done=resolve*")
    expect(page.locator(".events .tick")).to_have_text("✓ 已解决")
    expect(edit("/edit").locator(waiting)).not_to_contain_text("评论未解决")
    page.get_by_role("button", name="重新打开这条评论").press("Enter")
    page.wait_for_url("**done=reopen*")
    expect(page.locator(".events .flag")).to_have_text("未解决")
    assert_accessible(page)
    step(edit("/edit/S44", who="丙"), "批准并发布")
    owner = page.input_value("[name=owner]")
    for path in ("/edit", f"/edit/mine?owner={quote(owner)}", "/reports/tasks"):
        due = edit(path, who="丁").locator("section:has(#head-due)")
        expect(due).to_contain_text("技术问题跟踪与闭环管理")
        expect(due).to_contain_text(f"应复核 {services.clock().date().isoformat()} · {owner}")
    others = edit("/edit/mine?owner=%E6%97%A0", who="丁").locator("section:has(#head-due)")
    expect(others).to_contain_text("30 天内没有要复核的条目")
    assert_accessible(edit("/reports/tasks", who="丁"))


def test_an_archived_article_leads_to_its_successor(edit: NewPage, services: Services) -> None:
    page = edit("/edit/S43-2", who="乙")
    page.locator("summary", has_text="归档").press("Enter")
    page.fill("[name=successor]", "S43-3")
    page.fill("[name=comment]", "并入另一条")
    step(page, "从今天起归档")
    sync_index(services.settings, services.database)
    page.goto("/articles/S43-2")
    expect(page.get_by_role("link", name=re.compile("S43-3|宽带拨号错误码")).first).to_be_visible()
    assert "S43-2" not in found(page, "光功率与光猫指示灯读法")


def test_a_wrong_value_blocks_the_save_is_named_and_gets_the_focus(edit: NewPage) -> None:
    page = edit("/edit/S13")
    page.fill("[name=slug]", "Wrong Slug")
    expect(page.locator("[name=slug][aria-invalid=true]")).to_be_visible()
    page.get_by_role("button", name="保存为新的一版").click()
    expect(page.locator("#problem")).to_contain_text("英文短名")
    expect(page.locator("#wrong-slug")).to_contain_text("小写英文")
    assert page.evaluate("document.activeElement.name") == "slug"
    assert page.input_value("[name=slug]") == "Wrong Slug"


def test_a_killed_tab_brings_back_what_was_typed(edit: NewPage) -> None:
    page = edit("/edit/S14", who="丁")
    page.fill("[name=title]", "没有保存的标题")
    page.locator("[name=title]").blur()
    expect(page.locator("#saved")).to_contain_text(re.compile(r"已保存 \d\d:\d\d"))
    page.context.close()
    again = edit("/edit/S14", who="丁")
    assert again.input_value("[name=title]") == "没有保存的标题"
    expect(again.locator("#restored")).to_contain_text("已恢复没有保存的内容")
    assert edit("/edit/S14", who="戊").input_value("[name=title]") != "没有保存的标题"
    again.get_by_role("button", name="放弃它").click()
    expect(again.locator("#restored")).to_have_count(0)


def test_the_second_of_two_editors_sees_three_texts_and_loses_nothing(edit: NewPage) -> None:
    first, second = edit("/edit/S22", who="甲"), edit("/edit/S22", who="乙")
    second.fill("[name=title]", "乙的标题")
    first.fill("[name=title]", "甲的标题")
    first.fill("[name=keywords]", "甲的词")
    save(first)
    second.get_by_role("button", name="保存为新的一版").click()
    expect(second.get_by_role("alert")).to_contain_text("甲 已先保存了")
    expect(second.locator("ins", has_text="乙的标题")).to_be_visible()
    expect(second.locator("ins", has_text="甲的标题")).to_be_visible()
    assert_accessible(second)
    second.get_by_role("button", name="用我的，存为新的一版").click()
    second.wait_for_url("**saved=*")
    assert second.input_value("[name=title]") == "乙的标题"


def test_changes_that_do_not_meet_are_merged(edit: NewPage) -> None:
    first, second = edit("/edit/S23", who="甲"), edit("/edit/S23", who="乙")
    first.fill("[name=keywords]", "甲的词，第二个")
    save(first)
    second.fill("[name=owner]", "乙的部门")
    second.get_by_role("button", name="保存为新的一版").click()
    second.get_by_role("button", name="两边都要：保存合并后的文字").click()
    second.wait_for_url("**saved=*")
    assert second.input_value("[name=owner]") == "乙的部门"
    assert second.input_value("[name=keywords]") == "甲的词，第二个"


def test_a_stale_tab_is_told_that_somebody_has_saved(edit: NewPage) -> None:
    waiting = edit("/edit/S31", who="乙")
    waiting.clock.install()
    waiting.reload()
    other = edit("/edit/S31", who="甲")
    other.fill("[name=reason]", "先存一版")
    other.fill("[name=owner]", "新的部门")
    save(other)
    expect(waiting.locator("#overtaken")).to_be_hidden()
    waiting.clock.run_for(10_000)
    expect(waiting.locator("#overtaken")).to_contain_text("甲 刚保存了第")


def test_the_author_has_no_button_to_approve_and_is_refused(edit: NewPage) -> None:
    page = edit("/edit/S32", who="甲")
    page.fill("[name=owner]", "别的部门")
    save(page)
    step(page, "送审")
    expect(page.locator("[value=approve]")).to_have_count(0)
    answer = page.request.post(
        "/api/v1/articles/S32/approve",
        data=json.dumps(
            {"revision": int(page.locator("#draft").get_attribute("data-newest") or 0)}
        ),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 403


def test_differences_are_told_without_colour_and_an_old_text_comes_back(edit: NewPage) -> None:
    page = edit("/edit/S33", who="甲")
    before = page.input_value("[name=title]")
    page.fill("[name=title]", f"{before}（改）")
    save(page)
    page.get_by_role("link", name="版本与对照").click()
    added = page.locator("ins", has_text="（改）")
    expect(added).to_contain_text("新增：")
    assert "underline" in added.evaluate("each => getComputedStyle(each).textDecorationLine")
    assert_accessible(page)
    page.get_by_role("button", name="恢复第 1 版").click()
    page.wait_for_url("**done=restore")
    assert page.input_value("[name=title]") == before


def test_a_table_from_word_is_pasted_as_markdown_and_can_be_undone(edit: NewPage) -> None:
    page = edit("/edit/S34")
    body = page.locator("[name=body]")
    before = body.input_value()
    body.focus()
    page.keyboard.press("Control+End")
    page.evaluate(
        """html => {
          const data = new DataTransfer();
          data.setData("text/html", html);
          const event = new ClipboardEvent("paste",
            {clipboardData: data, bubbles: true, cancelable: true});
          document.querySelector("[name=body]").dispatchEvent(event);
        }""",
        WORD_TABLE,
    )
    table = "见下表\n\n| 现象 | 处理 |\n| --- | --- |\n| 红灯 | 重插\\|一次 |\n"
    assert body.input_value() == before + table
    page.keyboard.press("Control+z")
    assert body.input_value() == before


def test_a_composition_is_never_rewritten_by_preview_or_autosave(edit: NewPage) -> None:
    page = edit("/edit/S41")
    body = page.locator("[name=body]")
    body.fill("")
    body.focus()
    method = InputMethod(page)
    method.compose("guang")
    page.wait_for_timeout(600)
    method.compose("guang mao")
    method.commit("光猫")
    expect(page.locator("#preview", has_text="光猫")).to_be_visible()
    assert body.input_value() == "光猫"
    assert body.evaluate("each => each.selectionStart") == 2


def test_personal_data_and_dead_links_are_told_while_writing(edit: NewPage) -> None:
    page = edit("/edit/S42")
    page.fill("[name=body]", "找张师傅 13800138000，另见[那条](P999999)。")
    expect(page.locator("#lint")).to_contain_text("含有个人信息")
    expect(page.locator("#lint")).to_contain_text("P999999")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what ``selector`` names has the focus."""
    for _ in range(100):
        if page.evaluate("css => document.activeElement.matches(css)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {selector}")


def test_a_new_article_is_written_reviewed_and_published_by_keyboard_alone(
    edit: NewPage, services: Services
) -> None:
    page = edit("/edit")
    tab_to(page, "[name=id]")
    page.keyboard.type("S91")
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/S91")
    for name, words in (
        ("title", "键盘写的条目"), ("slug", "by-keyboard"), ("responsible_dept", "客服部"),
        ("owner", "客服部"), ("body", "只有一句。"), ("sources", "内部"),
    ):  # fmt: skip
        tab_to(page, f"[name={name}]")
        page.keyboard.type(words)
    expect(page.locator("#preview")).to_contain_text("只有一句。")
    tab_to(page, ".saving button")
    page.keyboard.press("Enter")
    page.wait_for_url("**saved=1")
    for who, action in (("甲", "submit"), ("乙", "approve")):
        page = page if who == "甲" else edit("/edit/S91", who=who)
        tab_to(page, f"[value={action}]")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**done={action}")
    expect(page.get_by_text("已发布").first).to_be_visible()
    shown = handbook.read_article(services.database.connection, "S91", on=services.clock().date())
    assert shown.revision.body == "只有一句。\n"


def test_an_owner_is_shown_the_queries_and_the_flags_of_an_article(edit: NewPage) -> None:
    page = edit()

    def post(path: str, **body: Any) -> Any:
        answer = page.request.post(f"/api/v1{path}", data=body)
        assert answer.ok, answer.text()
        return answer.json()

    suggested = post("/suggestions", text="光猫红灯一闪一闪，家里断网半天")
    item = suggested["procedures"][0]
    ticket = post("/tickets", description="红灯亮断网", category="060101")["ticket_no"]
    used = {"impression_id": item["impression_id"], "knowledge_usage": "reference"}
    post(f"/tickets/{ticket}/links", **used)
    flag = {"action": "flagged", "reason_code": "outdated", "comment": "第三步过时了"}
    post(f"/impressions/{item['impression_id']}/events", **flag)
    page.goto(f"/edit/{item['target_id']}")
    page.get_by_role("link", name="谁在用").click()
    against = page.get_by_role("region", name="报错与不适用")
    expect(against.locator("li", has_text="第三步过时了")).to_contain_text("光猫红灯一闪一闪")
    expect(page.get_by_role("link", name=ticket)).to_be_visible()
    expect(page.get_by_role("region", name="附近没有答案的提问")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("path", ["/edit", "/edit/P060101", "/edit/S90", "/edit/P060101/history"])
def test_the_editors_pages_are_accessible_and_fit_a_narrow_screen(edit: NewPage, path: str) -> None:
    page = edit(path)
    assert_accessible(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
