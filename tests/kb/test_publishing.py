"""Importing the handbook: a text that differs is a new revision, nothing is ever lost."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kb.article import STATUSES, Revision
from kb.database import Database
from kb.editor import Editor
from kb.errors import ArticleNotFound
from kb.exporting import article_path, format_article
from kb.handbook import read_handbook
from kb.publication import shown_revision
from kb.publishing import HandbookReport, export_handbook, import_handbook, plan_import
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


@pytest.mark.parametrize(
    ("file", "base", "current", "plan"),
    [
        ("a", "a", "a", "same"),
        ("b", "a", "b", "same"),
        ("b", "a", "a", "take"),
        ("b", None, "a", "take"),
        ("b", None, None, "take"),
        ("a", "a", "b", "keep"),
        ("b", "a", "c", "merge"),
    ],
)
def test_who_changed_a_text_decides_what_is_taken(
    file: str, base: str | None, current: str | None, plan: str
) -> None:
    assert plan_import(file, base, current) == plan


def edit(database: Database, **fields: object) -> None:
    """Publish a change of P060101 made in the database."""
    editor = Editor(database)
    article = editor.open("P060101", now=NOW).article
    base = article.revision.number
    text = replace(article, revision=replace(article.revision, **fields))  # type: ignore[arg-type]
    number = editor.save(text, base=base, author="甲", now=NOW).revision.number
    editor.act("P060101", number, "submit", actor="甲", now=NOW)
    for reviewer in ("乙", "丙"):
        if editor.open("P060101", now=NOW).standing.status == "in_review":
            editor.act("P060101", number, "approve", actor=reviewer, now=NOW)


def test_what_only_the_database_changed_survives_an_import(
    database: Database, folder: Path
) -> None:
    edit(database, title="库里改的标题")
    report = take_in(database, folder)
    assert (report.revised, report.kept, report.conflicts) == (0, 1, ())
    assert store.read_article(database.connection, "P060101", on=DAY).title == "库里改的标题"


def test_changes_of_different_fields_are_merged_and_stay_merged(
    database: Database, folder: Path
) -> None:
    edit(database, title="库里改的标题")
    before = store.read_article(database.connection, "P060101", number=1)
    changed = replace(before, revision=replace(before.revision, steps=("文件里改的步骤。",)))
    (folder / article_path(before)).write_text(format_article(changed), "utf-8")
    report = take_in(database, folder)
    assert (report.revised, report.merged, report.conflicts) == (1, 1, ())
    merged = store.read_article(database.connection, "P060101", on=DAY)
    assert (merged.title, merged.revision.steps) == ("库里改的标题", ("文件里改的步骤。",))
    assert take_in(database, folder).revised == 0


def test_items_nobody_knows_survive_files_editors_and_merging(
    database: Database, folder: Path, tmp_path: Path
) -> None:
    path = folder / "articles" / "4" / "P060101-text.md"
    text = path.read_text("utf-8").replace("\n---\n", "\n复核组: 装维\nlevel: 3\n---\n", 1)
    path.write_text(text, "utf-8")
    assert take_in(database, folder).revised == 1
    out = tmp_path / "out"
    export_handbook(database, out, now=NOW)
    written = out / "articles" / "4" / "P060101-text.md"
    assert "\n复核组: 装维\nlevel: 3\n---\n" in written.read_text("utf-8")
    edit(database, title="库里改的标题")
    written.write_text(written.read_text("utf-8").replace("level: 3", "level: 4"), "utf-8")
    report = take_in(database, out)
    assert (report.merged, report.conflicts) == (1, ())
    merged = store.read_article(database.connection, "P060101", on=DAY)
    assert (merged.title, merged.revision.extra) == ("库里改的标题", "复核组: 装维\nlevel: 4\n")
    export_handbook(database, out, now=NOW)
    assert take_in(database, out).revised == 0
    assert export_handbook(database, out, now=NOW).changed == ()


def test_a_field_both_changed_is_a_conflict_and_nothing_is_lost(
    database: Database, folder: Path
) -> None:
    edit(database, title="库里改的标题")
    write_article(folder, "P060101", categories=["060101"], title="文件里改的标题")
    report = take_in(database, folder)
    assert report.conflicts == ("P060101 标题",)
    assert store.read_article(database.connection, "P060101", on=DAY).title == "库里改的标题"


def test_words_changed_in_the_database_only_survive_an_import(
    database: Database, folder: Path
) -> None:
    with database.transaction() as connection:
        store.save_vocabulary(connection, "never_mask", ["10086", "库里加的"])
    assert take_in(database, folder).kept == 1
    assert "库里加的" in store.read_vocabulary(database.connection, "never_mask")


def test_export_import_export_is_the_same_bytes(database: Database, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    export_handbook(database, first, now=NOW)
    assert export_handbook(database, first, now=NOW).changed == ()
    edit(database, body='改过的正文，有 "引号" 和 # 号。\n')
    assert export_handbook(database, first, now=NOW).changed == ("articles/4/P060101-text.md",)
    report = take_in(database, first)
    assert (report.revised, report.kept, report.conflicts) == (0, 0, ())
    export_handbook(database, second, now=NOW)
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_an_article_written_in_the_database_is_not_archived_for_want_of_a_file(
    database: Database, folder: Path
) -> None:
    article = store.read_article(database.connection, "P060101")
    fresh = replace(article, id="S99", slug="new")
    with database.transaction() as connection:
        store.save_article(
            connection,
            replace(fresh, revision=replace(article.revision, article_id="S99", title="新")),
            author="甲",
            reason="新写",
            now=NOW,
        )
    take_in(database, folder)
    assert store.read_article(database.connection, "S99", on=DAY).title == "新"


def test_the_articles_named_lead_the_search_not_their_status(database: Database) -> None:
    connection = database.connection
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    store.shown_numbers(connection, ["P060101"], on=DAY)
    store.read_articles(connection, on=DAY, ids=["P060101"])
    connection.set_trace_callback(None)
    assert len(asked) == 2
    for sql in asked:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert not [step for step in plan if "revision_status" in step]
