"""Articles, revisions, categories, time limits, figures and vocabulary."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from kb.article import Article, Revision, body_hash
from kb.category import Category, current_code
from kb.errors import ArticleNotFound, CategoryNotFound, TimeLimitNotFound
from kb.figure import Figure
from kb.limit import TimeLimit
from kb.publication import IS_SHOWN_SQL
from kb.store.queue import enqueue
from kb.store.rows import insert, parse_row, placeholders, row_values
from kb.times import format_instant

_ARTICLE = (
    "SELECT article.*, revision.* FROM revision JOIN article ON article.id = revision.article_id"
)


def save_article(
    connection: sqlite3.Connection, article: Article, *, author: str, reason: str, now: datetime
) -> bool:
    """Add the article's text as its newest revision if it differs from the last one in force.

    Say whether it did. The revision number given is not used: numbers follow on without a gap.
    """
    current = _read_current(connection, article.id)
    is_same = current and body_hash(current.revision) == body_hash(article.revision)
    if is_same and _has_place(connection, _place(article)):
        return False
    based_on = current.revision.number if current else None
    revision = replace(article.revision, author=author, reason=reason, based_on=based_on)
    number = add_revision(connection, replace(article, revision=revision), now=now)
    put_in_force(connection, article, number, now=now)
    return True


def _read_current(connection: sqlite3.Connection, article_id: str) -> Article | None:
    row = connection.execute(
        f"{_ARTICLE} WHERE article.id = ? AND revision.number = article.current_revision",
        (article_id,),
    ).fetchone()
    return _parse_article(row) if row else None


def add_revision(connection: sqlite3.Connection, article: Article, *, now: datetime) -> int:
    """Keep a text as the article's next revision; return its number. It is not in force yet."""
    place = _place(article)
    connection.execute(
        "INSERT INTO article"
        " (id, chapter, section, slug, owner, responsible_dept, current_revision)"
        " VALUES (:id, :chapter, :section, :slug, :owner, :responsible_dept, 0)"
        " ON CONFLICT (id) DO NOTHING",
        place,
    )
    number = newest_number(connection, article.id) + 1
    values = _revision_values(article.revision) | {
        "article_id": article.id,
        "number": number,
        "created_at": format_instant(now),
        "body_hash": body_hash(article.revision),
        "place": json.dumps(place, ensure_ascii=False),
    }
    insert(connection, "revision", values)
    return number


def put_in_force(
    connection: sqlite3.Connection, article: Article, number: int, *, now: datetime
) -> None:
    """Let a published or archived revision speak for its article, from its day on."""
    connection.execute(
        "UPDATE article SET chapter = :chapter, section = :section, slug = :slug, owner = :owner,"
        " responsible_dept = :responsible_dept, current_revision = :number WHERE id = :id",
        {**_place(article), "number": number},
    )
    enqueue(connection, "article", article.id, now=now)


def count_in_force(connection: sqlite3.Connection) -> int:
    """A number that rises whenever another revision speaks for an article, hidden or not."""
    row = connection.execute(
        "SELECT total(current_revision) + count(*) AS size FROM main.article"
    ).fetchone()
    return int(row["size"])


def newest_number(connection: sqlite3.Connection, article_id: str) -> int:
    """Number of the newest revision of any status; 0 for an article that does not exist."""
    row = connection.execute(
        "SELECT max(number) AS number FROM revision WHERE article_id = ?", (article_id,)
    ).fetchone()
    return int(row["number"] or 0)


def _place(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "chapter": article.chapter,
        "section": article.section,
        "slug": article.slug,
        "owner": article.owner,
        "responsible_dept": article.responsible_dept,
    }


def _has_place(connection: sqlite3.Connection, place: dict[str, Any]) -> bool:
    row = connection.execute(
        "SELECT 1 FROM article WHERE id = :id AND chapter = :chapter AND section = :section"
        " AND slug = :slug AND owner = :owner AND responsible_dept = :responsible_dept",
        place,
    ).fetchone()
    return row is not None


def _revision_values(revision: Revision) -> dict[str, Any]:
    values = row_values(revision)
    for name in ("valid_from", "valid_until", "review_by"):
        day = values[name]
        values[name] = day.isoformat() if day else None
    return values


def read_article(
    connection: sqlite3.Connection,
    article_id: str,
    *,
    number: int | None = None,
    on: date | None = None,
) -> Article:
    """One article: revision ``number``, else the one published on ``on``, else the newest."""
    extra: dict[str, Any] = {}
    if number is not None:
        clause, extra = "revision.number = :number", {"number": number}
    elif on is not None:
        clause, extra = IS_SHOWN_SQL, {"on": on.isoformat()}
    else:
        clause = "revision.number = article.current_revision"
    row = connection.execute(
        f"{_ARTICLE} WHERE article.id = :id AND {clause} ORDER BY revision.number DESC LIMIT 1",
        {"id": article_id, **extra},
    ).fetchone()
    if row is None:
        raise ArticleNotFound(article_id, field="article_id")
    return _parse_article(row)


