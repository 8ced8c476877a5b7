"""Which revision of an article a reader gets, with the limits it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kb.article import Article
from kb.errors import ArticleNotFound
from kb.limit import TimeLimit, in_use
from kb.store import handbook
from web.services import current

READABLE = frozenset({"published", "archived"})
"""Statuses of revisions a reader may open by number: what was once valid can be looked up."""


@dataclass(frozen=True)
class FoundArticle:
    """An article as asked for. ``current_revision``: the one valid today, None if there is none."""

    article: Article
    limits: list[TimeLimit]
    current_revision: int | None

    @property
    def is_current(self) -> bool:
        """Whether this is the revision valid today."""
        return self.article.revision.number == self.current_revision


def find_article(
    article_id: str, *, revision: int | None = None, as_of: str | None = None
) -> FoundArticle:
    """The revision valid today, or the numbered one, or the one of a day; raise ArticleNotFound."""
    connection = current().database.connection
    today = current().clock().date()
    valid = _valid_number(article_id, today)
    if revision is not None:
        article = handbook.read_article(connection, article_id, number=revision)
        if article.revision.status not in READABLE:
            raise ArticleNotFound(article_id, field="article_id")
    else:
        day = date.fromisoformat(as_of) if as_of else today
        article = handbook.read_article(connection, article_id, on=day)
    ids = article.revision.time_limits
    known = handbook.read_limits(connection, ids)
    held = in_use(known, date.fromisoformat(as_of) if as_of else today)
    named = [held[each] for each in ids if each in held]
    return FoundArticle(article, named, valid)


def find_last(article_id: str) -> FoundArticle:
    """The revision that was valid last of an article that is not valid any more.

    Raise ArticleNotFound when none ever was.
    """
    connection = current().database.connection
    read = [
        each.number
        for each in handbook.read_revisions(connection, article_id)
        if each.status in READABLE and each.valid_from <= current().clock().date()
    ]
    if not read:
        raise ArticleNotFound(article_id, field="article_id")
    return find_article(article_id, revision=max(read))


def read_successor(article: Article) -> Article | None:
    """The article to read instead of one that is gone; None when it is not valid today either."""
    try:
        return find_article(article.successor).article if article.successor else None
    except ArticleNotFound:
        return None


def _valid_number(article_id: str, day: date) -> int | None:
    try:
        found = handbook.read_article(current().database.connection, article_id, on=day)
    except ArticleNotFound:
        return None
    return found.revision.number
