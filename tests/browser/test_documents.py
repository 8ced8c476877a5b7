"""A Word file becomes drafts in a real browser: looked through first, kept when confirmed."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from kb.store import editing, handbook
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import NewPage
from tests.kb import word_files
from web.services import Services

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def choose(page: Page, data: bytes) -> None:
    """Choose a Word file of these bytes and ask what it would become."""
    page.locator("[name=file]").set_input_files(
        {"name": "通知.docx", "mimeType": WORD, "buffer": data}
    )
    page.get_by_role("button", name="看看会变成什么").click()


def test_a_word_file_is_looked_through_before_anything_is_kept(
    new_page: NewPage, services: Services
) -> None:
    connection = services.database.connection
    before = handbook.read_ids(connection)
    waiting = len(editing.read_waiting(connection))
    page = new_page("/edit/import")
    choose(
        page,
        word_files.word_file(
            word_files.paragraph("蓝鹊电话机", heading=1)
            + word_files.paragraph("先看指示灯。")
            + word_files.IMAGE
            + word_files.paragraph("蓝鹊机顶盒", heading=1)
            + word_files.link("点这里", "rBad"),
            links={"rBad": "javascript:alert(1)"},
        ),
    )
    expect(page.locator(".bar")).to_contain_text("2 条 · 表格 0 个 · 图片 1 张")
    expect(page.get_by_role("region", name="请留意").get_by_role("listitem")).not_to_have_count(0)
    assert_accessible(page)
    assert handbook.read_ids(connection) == before
    assert len(editing.read_waiting(connection)) == waiting
    page.get_by_role("button", name="存成草稿").click()
    page.wait_for_url("**/edit?imported=2")
    for title in ("蓝鹊电话机", "蓝鹊机顶盒"):
        expect(page.locator(".entry", has_text=title)).to_contain_text("草稿")
    added = [
        editing.read_newest(connection, each) for each in handbook.read_ids(connection) - before
    ]
    assert {each.revision.status for each in added} == {"draft"}
    assert len(added) == 2


def test_a_file_that_is_refused_is_told_why_and_nothing_is_kept(
    new_page: NewPage, services: Services
) -> None:
    before = handbook.read_ids(services.database.connection)
    page = new_page("/edit/import")
    choose(page, word_files.bomb())
    expect(page.get_by_role("alert")).to_contain_text("压缩炸弹")
    assert handbook.read_ids(services.database.connection) == before