def read_articles(
    connection: sqlite3.Connection,
    *,
    on: date | None = None,
    ids: Sequence[str] | None = None,
    chapter: int | None = None,
) -> list[Article]:
    """Articles in handbook order: as shown on the day ``on``, or the newest revision of each."""
    clauses: list[str] = []
    values: dict[str, Any] = {}
    if on is None:
        clauses.append("revision.number = article.current_revision")
    else:
        clauses.append(IS_SHOWN_SQL)
        values["on"] = on.isoformat()
    if ids is not None:
        names = {f"id{position}": item for position, item in enumerate(ids)}
        clauses.append(f"article.id IN ({', '.join(f':{name}' for name in names)})")
        values |= names
    if chapter is not None:
        clauses.append("article.chapter = :chapter")
        values["chapter"] = chapter
    rows = connection.execute(
        f"{_ARTICLE} WHERE {' AND '.join(clauses)} ORDER BY article.section, article.id", values
    )
    return [_parse_article(row) for row in rows]


def read_ids(connection: sqlite3.Connection) -> set[str]:
    """Ids of all articles there ever were, drafts and what is hidden from who asks included."""
    return {row["id"] for row in connection.execute("SELECT id FROM main.article")}


def shown_numbers(
    connection: sqlite3.Connection, ids: Sequence[str], *, on: date
) -> dict[str, int]:
    """Number of the revision shown on the day of each article that has one."""
    rows = connection.execute(
        "SELECT article_id, number FROM revision"
        f" WHERE {IS_SHOWN_SQL} AND article_id IN (SELECT value FROM json_each(:ids))",
        {"on": on.isoformat(), "ids": json.dumps(list(ids))},
    )
    return {row["article_id"]: row["number"] for row in rows}


