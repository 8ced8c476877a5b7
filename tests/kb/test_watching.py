"""The handbook's files taken in as they change; what meets a draft or an edit is never lost."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kb.database import Database
from kb.editor import Editor
from kb.errors import EditRefused, KBError
from kb.exporting import article_path, format_article
from kb.publishing import HandbookReport
from kb.store import editing, files
from kb.store import handbook as store
from kb.watching import HandbookWatcher
from tests.kb.small import NOW, write_article

ARTICLE = "P060101"
Tell = HandbookReport | KBError


@pytest.fixture
def told() -> list[Tell]:
    return []


@pytest.fixture
def watcher(database: Database, folder: Path, told: list[Tell]) -> HandbookWatcher:
    return HandbookWatcher(database, folder, clock=lambda: NOW, tell=told.append)


def title(database: Database) -> str:
    return store.read_article(database.connection, ARTICLE, on=NOW.date()).title


def edit_file(folder: Path, words: str) -> None:
    write_article(folder, ARTICLE, categories=["060101"], title=words, steps=["先问。"])


def draft(database: Database, words: str, *, base: int = 1) -> int:
    article = editing.read_newest(database.connection, ARTICLE)
    text = replace(article.revision, title=words)
    saved = Editor(database).save(replace(article, revision=text), base=base, author="甲", now=NOW)
    return saved.revision.number


def publish(database: Database, number: int) -> None:
    editor = Editor(database)
    editor.act(ARTICLE, number, "submit", actor="甲", now=NOW)
    editor.act(ARTICLE, number, "approve", actor="乙", now=NOW)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_changed_file_is_taken_in_without_being_asked(
    database: Database, folder: Path, watcher: HandbookWatcher, told: list[Tell]
) -> None:
    watcher.start()
    try:
        edit_file(folder, "文件里改的")
        until(lambda: title(database) == "文件里改的")
        edit_file(folder, "又改一次")
        until(lambda: title(database) == "又改一次")
    finally:
        watcher.stop()
    assert [each.revised for each in told if isinstance(each, HandbookReport)] == [1, 1]


def test_what_both_changed_is_kept_for_the_editors_with_the_files_text(
    database: Database, folder: Path, watcher: HandbookWatcher, told: list[Tell]
) -> None:
    publish(database, draft(database, "库里改的"))
    edit_file(folder, "文件里改的")
    watcher.take_in()
    assert title(database) == "库里改的"
    done = files.read_import(database.connection)
    assert done is not None
    [conflict] = done.conflicts
    assert (conflict.article_id, conflict.base) == (ARTICLE, 1)
    assert conflict.texts["title"] == "文件里改的"
    assert "标题" in conflict.what
    assert isinstance(told[-1], HandbookReport)
    assert told[-1].conflicts


def test_a_draft_that_a_file_overtakes_stays_on_the_list_until_somebody_decides(
    database: Database, folder: Path, watcher: HandbookWatcher
) -> None:
    number = draft(database, "草稿里改的")
    assert editing.read_overtaken(database.connection) == []
    edit_file(folder, "文件里改的")
    watcher.take_in()
    [lost] = editing.read_overtaken(database.connection)
    assert (lost.title, lost.revision.number) == ("草稿里改的", number)
    newest = editing.read_newest(database.connection, ARTICLE).revision.number
    assert editing.common_base(database.connection, ARTICLE, number, newest) == 1
    editor = Editor(database)
    editor.give_up(ARTICLE, number, actor="甲", now=NOW)
    assert editing.read_overtaken(database.connection) == []
    with pytest.raises(EditRefused):
        editor.give_up(ARTICLE, number, actor="甲", now=NOW)
    kept = store.read_article(database.connection, ARTICLE, number=number)
    assert kept.title == "草稿里改的"


def test_a_draft_taken_further_is_not_overtaken(
    database: Database, folder: Path, watcher: HandbookWatcher
) -> None:
    draft(database, "草稿里改的")
    edit_file(folder, "文件里改的")
    watcher.take_in()
    draft(database, "合并后的", base=3)
    assert editing.read_overtaken(database.connection) == []


def test_a_folder_that_cannot_be_read_changes_nothing_and_says_why(
    database: Database, folder: Path, watcher: HandbookWatcher, told: list[Tell]
) -> None:
    path = next((folder / "articles").rglob(f"{ARTICLE}*.md"))
    path.write_text("---\nid: [\n", "utf-8")
    watcher.take_in()
    done = files.read_import(database.connection)
    assert done is not None
    assert done.problem
    assert isinstance(told[-1], KBError)
    assert store.read_article(database.connection, ARTICLE, on=NOW.date()).revision.number == 1


def test_a_folder_in_the_middle_of_a_move_archives_nothing(
    database: Database, folder: Path, watcher: HandbookWatcher
) -> None:
    for chapter in range(1, 8):
        shutil.rmtree(folder / "articles" / str(chapter), ignore_errors=True)
    before = len(store.read_articles(database.connection, on=NOW.date()))
    watcher.take_in()
    done = files.read_import(database.connection)
    assert done is not None
    assert "只剩" in done.problem
    assert len(store.read_articles(database.connection, on=NOW.date())) == before


def test_a_file_written_back_is_no_change(
    database: Database, folder: Path, watcher: HandbookWatcher, told: list[Tell]
) -> None:
    article = store.read_article(database.connection, ARTICLE)
    (folder / article_path(article)).write_text(format_article(article), "utf-8")
    watcher.take_in()
    assert told == []
