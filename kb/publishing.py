"""Taking the handbook's files into the database, three ways: file, database, and what both were.

Who edited only the file wins, who edited only the database wins; where both did, fields that do
not meet are merged, and what does meet is reported as a conflict and left as the database has it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kb.article import Article, body_hash
from kb.database import Database
from kb.diffing import FIELDS, field_texts, merge_texts
from kb.errors import ArticleNotFound, InvalidInput
from kb.exporting import write_handbook
from kb.handbook import KNOWN, Handbook
from kb.other_items import tidy_items
from kb.store import editing, vocabulary
from kb.store import handbook as store
from kb.store.files import FileConflict, LastImport, save_import
from kb.store.glossary import read_glossary, save_glossary
from kb.stored import read_stored
from kb.times import format_instant
from kb.vocabulary import KINDS

SAME, TAKE, KEEP, MERGE = "same", "take", "keep", "merge"


@dataclass(frozen=True)
class HandbookReport:
    """What an import of the handbook changed.

    ``kept``: articles and tables that only the database had changed; ``conflicts``: article and
    field, or table, that both had changed: the database's text stands, the file's is not taken.
    """

    articles: int
    revised: int
    limits_changed: int
    merged: int = 0
    kept: int = 0
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote: the articles there are, and the files whose bytes changed."""

    articles: int
    changed: tuple[str, ...]


@dataclass
class _Tally:
    revised: int = 0
    merged: int = 0
    kept: int = 0
    conflicts: list[FileConflict] = field(default_factory=list)
    in_files: dict[str, int] = field(default_factory=dict)


def plan_import(file: str, base: str | None, current: str | None) -> str:
    """What to do with one text, given the digests of its three states. Touches nothing.

    ``base``: when file and database were last equal, None when that is not known.
    """
    if file == current:
        return SAME
    if current is None or base is None or current == base:
        return TAKE
    return KEEP if file == base else MERGE


def import_handbook(
    database: Database, handbook: Handbook, *, author: str, now: datetime
) -> HandbookReport:
    """Bring the database up to the files, in one transaction; importing again changes nothing.

    An article whose file is gone is archived by a new revision, never deleted; one that was only
    ever written in the database stays.
    """
    with database.transaction() as connection:
        tally = _Tally()
        limits_changed = _import_tables(connection, handbook, tally, author, now)
        bases = editing.read_file_bases(connection)
        for article in handbook.articles:
            _import_article(connection, article, bases.get(article.id), tally, author, now)
        tally.revised += _archive_missing(connection, handbook, bases, tally, author, now)
        editing.save_file_bases(connection, tally.in_files)
        conflicts = tuple(tally.conflicts)
        counts = (tally.revised, tally.merged, tally.kept)
        save_import(connection, LastImport(format_instant(now), *counts, conflicts))
    return HandbookReport(
        articles=len(handbook.articles),
        revised=tally.revised,
        limits_changed=limits_changed,
        merged=tally.merged,
        kept=tally.kept,
        conflicts=tuple(map(str, conflicts)),
    )


def _import_article(
    connection: sqlite3.Connection,
    article: Article,
    base_number: int | None,
    tally: _Tally,
    author: str,
    now: datetime,
) -> None:
    current = _read(connection, article.id, None)
    base = _read(connection, article.id, base_number) if base_number else None
    plan = plan_import(
        article_digest(article),
        article_digest(base) if base else None,
        article_digest(current) if current else None,
    )
    if plan == KEEP:
        tally.kept += 1
        return
    if plan == MERGE and base is not None and current is not None:
        merged, conflicts = merge_articles(base, current, article)
        if conflicts:
            what = tuple(FIELDS[name] for name in conflicts)
            texts = field_texts(article) | {"slug": article.slug}
            tally.conflicts.append(FileConflict(article.id, what, base_number or 0, texts))
            return
        tally.merged += 1
        article = merged
    tally.revised += store.save_article(
        connection, article, author=author, reason="导入手册文件", now=now
    )
    in_force = _read(connection, article.id, None)
    if in_force is not None and plan != MERGE:
        tally.in_files[article.id] = in_force.revision.number


def article_digest(article: Article) -> str:
    """Digest of all that an article's file holds."""
    place = (article.section, article.slug, article.owner, article.responsible_dept)
    return hashlib.sha256("\x1f".join((*place, body_hash(article.revision))).encode()).hexdigest()


def merge_articles(base: Article, mine: Article, theirs: Article) -> tuple[Article, list[str]]:
    """The article with the changes of both sides, and the fields where they meet."""
    texts = [field_texts(article) for article in (base, mine, theirs)]
    merged: dict[str, str] = {}
    conflicts = []
    for name in FIELDS:
        found = merge_texts(*(each[name] for each in texts))
        merged[name] = found.text
        if found.is_conflict or (name == "extra" and not _is_tidy(found.text)):
            conflicts.append(name)
    return apply_texts(mine, merged), conflicts


def _is_tidy(text: str) -> bool:
    """Whether lines of unknown items, merged, are still YAML."""
    try:
        return tidy_items(text, known=KNOWN) == text
    except InvalidInput:
        return False


