"""What editors do with revisions: their status, approvals, comments, and texts not saved yet."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from kb.article import Article, Revision
from kb.errors import ArticleNotFound
from kb.store import handbook
from kb.store.rows import insert, parse_row
from kb.times import format_instant


@dataclass(frozen=True)
class RevisionEvent:
    """One thing done with a revision: saved, submitted, approved, commented …

    ``about``: the comment that it settles or opens again.
    """

    seq: int
    article_id: str
    number: int
    action: str
    actor: str
    comment: str
    at: str
    impact: str = ""
    about: int | None = None

    @property
    def foreseen(self) -> Mapping[str, Any]:
        """What publishing was measured to change (``kb.foresight``); empty when it was not."""
        found: Mapping[str, Any] = json.loads(self.impact) if self.impact else {}
        return found


@dataclass(frozen=True)
class Autosave:
    """What stands in an editor's form, not saved as a revision yet. ``content``: the form's JSON.

    ``based_on``: number of the revision the editor started from, 0 for a new article.
    """

    article_id: str
    editor: str
    based_on: int
    content: str
    saved_at: str


def read_newest(connection: sqlite3.Connection, article_id: str) -> Article:
    """The newest revision of any status; raise ArticleNotFound."""
    number = handbook.newest_number(connection, article_id)
    if not number:
        raise ArticleNotFound(article_id, field="article_id")
    return handbook.read_article(connection, article_id, number=number)


def set_status(
    connection: sqlite3.Connection, revision: Revision, status: str, *, reviewer: str
) -> None:
    """Give a revision its next status; its text stays as it is."""
    connection.execute(
        "UPDATE revision SET status = ?, reviewer = ? WHERE article_id = ? AND number = ?",
        (status, reviewer, revision.article_id, revision.number),
    )


def add_event(
    connection: sqlite3.Connection,
    revision: Revision,
    action: str,
    *,
    actor: str,
    comment: str,
    now: datetime,
    impact: Mapping[str, Any] | None = None,
    about: int | None = None,
) -> None:
    """Note what was done with a revision, by whom and why, and what it was foreseen to change."""
    values = {
        "article_id": revision.article_id,
        "number": revision.number,
        "action": action,
        "actor": actor,
        "comment": comment,
        "at": format_instant(now),
        "impact": json.dumps(impact, ensure_ascii=False) if impact else "",
        "about": about,
    }
    insert(connection, "revision_event", values)


def read_events(connection: sqlite3.Connection, article_id: str) -> list[RevisionEvent]:
    """Everything done with an article's revisions, oldest first."""
    rows = connection.execute(
        "SELECT * FROM revision_event WHERE article_id = ? ORDER BY seq", (article_id,)
    )
    return [parse_row(row, RevisionEvent) for row in rows]


def count_open_comments(connection: sqlite3.Connection) -> dict[str, int]:
    """How many comments nobody has settled, by article; articles without are left out."""
    rows = connection.execute(
        "SELECT said.article_id, count(*) AS open FROM revision_event AS said"
        " WHERE said.action = 'comment' AND coalesce((SELECT later.action FROM revision_event"
        " AS later WHERE later.article_id = said.article_id AND later.about = said.seq"
        " ORDER BY later.seq DESC LIMIT 1), 'reopen') = 'reopen' GROUP BY said.article_id"
    )
    return {row["article_id"]: row["open"] for row in rows}


def add_approval(
    connection: sqlite3.Connection, revision: Revision, *, reviewer: str, now: datetime
) -> None:
    """Keep one approval of the present round of review."""
    insert(
        connection,
        "approval",
        {
            "article_id": revision.article_id,
            "number": revision.number,
            "round": _round(connection, revision),
            "reviewer": reviewer,
            "at": format_instant(now),
        },
    )


def read_approvers(connection: sqlite3.Connection, revision: Revision) -> tuple[str, ...]:
    """Who approved the revision since it was last submitted, in order."""
    rows = connection.execute(
        "SELECT reviewer FROM approval WHERE article_id = ? AND number = ? AND round = ?"
        " ORDER BY at, rowid",
        (revision.article_id, revision.number, _round(connection, revision)),
    )
    return tuple(row["reviewer"] for row in rows)


def _round(connection: sqlite3.Connection, revision: Revision) -> int:
    row = connection.execute(
        "SELECT count(*) AS times FROM revision_event"
        " WHERE article_id = ? AND number = ? AND action = 'submit'",
        (revision.article_id, revision.number),
    ).fetchone()
    return int(row["times"])


def set_successor(connection: sqlite3.Connection, article_id: str, successor: str) -> None:
    """Name the article to read instead."""
    connection.execute("UPDATE article SET successor = ? WHERE id = ?", (successor, article_id))


def save_autosave(connection: sqlite3.Connection, saved: Autosave) -> None:
    """Keep what stands in an editor's form; the last one counts."""
    insert(connection, "autosave", dict(vars(saved)), replace=True)


