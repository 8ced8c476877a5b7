"""Importing the handbook: a text that differs is a new revision, nothing is ever lost."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kb.article import STATUSES, Revision
from kb.database import Database
from kb.errors import ArticleNotFound
from kb.handbook import read_handbook
from kb.publication import shown_revision
from kb.publishing import HandbookReport, import_handbook
from kb.store import handbook as store
from kb.store import queue
from tests.kb.small import LIMITS, NOW, write_article, write_limits

DAY = NOW.date()


def take_in(database: Database, folder: Path) -> HandbookReport:
    return import_handbook(database, read_handbook(folder), author="编辑", now=NOW)


def test_importing_again_changes_nothing(database: Database, folder: Path) -> None:
    before = queue.last_queued(database.connection)
    report = take_in(database, folder)
    assert (report.revised, report.limits_changed) == (0, 0)
    assert queue.last_queued(database.connection) == before


def test_a_changed_text_is_the_next_revision(database: Database, folder: Path) -> None:
    write_article(folder, "P060101", title="新标题", categories=["060101"], steps=["先问灯。"])
    assert take_in(database, folder).revised == 1
    newest = store.read_article(database.connection, "P060101")
    assert (newest.revision.number, newest.title) == (2, "新标题")
    numbers = [item.number for item in store.read_revisions(database.connection, "P060101")]
    assert numbers == [2, 1]
    first = store.read_article(database.connection, "P060101", number=1)
    assert first.title == "宽带全断的处理"


def test_an_article_that_moved_is_revised(database: Database, folder: Path) -> None:
    write_article(folder, "S42", section="4.2", title="技术问题处理流程", owner="别的部门")
    assert take_in(database, folder).revised == 1
    assert store.read_article(database.connection, "S42").owner == "别的部门"


def test_an_article_whose_file_is_gone_is_archived_not_deleted(
    database: Database, folder: Path
) -> None:
    (folder / "articles" / "4" / "P060101-text.md").unlink()
    assert take_in(database, folder).revised == 1
    assert store.read_article(database.connection, "P060101").revision.status == "archived"
    with pytest.raises(ArticleNotFound):
        store.read_article(database.connection, "P060101", on=DAY)
    assert take_in(database, folder).revised == 0


def test_an_archived_article_comes_back_with_its_file(database: Database, folder: Path) -> None:
    path = folder / "articles" / "4" / "P060101-text.md"
    text = path.read_text("utf-8")
    path.unlink()
    take_in(database, folder)
    path.write_text(text, "utf-8")
    assert take_in(database, folder).revised == 1
    assert store.read_article(database.connection, "P060101", on=DAY).revision.number == 3


def test_a_changed_limit_gets_the_next_revision_and_a_lost_one_goes(
    database: Database, folder: Path
) -> None:
    write_limits(folder, (LIMITS[0] | {"limit_value": "36"}, *LIMITS[2:]))
    assert take_in(database, folder).limits_changed == 2
    limits = store.read_limits(database.connection)
    assert (limits["TL001"].limit_value, limits["TL001"].revision) == (36.0, 2)
    assert "TL002" not in limits
    assert limits["TL003"].revision == 1


def test_what_changed_is_queued_for_the_index(database: Database, folder: Path) -> None:
    before = queue.last_queued(database.connection)
    write_article(folder, "P060101", title="新标题", categories=["060101"], steps=["先问灯。"])
    write_limits(folder, (LIMITS[0] | {"limit_value": "36"}, *LIMITS[1:]))
    take_in(database, folder)
    queued = [
        (change.kind, change.object_id)
        for change in queue.read_queue(database.connection)
        if change.seq > before
    ]
    assert queued == [("time_limit", "TL001"), ("article", "P060101")]


def test_a_broken_import_leaves_the_database_as_it_was(database: Database, folder: Path) -> None:
    handbook = read_handbook(folder)
    first = handbook.articles[0]
    changed = replace(first, revision=replace(first.revision, title="新"))
    broken = replace(first, id="X", revision=replace(first.revision, status="wrong"))
    bad = replace(handbook, articles=(changed, *handbook.articles[1:], broken))
    with pytest.raises(Exception, match="CHECK"):
        import_handbook(database, bad, author="x", now=NOW)
    assert take_in(database, folder).revised == 0


def test_a_draft_is_not_shown(database: Database, folder: Path) -> None:
    write_article(folder, "S42-2", section="4.2", title="草稿", status="draft")
    take_in(database, folder)
    shown = {article.id for article in store.read_articles(database.connection, on=DAY)}
    assert "S42-2" not in shown
    assert "S42" in shown


def test_a_revision_of_the_future_waits_for_its_day(database: Database, folder: Path) -> None:
    write_article(
        folder,
        "P060101",
        title="四月起",
        categories=["060101"],
        steps=["先问灯。"],
        valid_from=date(2026, 4, 1),
    )
    take_in(database, folder)
    connection = database.connection
    assert store.read_article(connection, "P060101", on=DAY).revision.number == 1
    assert store.read_article(connection, "P060101", on=date(2026, 4, 1)).title == "四月起"


def revisions(statuses: tuple[str, ...], spans: tuple[int, ...]) -> list[Revision]:
    days = (
        (date(2026, 1, 1), None),
        (date(2026, 4, 1), None),
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 1, 1), DAY),
    )
    return [
        Revision(
            article_id="P060101",
            number=number,
            title="标题",
            body="正文",
            categories=(),
            keywords=(),
            steps=(),
            time_limits=(),
            figures=(),
            sources=(),
            status=status,
            valid_from=days[span][0],
            valid_until=days[span][1],
            review_by=date(2027, 1, 1),
        )
        for number, (status, span) in enumerate(zip(statuses, spans, strict=True), 1)
    ]


@pytest.mark.parametrize("statuses", list(itertools.product(STATUSES, repeat=2)))
def test_the_rule_of_publication_and_its_sql_agree(
    database: Database, folder: Path, statuses: tuple[str, ...]
) -> None:
    handbook = read_handbook(folder)
    article = next(item for item in handbook.articles if item.id == "S42")
    for place, spans in enumerate(itertools.product(range(4), repeat=2)):
        chain = revisions(statuses, spans)
        identity = f"S42-{place}"
        with database.transaction() as connection:
            for revision in chain:
                text = replace(revision, article_id=identity, title=f"第 {revision.number} 版")
                entry = replace(article, id=identity, revision=text)
                store.save_article(connection, entry, author="", reason="", now=NOW)
        wanted = shown_revision(chain, on=DAY)
        try:
            found = store.read_article(database.connection, identity, on=DAY).revision.number
        except ArticleNotFound:
            found = 0
        assert found == (wanted.number if wanted else 0), (statuses, spans)
        listed = {item.id for item in store.read_articles(database.connection, on=DAY)}
        assert (identity in listed) == (wanted is not None)