def apply_texts(article: Article, texts: Mapping[str, str]) -> Article:
    """The article with other field texts, as ``field_texts`` wrote them."""

    def lines(name: str) -> tuple[str, ...]:
        return tuple(line for line in texts[name].splitlines() if line.strip())

    revision = replace(
        article.revision,
        title=texts["title"],
        body=texts["body"],
        categories=lines("categories"),
        keywords=lines("keywords"),
        steps=lines("steps"),
        time_limits=lines("time_limits"),
        figures=lines("figures"),
        sources=lines("sources"),
        valid_from=date.fromisoformat(texts["valid_from"]),
        valid_until=date.fromisoformat(texts["valid_until"]) if texts["valid_until"] else None,
        review_by=date.fromisoformat(texts["review_by"]),
        extra=texts["extra"],
    )
    return replace(
        article,
        chapter=int(texts["section"].partition(".")[0]),
        section=texts["section"],
        owner=texts["owner"],
        responsible_dept=texts["responsible_dept"],
        revision=revision,
    )


def _read(connection: sqlite3.Connection, article_id: str, number: int | None) -> Article | None:
    """Revision ``number``, or the last one put in force."""
    try:
        return store.read_article(connection, article_id, number=number)
    except ArticleNotFound:
        return None


def _archive_missing(
    connection: sqlite3.Connection,
    handbook: Handbook,
    bases: Mapping[str, int],
    tally: _Tally,
    author: str,
    now: datetime,
) -> int:
    present = {article.id for article in handbook.articles}
    archived = 0
    for article in store.read_articles(connection):
        if article.id in present or article.revision.status == "archived":
            continue
        base = _read(connection, article.id, bases[article.id]) if article.id in bases else None
        if base is None:
            continue
        if article_digest(base) != article_digest(article):
            tally.conflicts.append(FileConflict(article.id, ("文件已删除",), bases[article.id]))
            continue
        gone = replace(
            article, revision=replace(article.revision, status="archived", valid_from=now.date())
        )
        store.save_article(connection, gone, author=author, reason="手册文件已删除", now=now)
        editing.drop_file_base(connection, article.id)
        archived += 1
    return archived


Table = tuple[object, object, Callable[[sqlite3.Connection], int | None]]
"""What the file holds, what the database holds, and how the file's is saved."""


def _import_tables(
    connection: sqlite3.Connection,
    handbook: Handbook,
    tally: _Tally,
    author: str,
    now: datetime,
) -> int:
    """Take each table whose file changed; return how many limits changed.

    Those of the vocabulary are taken together, as one version of it.
    """
    bases = editing.read_table_bases(connection)
    changed = 0
    words: dict[str, Any] = {}
    for name, (file, stored, save) in _tables(connection, handbook, now).items():
        digest = _digest(file)
        plan = plan_import(digest, bases.get(name), None if stored is None else _digest(stored))
        if plan == TAKE and name in KINDS:
            words[name] = file
        elif plan == TAKE:
            changed += save(connection) or 0
        elif plan == KEEP:
            tally.kept += 1
        elif plan == MERGE:
            tally.conflicts.append(FileConflict("", (f"{TABLE_NAMES[name]}表",)))
        if plan in (SAME, TAKE):
            editing.save_table_base(connection, name, digest)
    if words:
        signed = vocabulary.Signed(author, "导入手册文件")
        vocabulary.add_version(connection, words, signed, now=now)
    return changed


TABLE_NAMES: Mapping[str, str] = {
    "categories": "投诉分类",
    "limits": "时限",
    "figures": "数值",
    **KINDS,
    "workdays": "工作日历",
    "glossary": "术语",
}


def _tables(connection: sqlite3.Connection, handbook: Handbook, now: datetime) -> dict[str, Table]:
    limits = [replace(limit, revision=1) for limit in store.read_limits(connection).values()]
    confusions = [[each.wrong, each.correct, each.is_safe] for each in handbook.confusions]
    tables: dict[str, Table] = {
        "categories": (
            list(handbook.categories),
            list(store.read_categories(connection).values()),
            lambda open_: store.save_categories(open_, handbook.categories),
        ),
        "limits": (
            sorted(handbook.limits, key=lambda limit: limit.id),
            limits,
            lambda open_: store.save_limits(open_, handbook.limits, now=now),
        ),
        "figures": (
            sorted(handbook.figures, key=lambda figure: figure.id),
            store.read_figures(connection),
            lambda open_: store.save_figures(open_, handbook.figures),
        ),
        "glossary": (
            list(handbook.glossary),
            list(read_glossary(connection)),
            lambda open_: save_glossary(open_, handbook.glossary),
        ),
    }
    words: dict[str, Any] = {
        "words": list(handbook.words),
        "synonyms": [list(group) for group in handbook.synonyms],
        "ambiguous": list(handbook.ambiguous),
        "confusions": confusions,
        "never_mask": list(handbook.never_mask),
        "workdays": dict(handbook.workdays),
    }
    for kind, content in words.items():
        tables[kind] = (content, store.read_vocabulary(connection, kind), _saver(kind, content))
    return tables


def _saver(kind: str, content: object) -> Callable[[sqlite3.Connection], None]:
    return lambda connection: store.save_vocabulary(connection, kind, content)


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=vars)
    return hashlib.sha256(text.encode()).hexdigest()


def export_handbook(database: Database, folder: Path, *, now: datetime) -> ExportReport:
    """Write the handbook as shown today below ``folder``, and remember that both are equal now.

    The same content is the same bytes; exporting again changes no file.
    """
    with database.transaction() as connection:
        handbook = read_stored(connection, on=now.date())
        changed = write_handbook(folder, handbook)
        numbers = {article.id: article.revision.number for article in handbook.articles}
        editing.save_file_bases(connection, numbers)
        for name, (_, stored, _) in _tables(connection, handbook, now).items():
            editing.save_table_base(connection, name, _digest(stored))
    return ExportReport(len(handbook.articles), tuple(changed))