def read_autosave(connection: sqlite3.Connection, article_id: str, editor: str) -> Autosave | None:
    """What an editor left in the form; None when there is nothing."""
    row = connection.execute(
        "SELECT * FROM autosave WHERE article_id = ? AND editor = ?", (article_id, editor)
    ).fetchone()
    return parse_row(row, Autosave) if row else None


def drop_autosave(connection: sqlite3.Connection, article_id: str, editor: str) -> None:
    """Forget what stood in the form: it is saved, or was given up."""
    connection.execute(
        "DELETE FROM autosave WHERE article_id = ? AND editor = ?", (article_id, editor)
    )


def read_waiting(connection: sqlite3.Connection) -> list[Article]:
    """Newest revisions that are drafts or in review, longest waiting first."""
    rows = connection.execute(
        "SELECT article_id, number FROM revision AS mine WHERE status IN ('draft', 'in_review')"
        " AND number = (SELECT max(number) FROM revision WHERE article_id = mine.article_id)"
        " ORDER BY status DESC, created_at, article_id"
    ).fetchall()
    return [
        handbook.read_article(connection, row["article_id"], number=row["number"]) for row in rows
    ]


def read_overtaken(connection: sqlite3.Connection) -> list[Article]:
    """Drafts that a text published meanwhile does not hold, oldest first: a file was taken in.

    One that its author gave up, or took further, is none.
    """
    rows = connection.execute(
        "SELECT draft.article_id, draft.number FROM revision AS draft"
        " JOIN revision AS newest ON newest.article_id = draft.article_id AND newest.number ="
        " (SELECT max(number) FROM revision WHERE article_id = draft.article_id)"
        " WHERE draft.status IN ('draft', 'in_review') AND newest.status IN ('published',"
        " 'archived') AND draft.number > newest.based_on AND draft.number < newest.number"
        " AND NOT EXISTS (SELECT 1 FROM revision AS next WHERE next.article_id ="
        " draft.article_id AND next.based_on = draft.number)"
        " AND NOT EXISTS (SELECT 1 FROM revision_event AS event WHERE event.action = 'drop'"
        " AND event.article_id = draft.article_id AND event.number = draft.number)"
        " ORDER BY draft.created_at, draft.article_id"
    ).fetchall()
    return [
        handbook.read_article(connection, row["article_id"], number=row["number"]) for row in rows
    ]


def common_base(connection: sqlite3.Connection, article_id: str, one: int, other: int) -> int:
    """The newest revision that both were made from, itself included; 0 for none."""
    bases = {
        row["number"]: row["based_on"] or 0
        for row in connection.execute(
            "SELECT number, based_on FROM revision WHERE article_id = ?", (article_id,)
        )
    }

    def line(number: int) -> set[int]:
        found = set()
        while number and number not in found:
            found.add(number)
            number = bases.get(number, 0)
        return found

    return max(line(one) & line(other), default=0)


REMINDER = timedelta(days=30)
"""So long before its day an article is listed for its review."""


def read_due_reviews(
    connection: sqlite3.Connection, *, on: date, until: date | None = None, owner: str = ""
) -> list[Article]:
    """Articles shown on the day ``on`` that must be reviewed by ``until``, earliest first;
    ``owner``: of one department."""
    until = until or on + REMINDER
    due = [
        article
        for article in handbook.read_articles(connection, on=on)
        if article.revision.review_by <= until and owner in ("", article.owner)
    ]
    return sorted(due, key=lambda article: (article.revision.review_by, article.id))


def save_file_bases(connection: sqlite3.Connection, numbers: Mapping[str, int]) -> None:
    """Remember which revision of each article the handbook's files hold now."""
    connection.executemany(
        "INSERT INTO file_base (article_id, number) VALUES (?, ?)"
        " ON CONFLICT (article_id) DO UPDATE SET number = excluded.number",
        list(numbers.items()),
    )


def read_file_bases(connection: sqlite3.Connection) -> dict[str, int]:
    """The revision of each article that its file held when it was last read or written."""
    rows = connection.execute("SELECT article_id, number FROM file_base")
    return {row["article_id"]: row["number"] for row in rows}


def parse_content(saved: Autosave) -> dict[str, object]:
    """The fields of an autosaved form."""
    found: dict[str, object] = json.loads(saved.content)
    return found


def drop_file_base(connection: sqlite3.Connection, article_id: str) -> None:
    """Forget an article's file: it is gone."""
    connection.execute("DELETE FROM file_base WHERE article_id = ?", (article_id,))


def save_table_base(connection: sqlite3.Connection, name: str, digest: str) -> None:
    """Remember what a table's file holds now."""
    connection.execute(
        "INSERT INTO table_base (name, digest) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET digest = excluded.digest",
        (name, digest),
    )


def read_table_bases(connection: sqlite3.Connection) -> dict[str, str]:
    """Digest of each table when file and database were last equal."""
    return {row["name"]: row["digest"] for row in connection.execute("SELECT * FROM table_base")}
