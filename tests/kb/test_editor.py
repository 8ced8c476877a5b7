"""Saving, reviewing, publishing and archiving over a real database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from kb.article import Article
from kb.database import Database
from kb.editor import Editor
from kb.errors import (
    ArticleNotFound,
    EditRefused,
    InvalidInput,
    LowersRanking,
    RevisionConflict,
    SelfApproval,
)
from kb.foresight import Foreseen
from kb.store import editing, queue
from kb.store import handbook as store
from tests.kb.small import NOW

ARTICLE = "P060101"


@pytest.fixture
def editor(database: Database) -> Editor:
    return Editor(database)


def shown(editor: Editor, days: int = 0) -> Article:
    on = (NOW + timedelta(days=days)).date()
    return store.read_article(editor.database.connection, ARTICLE, on=on)


def change(
    editor: Editor, body: str = "换了说法。\n", *, author: str = "甲", base: int = 1
) -> Article:
    article = editor.open(ARTICLE, now=NOW).article
    text = replace(article.revision, body=body, reason="说法过时")
    return editor.save(replace(article, revision=text), base=base, author=author, now=NOW)


def act(editor: Editor, action: str, actor: str, number: int = 2, comment: str = "") -> Article:
    return editor.act(ARTICLE, number, action, actor=actor, comment=comment, now=NOW)


def publish(editor: Editor, number: int = 2) -> Article:
    act(editor, "submit", "甲", number)
    article = act(editor, "approve", "乙", number)
    if article.revision.status == "in_review":
        article = act(editor, "approve", "丙", number)
    return article


def test_a_save_is_a_draft_that_readers_do_not_see(editor: Editor) -> None:
    before = queue.last_queued(editor.database.connection)
    saved = change(editor)
    assert (saved.revision.number, saved.revision.status) == (2, "draft")
    assert (saved.revision.author, saved.revision.based_on) == ("甲", 1)
    assert shown(editor).revision.number == 1
    assert queue.last_queued(editor.database.connection) == before


def test_an_equal_text_makes_no_revision(editor: Editor) -> None:
    change(editor)
    assert change(editor, base=2).revision.number == 2


def test_a_published_text_binds_at_once_and_is_queued_for_the_index(editor: Editor) -> None:
    change(editor)
    before = queue.last_queued(editor.database.connection)
    article = publish(editor)
    assert (article.revision.status, article.revision.reviewer) == ("published", "乙")
    assert shown(editor).revision.body == "换了说法。\n"
    assert queue.last_queued(editor.database.connection) > before
    actions = [event.action for event in editor.open(ARTICLE, now=NOW).events]
    assert actions == ["save", "submit", "approve"]


def test_the_author_cannot_publish_alone(editor: Editor) -> None:
    change(editor)
    act(editor, "submit", "甲")
    with pytest.raises(SelfApproval):
        act(editor, "approve", "甲")
    assert shown(editor).revision.number == 1


def test_an_amount_takes_two_and_a_new_round_starts_over(editor: Editor) -> None:
    change(editor, "一线 500 元内酌情。\n")
    act(editor, "submit", "甲")
    assert act(editor, "approve", "乙").revision.status == "in_review"
    assert editor.open(ARTICLE, now=NOW).standing.approvers == ("乙",)
    act(editor, "reject", "丙", comment="金额不对")
    act(editor, "submit", "甲")
    assert editor.open(ARTICLE, now=NOW).standing.approvers == ()
    act(editor, "approve", "乙")
    assert act(editor, "approve", "丙").revision.status == "published"


def test_a_rejection_needs_its_reason(editor: Editor) -> None:
    change(editor)
    act(editor, "submit", "甲")
    with pytest.raises(InvalidInput) as refused:
        act(editor, "reject", "乙")
    assert refused.value.field == "comment"


def test_a_revision_due_later_speaks_from_its_day(editor: Editor) -> None:
    article = editor.open(ARTICLE, now=NOW).article
    later = replace(
        article.revision, body="明天起这样说。\n", valid_from=NOW.date() + timedelta(days=1)
    )
    editor.save(replace(article, revision=later), base=1, author="甲", now=NOW)
    publish(editor)
    assert (shown(editor).revision.number, shown(editor, 1).revision.number) == (1, 2)


def test_the_one_who_started_from_an_older_text_is_told(editor: Editor) -> None:
    change(editor)
    with pytest.raises(RevisionConflict):
        change(editor, "我也改了。\n", author="乙", base=1)
    assert editor.open(ARTICLE, now=NOW).article.revision.body == "换了说法。\n"


def test_many_editors_at_once_have_one_winner_a_number_and_lose_no_text(editor: Editor) -> None:
    won: list[tuple[int, str]] = []
    refused: list[str] = []

    def write(name: str) -> None:
        for turn in range(8):
            text = f"{name}第{turn}次。\n"
            base = store.newest_number(editor.database.connection, ARTICLE)
            try:
                saved = change(editor, text, author=name, base=base)
                won.append((saved.revision.number, text))
            except RevisionConflict:
                refused.append(text)
        editor.database.close()

    threads = [threading.Thread(target=write, args=(f"编辑{place}",)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) + len(refused) == 12 * 8
    kept = store.read_revisions(editor.database.connection, ARTICLE)
    assert sorted(each.number for each in kept) == list(range(1, len(won) + 2))
    assert {(each.number, each.body) for each in kept if each.number > 1} == set(won)


def test_an_older_draft_cannot_be_published_over_a_newer_text(editor: Editor) -> None:
    change(editor)
    change(editor, "更新的说法。\n", base=2)
    publish(editor, 3)
    with pytest.raises(EditRefused, match="第 3 版已经发布"):
        act(editor, "submit", "甲", 2)


def test_an_archived_article_is_gone_today_and_names_its_successor(editor: Editor) -> None:
    other = next(
        each.id
        for each in store.read_articles(editor.database.connection, on=NOW.date())
        if each.id != ARTICLE
    )
    gone = editor.archive(ARTICLE, successor=other, reason="并入他条", actor="甲", now=NOW)
    assert (gone.revision.status, gone.successor) == ("archived", other)
    with pytest.raises(ArticleNotFound):
        shown(editor)
    with pytest.raises(ArticleNotFound):
        editor.archive(ARTICLE, reason="再来一次", actor="甲", now=NOW)


@pytest.mark.parametrize("successor", [ARTICLE, "S99"])
def test_a_successor_is_another_article_in_force(editor: Editor, successor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        editor.archive(ARTICLE, successor=successor, reason="并入", actor="甲", now=NOW)
    assert refused.value.field == "successor"


def test_an_old_text_comes_back_as_a_new_revision(editor: Editor) -> None:
    first = shown(editor).revision.body
    change(editor)
    publish(editor)
    restored = editor.restore(ARTICLE, 1, author="丁", now=NOW)
    assert (restored.revision.number, restored.revision.body) == (3, first)
    assert restored.revision.reason == "恢复第 1 版"
    assert [each.body for each in store.read_revisions(editor.database.connection, ARTICLE)][
        1:
    ] == [
        "换了说法。\n",
        first,
    ]


def test_what_the_lint_calls_an_error_is_not_submitted(editor: Editor) -> None:
    change(editor, "联系 13800138000。见[别处](P999999)。\n")
    with pytest.raises(EditRefused) as refused:
        act(editor, "submit", "甲")
    assert "个人信息" in refused.value.detail
    assert "P999999" in refused.value.detail
    findings = editor.open(ARTICLE, now=NOW).findings
    assert {finding.severity for finding in findings} == {"error"}


def test_a_new_article_is_drafted_and_published(editor: Editor) -> None:
    article = editor.open(ARTICLE, now=NOW).article
    text = replace(
        article.revision, article_id="S99", title="全新条目", time_limits=(), body="新\n"
    )
    fresh = replace(article, id="S99", slug="new", revision=text)
    with pytest.raises(RevisionConflict):
        editor.save(fresh, base=1, author="甲", now=NOW)
    editor.save(fresh, base=0, author="甲", now=NOW)
    with pytest.raises(ArticleNotFound):
        store.read_article(editor.database.connection, "S99", on=NOW.date())
    editor.act("S99", 1, "submit", actor="甲", now=NOW)
    assert editor.act("S99", 1, "approve", actor="乙", now=NOW).revision.status == "published"


@pytest.mark.parametrize(
    ("field", "value"), [("categories", ("999999",)), ("time_limits", ("TL999",))]
)
def test_a_code_that_does_not_exist_is_named(
    editor: Editor, field: str, value: tuple[str, ...]
) -> None:
    article = editor.open(ARTICLE, now=NOW).article
    wrong = replace(article, revision=replace(article.revision, **{field: value}))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refused:
        editor.save(wrong, base=1, author="甲", now=NOW)
    assert refused.value.field == field


def test_a_comment_is_settled_and_opened_again_and_history_keeps_both(editor: Editor) -> None:
    change(editor)
    connection = editor.database.connection
    for words in ("第二段请写清部门", "少了来源"):
        editor.comment(ARTICLE, 2, words, actor="乙", now=NOW)
    first, second = editor.open(ARTICLE, now=NOW).comments
    assert editing.count_open_comments(connection) == {ARTICLE: 2}
    editor.settle(ARTICLE, first, "resolve", actor="甲", now=NOW)
    assert editor.open(ARTICLE, now=NOW).comments == {first: True, second: False}
    assert editing.count_open_comments(connection) == {ARTICLE: 1}
    for wrong in (first, 99):
        with pytest.raises(EditRefused):
            editor.settle(ARTICLE, wrong, "resolve", actor="甲", now=NOW)
    editor.settle(ARTICLE, first, "reopen", actor="乙", now=NOW)
    assert editing.count_open_comments(connection) == {ARTICLE: 2}
    for each in (first, second):
        editor.settle(ARTICLE, each, "resolve", actor="甲", now=NOW)
    assert editing.count_open_comments(connection) == {}
    done = [(each.action, each.about, each.actor) for each in editor.open(ARTICLE, now=NOW).events]
    assert done[3:5] == [("resolve", first, "甲"), ("reopen", first, "乙")]


def test_the_reason_for_making_answers_worse_is_kept_with_the_approval(editor: Editor) -> None:
    worse = Foreseen(judged=93, up=0, down=6, mrr_before=0.9, mrr_after=0.8, chance=0.01)
    change(editor)
    act(editor, "submit", "甲")
    with pytest.raises(LowersRanking):
        editor.act(ARTICLE, 2, "approve", actor="乙", now=NOW, foreseen=worse)
    editor.act(ARTICLE, 2, "approve", actor="乙", comment="新规如此", now=NOW, foreseen=worse)
    last = editor.open(ARTICLE, now=NOW).events[-1]
    assert (last.foreseen["lowers"], last.foreseen["despite"]) == (True, "新规如此")
