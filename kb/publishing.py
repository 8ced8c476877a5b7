"""Taking the handbook's files into the database, three ways: file, database, and what both were.

Who edited only the file wins, who edited only the database wins; where both did, fields that do
not meet are merged, and what does meet is reported as a conflict and left as the database has it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from kb.article import Article, body_hash
from kb.category import Category
from kb.database import Database
from kb.diffing import FIELDS, field_texts
from kb.errors import ArticleNotFound
from kb.exporting import write_handbook
from kb.foresight import foreseen_as_dict
from kb.handbook import Handbook
from kb.holding import FREE, Ruling, own_reason
from kb.limit import TimeLimit
from kb.merging import merge_articles
from kb.store import editing, vocabulary
from kb.store import handbook as store
from kb.store.class_changes import save_categories
from kb.store.files import FileConflict, LastImport, save_import
from kb.store.glossary import read_glossary, save_glossary
from kb.stored import read_stored
from kb.taken import note_taken, read_held
from kb.times import format_instant
from kb.vocabulary import KINDS

SAME, TAKE, KEEP, MERGE = "same", "take", "keep", "merge"


@dataclass(frozen=True)
class HandbookReport:
    """What an import of the handbook changed.

    ``kept``: articles and tables that only the database had changed; ``conflicts``: article and
    field, or table, that both had changed: the database's text stands, the file's is not taken.
    ``held``: what was held back because judged answers would get worse.
    """

    articles: int
    revised: int
    limits_changed: int
    merged: int = 0
    kept: int = 0
    conflicts: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote: the articles there are, and the files whose bytes changed."""

    articles: int
    changed: tuple[str, ...]


@dataclass
class _Tally:
    ruling: Ruling
    revised: int = 0
    merged: int = 0
    kept: int = 0
    conflicts: list[FileConflict] = field(default_factory=list)
    held: list[FileConflict] = field(default_factory=list)
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
    database: Database, handbook: Handbook, *, author: str, now: datetime, ruling: Ruling = FREE
) -> HandbookReport:
    """Bring the database up to the files, in one transaction; importing again changes nothing.

    An article whose file is gone is archived by a new revision, never deleted; one that was only
    ever written in the database stays. What ``ruling`` holds back stays as the database has it.
    """
    with database.transaction() as connection:
        tally = _Tally(ruling)
        limits_changed = _import_tables(connection, handbook, tally, author, now)
        bases = editing.read_file_bases(connection)
        for article in handbook.articles:
            _import_article(connection, article, bases.get(article.id), tally, author, now)
        tally.revised += _archive_missing(connection, handbook, bases, tally, author, now)
        editing.save_file_bases(connection, tally.in_files)
        open_ends = (*tally.conflicts, *tally.held)
        counts = (tally.revised, tally.merged, tally.kept)
        save_import(connection, LastImport(format_instant(now), *counts, open_ends))
    return HandbookReport(
        articles=len(handbook.articles),
        revised=tally.revised,
        limits_changed=limits_changed,
        merged=tally.merged,
        kept=tally.kept,
        conflicts=tuple(map(str, tally.conflicts)),
        held=tuple(map(str, tally.held)),
    )


def find_changed(database: Database, handbook: Handbook, *, now: datetime) -> list[str]:
    """Ids of the articles and names of the tables that an import would change."""
    connection = database.connection
    bases, digests = editing.read_file_bases(connection), editing.read_table_bases(connection)
    tables = [
        name
        for name, (file, stored, _) in _tables(connection, handbook, now).items()
        if _plan_table(file, stored, digests.get(name)) in (TAKE, MERGE)
    ]
    articles = [
        article.id
        for article in handbook.articles
        if _plan_article(connection, article, bases.get(article.id))[0] in (TAKE, MERGE)
    ]
    missing = [article.id for article, _ in _missing(connection, handbook, bases)]
    return [*tables, *articles, *missing]


def find_reasons(database: Database, handbook: Handbook) -> dict[str, str]:
    """The reasons that the files of articles state anew in their front matter."""
    found = (
        (article.id, own_reason(article, _read(database.connection, article.id, None)))
        for article in handbook.articles
    )
    return {name: reason for name, reason in found if reason}


def _plan_article(
    connection: sqlite3.Connection, article: Article, base_number: int | None
) -> tuple[str, Article | None, Article | None]:
    """What to do with an article's file; what both last held, and what the database holds."""
    current = _read(connection, article.id, None)
    base = _read(connection, article.id, base_number) if base_number else None
    plan = plan_import(
        article_digest(article),
        article_digest(base) if base else None,
        article_digest(current) if current else None,
    )
    return plan, base, current


def _import_article(
    connection: sqlite3.Connection,
    article: Article,
    base_number: int | None,
    tally: _Tally,
    author: str,
    now: datetime,
) -> None:
    plan, base, current = _plan_article(connection, article, base_number)
    if plan == KEEP:
        tally.kept += 1
        return
    if plan != SAME and article.id in tally.ruling.held:
        texts = field_texts(article) | {"slug": article.slug}
        why = tally.ruling.held[article.id]
        tally.held.append(FileConflict(article.id, WORSE, base_number or 0, texts, why))
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
    why = tally.ruling.reason_for(article.id)
    is_new = store.save_article(connection, article, author=author, reason=_signed(why), now=now)
    tally.revised += is_new
    in_force = _read(connection, article.id, None)
    if is_new and why and in_force is not None:
        seen = tally.ruling.foreseen
        impact = foreseen_as_dict(seen, despite=why) if seen else None
        editing.add_event(
            connection, in_force.revision, "import", actor=author, comment=why, now=now,
            impact=impact,
        )  # fmt: skip
    if in_force is not None and plan != MERGE:
        tally.in_files[article.id] = in_force.revision.number


