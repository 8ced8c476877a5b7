"""Word files and HTML on their way to articles: what is refused, converted, cut, and kept."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from kb.article import SECTIONS
from kb.database import Database
from kb.documents.container import check_docx
from kb.documents.conversion import convert_html
from kb.documents.drafting import Confirmed, Front, next_id, propose, save_parts
from kb.documents.parts import cut_document, guess_section, strip_number
from kb.documents.reading import read_document
from kb.editor import Editor
from kb.errors import DocumentRefused, InvalidInput
from kb.handbook import Handbook
from kb.resembling import Resemblance
from kb.store import handbook
from tests.kb import word_files
from tests.kb.small import NOW
from tests.kb.word_files import paragraph, word_file

OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def test_a_handbook_of_eight_chapters_becomes_31_sections() -> None:
    converted = read_document(word_files.handbook_file(), "手册.docx")
    cut = cut_document(converted.markdown, name="手册")
    assert [part.section for part in cut.parts] == list(SECTIONS)
    assert [part.title for part in cut.parts] == list(SECTIONS.values())
    assert cut.parts[0].body == "这一节写业务开通流程的做法。\n\n## 要点\n\n业务开通流程要有记录。"
    assert "| 现象 | 处理 |\n| --- | --- |\n| 红灯 | 重插\\|一次 |" in cut.parts[-1].body
    assert (converted.images, converted.tables) == (1, 1)
    assert "[官网](https://www.example.com/)" in cut.parts[-1].body
    assert "点这里" in cut.parts[-1].body
    assert "javascript" not in converted.markdown
    assert converted.warnings == (
        "有 1 张图片没有导入，请把图上的内容写成文字", "去掉了 1 个不安全的链接",
    )  # fmt: skip


REFUSED = {
    "bomb": (word_files.bomb(), "炸弹"),
    "many paragraphs": (word_file("<w:p/>" * 20_000), "段落多于"),
    "prefix of another name": (word_file("<x:p />" * 10_001), "段落多于"),
    "many members": (word_file("", more={f"word/{n}.bin": "" for n in range(2_000)}), "个部件"),
    "a large part": (word_file("", more={"word/a.bin": b"\0" * (20 * 2**20 + 1)}), "超过 20 MB"),
    "too large": (b"PK" + b"\0" * (20 * 2**20), "超过 20 MB"),
    "macro": (word_file("", more={"word/vbaProject.bin": "x"}), "宏"),
    "entities": (word_file("", more={"word/e.xml": "<!DOCTYPE a []><a/>"}), "实体"),
    "another encoding": (
        word_file("", more={"word/e.xml": '<?xml version="1.0" encoding="cp037"?><a/>'}), "UTF-8",
    ),
    "utf-16": (word_file("", more={"word/e.xml": "<a/>".encode("utf-16")}), "UTF-8"),
    "broken": (word_files.handbook_file()[:-200], "损坏"),
    "encrypted": (OLE + "EncryptedPackage".encode("utf-16-le"), "密码"),
    "old format": (OLE + b"\0" * 600, "旧格式"),
    "spreadsheet": (word_files.pack({"xl/workbook.xml": "<a/>"}), "Excel"),
    "zip": (word_files.pack({"a.txt": "a"}), "压缩包"),
    "pdf": (b"%PDF-1.7", "PDF"),
    "text": ("只是文字".encode(), "不是 .docx"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_converter_should_see_is_refused_with_the_reason(name: str) -> None:
    data, told = REFUSED[name]
    with pytest.raises(DocumentRefused) as refused:
        check_docx(data)
    assert told in refused.value.detail


def test_a_member_under_a_password_is_told_as_such() -> None:
    data = bytearray(word_file(paragraph("一")))
    for found in re.finditer(b"PK\x01\x02", bytes(data)):
        data[found.start() + 8] |= 1
    with pytest.raises(DocumentRefused, match="密码"):
        check_docx(bytes(data))


def test_the_converter_ends_itself_when_it_takes_too_long_or_too_much() -> None:
    for greed in ("b'x' * 2**30", "[None] * 10**8"):
        code = f"import kb.documents.conversion as c; c.limit(); {greed}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert b"MemoryError" in done.stderr
    code = "import kb.documents.conversion as c; c.limit(1)\nwhile True: pass"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode < 0


def test_nothing_that_runs_survives_in_html() -> None:
    text = convert_html(
        "<h2 onclick=alert(1)>标题</h2><script>alert(1)</script><style>p{}</style>"
        "<p>好<img src=x onerror=alert(1)><a href='JaVaScRiPt:alert(1)'>点</a>"
        "<a href='data:text/html,x'>看</a><iframe src=//x></iframe></p>"
        "<table><tr><td>一<br>二</td><td>三</td></tr><tr><td colspan=2>四</td></tr></table>"
    )
    assert text.markdown.startswith("## 标题\n\n好点看")
    assert "| 一 二 | 三 |\n| --- | --- |\n| 四 | |" in text.markdown
    for gone in ("alert", "script", "onerror", "data:", "iframe", "p{}"):
        assert gone not in text.markdown.lower()
    assert len(text.warnings) == 4


def test_without_heading_styles_numbers_are_taken_for_headings() -> None:
    body = ("第一章 业务开通与基础服务", "1.1 业务开通流程", "先核身。", "1.2 别的", "再开通。")
    converted = read_document(word_file("".join(map(paragraph, body))), "a.docx")
    cut = cut_document(converted.markdown, name="a")
    assert [(part.title, part.section) for part in cut.parts] == [
        ("业务开通流程", "1.1"), ("别的", "1.2"),
    ]  # fmt: skip
    assert "样式" in cut.warnings[0]


def test_text_without_any_heading_is_one_part_and_said_so() -> None:
    cut = cut_document("只有一段。", name="通知")
    assert [(part.title, part.body) for part in cut.parts] == [("通知", "只有一段。")]
    assert "整篇" in cut.warnings[0]


@pytest.mark.parametrize(
    ("markdown", "level", "titles"),
    [
        ("# 甲\n一\n## 乙\n二\n### 丙\n三\n# 丁\n四", 0, ["甲", "乙", "丁"]),
        ("# 甲\n一\n## 乙\n二\n### 丙\n三\n# 丁\n四", 1, ["甲", "丁"]),
        ("# 甲\n一\n## 乙\n二\n### 丙\n三\n# 丁\n四", 3, ["甲", "乙", "丙", "丁"]),
        ("# 全书\n## 甲\n一\n## 乙\n二", 0, ["甲", "乙"]),
        ("序\n# 甲\n```\n# 不是标题\n```\n", 0, ["文件", "甲"]),
        ("## 空的\n## 有字\n一", 0, ["有字"]),
    ],
)
def test_a_document_is_cut_at_its_headings(markdown: str, level: int, titles: list[str]) -> None:
    assert [part.title for part in cut_document(markdown, name="文件", level=level).parts] == titles


@pytest.mark.parametrize(
    ("path", "section"),
    [
        (["第三章 投诉处理与解决机制", "3.2 投诉处理流程与步骤"], "3.2"),
        (["投诉处理", "投诉处理流程和步骤"], "3.2"),
        (["第三章 投诉处理与解决机制", "3.4 别的名字"], "3.4"),
        (["第三章 投诉处理与解决机制", "毫不相干"], "3.1"),
        (["毫不相干"], ""),
        ([], ""),
    ],
)
def test_a_part_goes_where_its_headings_say(path: list[str], section: str) -> None:
    assert guess_section(path) == section


def test_numbers_of_headings_are_taken_off() -> None:
    for words in ("1.1 业务", "第二节 业务", "一、业务", "（三）业务", "第一章：业务", "2. 业务"):
        assert strip_number(words) == "业务"
    assert strip_number("5G 套餐") == "5G 套餐"


def test_articles_that_say_nearly_the_same_come_first(shipped: Handbook) -> None:
    first = shipped.articles[0]
    body = first.revision.body
    text = body[: len(body) // 2] + "另外加了一句新的。"
    found = Resemblance(shipped.articles).find(text, least=0.0)
    assert found[0].article.id == first.id
    assert 1.0 >= found[0].score > 0.6 > found[1].score > found[2].score
    assert Resemblance(shipped.articles).find("无") == []


def parts(*titles: str, target: str = "") -> list[Confirmed]:
    return [Confirmed(title, "1.1", "一段。", "", target) for title in titles]


def test_confirmed_parts_become_drafts_with_ids_of_their_section(database: Database) -> None:
    front = Front("手册", owner="客服部")
    saved = save_parts(Editor(database), parts("甲", "乙"), front, author="甲", now=NOW)
    assert [article.id for article in saved] == ["S11-2", "S11-3"]
    for article in saved:
        assert (article.revision.status, article.revision.sources) == ("draft", ("手册",))
        assert (article.owner, article.chapter) == ("客服部", 1)
    shown = {article.id for article in handbook.read_articles(database.connection, on=NOW.date())}
    assert not shown & {"S11-2", "S11-3"}


def test_a_part_may_be_the_next_revision_of_what_is_there(database: Database) -> None:
    editor = Editor(database)
    first = save_parts(editor, parts("甲"), Front("旧"), author="甲", now=NOW)[0]
    [second] = save_parts(editor, parts("乙", target=first.id), Front("新"), author="甲", now=NOW)
    assert (second.id, second.revision.number, second.title) == (first.id, 2, "乙")
    assert second.revision.sources == ("旧",)


def test_a_faulty_part_is_named_and_none_is_kept(database: Database) -> None:
    before = handbook.read_ids(database.connection)
    wrong = [*parts("甲"), Confirmed("", "1.1", "x", "")]
    with pytest.raises(InvalidInput) as refused:
        save_parts(Editor(database), wrong, Front("手册"), author="甲", now=NOW)
    assert refused.value.field == "1"
    assert handbook.read_ids(database.connection) == before
    with pytest.raises(InvalidInput):
        save_parts(Editor(database), [], Front("手册"), author="甲", now=NOW)


def test_more_parts_than_anybody_looks_through_are_refused(database: Database) -> None:
    cut = cut_document("".join(f"# {number}\n一\n" for number in range(151)), name="大")
    with pytest.raises(InvalidInput, match="151"):
        propose(database.connection, cut)


def test_ids_follow_on() -> None:
    assert next_id("1.1", []) == "S11"
    assert next_id("1.1", ["S11", "S11-2", "S11-4"]) == "S11-3"
