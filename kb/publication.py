"""Whether a revision may be shown on a day: the rule, and the same rule as SQL."""

from __future__ import annotations

from datetime import date

from kb.article import Revision

IS_PUBLISHED_SQL = (
    "status = 'published' AND valid_from <= :on AND (valid_until IS NULL OR valid_until > :on)"
)
"""The rule over the ``revision`` table; bind ``on`` to the day as YYYY-MM-DD."""


def is_published(revision: Revision, *, on: date) -> bool:
    """Published, already valid and not yet expired on the day ``on``."""
    if revision.status != "published" or revision.valid_from > on:
        return False
    return revision.valid_until is None or on < revision.valid_until
