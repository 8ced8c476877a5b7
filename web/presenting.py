"""Articles and classes as the JSON of the API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kb.article import SECTIONS, Article
from kb.category import Category
from kb.due import limit_as_dict
from kb.limit import TimeLimit
from web.rendering import article_html

Json = dict[str, Any]


def article_summary(article: Article) -> Json:
    """An article as a list shows it."""
    revision = article.revision
    return {
        "id": article.id,
        "chapter": article.chapter,
        "section": article.section,
        "section_title": SECTIONS.get(article.section, ""),
        "title": article.title,
        "revision": revision.number,
        "status": revision.status,
        "categories": list(revision.categories),
        "keywords": list(revision.keywords),
        "responsible_dept": article.responsible_dept,
        "owner": article.owner,
        "valid_from": revision.valid_from.isoformat(),
        "valid_until": revision.valid_until.isoformat() if revision.valid_until else None,
        "review_by": revision.review_by.isoformat(),
    }


def article_json(article: Article, limits: list[TimeLimit], *, is_current: bool) -> Json:
    """An article with its front matter, its text, its text as HTML, and its limits in full."""
    revision = article.revision
    return article_summary(article) | {
        "is_current": is_current,
        "steps": list(revision.steps),
        "time_limits": [limit_as_dict(limit) for limit in limits],
        "figures": list(revision.figures),
        "sources": list(revision.sources),
        "body": revision.body,
        "html": article_html(article.id, revision.number, revision.body),
        "author": revision.author,
        "reason": revision.reason,
        "created_at": revision.created_at,
    }


def category_json(category: Category) -> Json:
    """One class of the taxonomy."""
    return asdict(category)
