"""Taking the handbook's files into the database: a text that differs becomes a new revision."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime

from kb.database import Database
from kb.handbook import Handbook
from kb.store import handbook as store


@dataclass(frozen=True)
class HandbookReport:
    """What an import of the handbook changed."""

    articles: int
    revised: int
    limits_changed: int


def import_handbook(
    database: Database, handbook: Handbook, *, author: str, now: datetime
) -> HandbookReport:
    """Bring the database up to the files, in one transaction; importing again changes nothing.

    An article whose file is gone is archived by a new revision, never deleted.
    """
    revised = 0
    with database.transaction() as connection:
        store.save_categories(connection, handbook.categories)
        limits_changed = store.save_limits(connection, handbook.limits, now=now)
        store.save_figures(connection, handbook.figures)
        confusions = [[item.wrong, item.correct, item.is_safe] for item in handbook.confusions]
        store.save_vocabulary(connection, "synonyms", handbook.synonyms)
        store.save_vocabulary(connection, "ambiguous", handbook.ambiguous)
        store.save_vocabulary(connection, "confusions", confusions)
        store.save_vocabulary(connection, "never_mask", handbook.never_mask)
        store.save_vocabulary(connection, "workdays", handbook.workdays)
        for article in handbook.articles:
            revised += store.save_article(
                connection, article, author=author, reason="导入手册文件", now=now
            )
        revised += _archive_missing(connection, handbook, author=author, now=now)
    return HandbookReport(len(handbook.articles), revised, limits_changed)


def _archive_missing(
    connection: sqlite3.Connection, handbook: Handbook, *, author: str, now: datetime
) -> int:
    present = {article.id for article in handbook.articles}
    archived = 0
    for article in store.read_articles(connection):
        if article.id in present or article.revision.status == "archived":
            continue
        gone = replace(
            article, revision=replace(article.revision, status="archived", valid_from=now.date())
        )
        store.save_article(connection, gone, author=author, reason="手册文件已删除", now=now)
        archived += 1
    return archived
