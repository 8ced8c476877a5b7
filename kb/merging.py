"""Two changed texts of one article and what both come from, merged field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from kb.article import Article
from kb.diffing import FIELDS, field_texts, merge_texts
from kb.errors import InvalidInput
from kb.handbook import KNOWN
from kb.other_items import tidy_items


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
