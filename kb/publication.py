"""Which revision of an article is shown on a day: the rule, and the same rule as SQL.

Of the revisions that are published or archived and valid on the day, the one with the highest
number speaks; when that is an archived one, the article is withdrawn and nothing is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from kb.article import Revision

SPEAKS_SQL = (
    "status IN ('published', 'archived') AND valid_from <= :on"
    " AND (valid_until IS NULL OR valid_until > :on)"
)
"""Over the ``revision`` table: may this revision speak on the day ``on`` (YYYY-MM-DD)."""

IS_SHOWN_SQL = (
    "+revision.status = 'published' AND revision.number ="
    " (SELECT max(number) FROM revision AS other"
    f" WHERE other.article_id = revision.article_id AND {SPEAKS_SQL})"
)
"""Over ``revision``: is this the one revision of its article that is shown on the day ``on``.

The plus keeps SQLite from the index on the status, which nearly every revision shares: the
articles named are to lead the search."""


def speaks(revision: Revision, *, on: date) -> bool:
    """Whether a revision counts on the day ``on``: published or archived, valid, not expired."""
    if revision.status not in ("published", "archived") or revision.valid_from > on:
        return False
    return revision.valid_until is None or on < revision.valid_until


def shown_revision(revisions: Iterable[Revision], *, on: date) -> Revision | None:
    """The revision of one article that is shown on the day ``on``; None when there is none."""
    newest = max(
        (revision for revision in revisions if speaks(revision, on=on)),
        key=lambda revision: revision.number,
        default=None,
    )
    return newest if newest is not None and newest.status == "published" else None