def _signed(why: str) -> str:
    """Why the database changes, as it stands in the history."""
    return f"导入手册文件；评测变差仍发布：{why}" if why else "导入手册文件"


def article_digest(article: Article) -> str:
    """Digest of all that an article's file holds."""
    place = (article.section, article.slug, article.owner, article.responsible_dept)
    return hashlib.sha256("\x1f".join((*place, body_hash(article.revision))).encode()).hexdigest()


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
    archived = 0
    for article, base in _missing(connection, handbook, bases):
        if article_digest(base) != article_digest(article):
            tally.conflicts.append(FileConflict(article.id, ("文件已删除",), bases[article.id]))
            continue
        if article.id in tally.ruling.held:
            why = tally.ruling.held[article.id]
            tally.held.append(
                FileConflict(article.id, ("文件已删除", *WORSE), bases[article.id], why=why)
            )
            continue
        gone = replace(
            article, revision=replace(article.revision, status="archived", valid_from=now.date())
        )
        store.save_article(connection, gone, author=author, reason="手册文件已删除", now=now)
        editing.drop_file_base(connection, article.id)
        archived += 1
    return archived


def _missing(
    connection: sqlite3.Connection, handbook: Handbook, bases: Mapping[str, int]
) -> Iterator[tuple[Article, Article]]:
    """Articles whose file is gone, and what both last held."""
    present = {article.id for article in handbook.articles}
    for article in store.read_articles(connection):
        if article.id in present or article.revision.status == "archived":
            continue
        base = _read(connection, article.id, bases[article.id]) if article.id in bases else None
        if base is not None:
            yield article, base


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
    bases, held = editing.read_table_bases(connection), read_held(connection)
    changed = 0
    words: dict[str, Any] = {}
    for name, (file, stored, save) in _tables(connection, handbook, now).items():
        plan = _plan_table(file, stored, bases.get(name))
        if plan in (TAKE, MERGE) and name in tally.ruling.held:
            why = tally.ruling.held[name]
            tally.held.append(FileConflict("", (f"{TABLE_NAMES[name]}表", *WORSE), why=why))
            continue
        if plan == TAKE and name in KINDS:
            words[name] = file
        elif plan == TAKE:
            changed += save(connection) or 0
        elif plan == KEEP:
            tally.kept += 1
        elif plan == MERGE:
            tally.conflicts.append(FileConflict("", (f"{TABLE_NAMES[name]}表",)))
        if plan in (SAME, TAKE):
            editing.save_table_base(connection, name, _digest(file))
    note_taken(connection, held, tally.ruling, author=author, now=now)
    if words:
        signed = _sign_words(tally.ruling, author, words)
        vocabulary.add_version(connection, words, signed, now=now)
    return changed


def _sign_words(ruling: Ruling, author: str, words: Mapping[str, Any]) -> vocabulary.Signed:
    why = "；".join(dict.fromkeys(filter(None, map(ruling.reason_for, words))))
    impact = {**foreseen_as_dict(ruling.foreseen), "despite": why} if ruling.foreseen else None
    return vocabulary.Signed(author, _signed(why), impact=impact if why else None)


def _plan_table(file: object, stored: object, base: str | None) -> str:
    return plan_import(_digest(file), base, None if stored is None else _digest(stored))


WORSE = ("评测变差",)
TABLE_NAMES: Mapping[str, str] = {
    "categories": "投诉分类",
    "limits": "时限",
    "figures": "数值",
    **KINDS,
    "workdays": "工作日历",
    "glossary": "术语",
}


def _tables(connection: sqlite3.Connection, handbook: Handbook, now: datetime) -> dict[str, Table]:
    classes = handbook.categories
    confusions = [[each.wrong, each.correct, each.is_safe] for each in handbook.confusions]
    tables: dict[str, Table] = {
        "categories": (
            list(map(_as_filed, classes)),
            list(map(_as_filed, store.read_categories(connection).values())),
            lambda open_: save_categories(open_, classes, now=now),
        ),
        "limits": (
            [_as_filed(each) for each in sorted(handbook.limits, key=lambda limit: limit.id)],
            list(map(_as_filed, store.read_limits(connection).values())),
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


ADDED = frozenset({"retired_on", "successor"})
"""Columns that files have where something stands in them: a row without has the digest of old."""


def _as_filed(row: Category | TimeLimit) -> dict[str, Any]:
    """A class or limit as its file holds it, which knows no revisions."""
    values = dict(vars(row))
    values.pop("revision")
    if isinstance(row, TimeLimit):
        values["revision"] = 1  # as digests were made before
    return {name: value for name, value in values.items() if value or name not in ADDED}


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