def read_titles(
    connection: sqlite3.Connection, versions: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Titles of revisions, by (article, number as text)."""
    marks = ", ".join("(?, ?)" for _ in versions) or "(NULL, NULL)"
    rows = connection.execute(  # a join: by row values in a list the whole table would be read
        f"WITH asked (article_id, number) AS (VALUES {marks})"
        " SELECT article_id, number, title FROM asked CROSS JOIN revision"
        " USING (article_id, number)",
        [value for name, number in versions for value in (name, int(number))],
    )
    return {(row["article_id"], str(row["number"])): row["title"] for row in rows}


def read_newest_titles(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Title of the current revision of each article that is there."""
    rows = connection.execute(
        "SELECT article.id, title FROM article JOIN revision ON article_id = article.id"
        f" AND number = current_revision WHERE article.id IN ({placeholders(ids)})",
        tuple(ids),
    )
    return {row["id"]: row["title"] for row in rows}


def read_indexable(
    connection: sqlite3.Connection, ids: Sequence[str] | None = None
) -> list[Article]:
    """Every published revision, past and future ones too: the search asks which day is meant."""
    where, values = "revision.status = 'published'", tuple[str, ...]()
    if ids is not None:
        where += f" AND article.id IN ({placeholders(ids)})"
        values = tuple(ids)
    rows = connection.execute(f"{_ARTICLE} WHERE {where} ORDER BY article.id, number", values)
    return [_parse_article(row) for row in rows]


def read_revisions(connection: sqlite3.Connection, article_id: str) -> list[Revision]:
    """All revisions of an article, newest first."""
    rows = connection.execute(
        f"{_ARTICLE} WHERE article.id = ? ORDER BY revision.number DESC", (article_id,)
    )
    return [_parse_revision(row) for row in rows]


def _parse_article(row: sqlite3.Row) -> Article:
    """An article as its revision places it."""
    place = json.loads(row["place"]) if row["place"] else row
    return Article(
        id=row["article_id"],
        chapter=place["chapter"],
        section=place["section"],
        slug=place["slug"],
        owner=place["owner"],
        responsible_dept=place["responsible_dept"],
        revision=_parse_revision(row),
        successor=row["successor"],
    )


def _parse_revision(row: sqlite3.Row) -> Revision:
    return Revision(
        article_id=row["article_id"],
        number=row["number"],
        title=row["title"],
        body=row["body"],
        categories=tuple(json.loads(row["categories"])),
        keywords=tuple(json.loads(row["keywords"])),
        steps=tuple(json.loads(row["steps"])),
        time_limits=tuple(json.loads(row["time_limits"])),
        figures=tuple(json.loads(row["figures"])),
        sources=tuple(json.loads(row["sources"])),
        status=row["status"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_until=date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
        review_by=date.fromisoformat(row["review_by"]),
        author=row["author"],
        reason=row["reason"],
        created_at=row["created_at"],
        reviewer=row["reviewer"],
        based_on=row["based_on"],
        extra=row["extra"],
    )


def touch_reference(connection: sqlite3.Connection) -> None:
    """Raise the stamp of the tables beside the articles: what was read of them is out of date."""
    connection.execute(
        "INSERT INTO stamp (name, value) VALUES ('reference', 1)"
        " ON CONFLICT (name) DO UPDATE SET value = value + 1"
    )


def read_reference_stamp(connection: sqlite3.Connection) -> int:
    """Changes whenever the taxonomy, limits or vocabulary were saved."""
    row = connection.execute("SELECT value FROM stamp WHERE name = 'reference'").fetchone()
    return int(row["value"]) if row else 0


def read_categories(connection: sqlite3.Connection) -> dict[str, Category]:
    """The taxonomy by code, in code order."""
    rows = connection.execute("SELECT * FROM category ORDER BY id")
    return {row["id"]: parse_row(row, Category) for row in rows}


def find_category(connection: sqlite3.Connection, code: str) -> Category | None:
    """One class, if there is such a code."""
    row = connection.execute("SELECT * FROM category WHERE id = ?", (code,)).fetchone()
    return parse_row(row, Category) if row else None


def read_category(connection: sqlite3.Connection, code: str) -> Category:
    """One class; raise CategoryNotFound."""
    found = find_category(connection, code)
    if found is None:
        raise CategoryNotFound(code, field="category")
    return found


def given_today(connection: sqlite3.Connection, code: str) -> str:
    """A class as chosen; where it is retired, the one given instead, if there is one."""
    found = find_category(connection, code)
    if found is None or not found.is_retired:
        return code
    return current_code(read_categories(connection), code) or code


def save_limits(
    connection: sqlite3.Connection, limits: Sequence[TimeLimit], *, now: datetime
) -> int:
    """Replace the limits; a changed one gets the next revision. Return how many changed."""
    touch_reference(connection)
    before = read_limits(connection)
    changed = 0
    for limit in limits:
        old = before.pop(limit.id, None)
        values = row_values(limit)
        if old is not None:
            values["revision"] = old.revision
            if values == row_values(old):
                continue
            values["revision"] = old.revision + 1
        insert(connection, "time_limit", values, replace=True)
        enqueue(connection, "time_limit", limit.id, now=now)
        changed += 1
    for gone in before:
        connection.execute("DELETE FROM time_limit WHERE id = ?", (gone,))
        enqueue(connection, "time_limit", gone, now=now)
        changed += 1
    return changed


def read_limits(
    connection: sqlite3.Connection, ids: Collection[str] | None = None
) -> dict[str, TimeLimit]:
    """All limits by id, or those named."""
    named = "" if ids is None else f" WHERE id IN ({', '.join('?' * len(ids))})"
    rows = connection.execute(f"SELECT * FROM time_limit{named} ORDER BY id", tuple(ids or ()))
    return {row["id"]: parse_row(row, TimeLimit) for row in rows}


def read_limit(connection: sqlite3.Connection, limit_id: str) -> TimeLimit:
    """One limit; raise TimeLimitNotFound."""
    row = connection.execute("SELECT * FROM time_limit WHERE id = ?", (limit_id,)).fetchone()
    if row is None:
        raise TimeLimitNotFound(limit_id, field="limit_id")
    return parse_row(row, TimeLimit)


def save_figures(connection: sqlite3.Connection, figures: Sequence[Figure]) -> None:
    """Replace the figures that are not time limits."""
    connection.execute("DELETE FROM figure")
    for figure in figures:
        insert(connection, "figure", row_values(figure))


def read_figures(connection: sqlite3.Connection) -> list[Figure]:
    """All figures in the order of their ids."""
    return [
        parse_row(row, Figure) for row in connection.execute("SELECT * FROM figure ORDER BY id")
    ]


def save_vocabulary(connection: sqlite3.Connection, kind: str, content: object) -> None:
    """Keep one vocabulary table as JSON; what editors may change goes through its versions."""
    touch_reference(connection)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    insert(
        connection,
        "vocabulary",
        {"kind": kind, "content": text, "digest": digest},
        replace=True,
    )


def read_vocabulary(connection: sqlite3.Connection, kind: str) -> Any:
    """One vocabulary table as it was saved; None when there is none."""
    row = connection.execute("SELECT content FROM vocabulary WHERE kind = ?", (kind,)).fetchone()
    return json.loads(row["content"]) if row else None
