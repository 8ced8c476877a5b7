"""An article laid out for someone who learns it: where it stands, why its steps, what changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from kb.article import SECTIONS, Article
from kb.diffing import FieldChange, diff_articles
from kb.glossary import Explained
from kb.limit import TimeLimit, describe_amount
from kb.sections import split_raw
from kb.store import handbook, reading
from kb.store.glossary import read_glossary
from kb.ticket import Ticket
from web.library import FoundArticle
from web.rendering import explain_terms, heading_anchor, render_markdown
from web.services import current

SIMILAR = 3
Page = tuple[str, str]
"""Id and title of an article."""


@dataclass(frozen=True)
class Step:
    """One step with its words explained. ``limits``: those it names; else the sources speak."""

    text: Markup
    limits: tuple[TimeLimit, ...]


@dataclass(frozen=True)
class ReadingText:
    """The text of an article as its readers, and its editors before them, see it."""

    steps: tuple[Step, ...]
    body: Markup


@dataclass(frozen=True)
class Reader:
    """What the page of an article shows around its text.

    ``read_before``: the revision this person read last, 0 for none; ``changes``: from that one to
    the current one. ``parts``: (anchor, heading). ``tree``: the chapter's sections with their
    articles. ``similar``: resolved tickets of the article's classes, masked.
    """

    parts: tuple[Page, ...]
    tree: tuple[tuple[str, str, tuple[Page, ...]], ...]
    before: Page | None
    after: Page | None
    similar: tuple[Ticket, ...]
    read_before: int
    changes: tuple[FieldChange, ...]


def describe_text(article: Article, limits: list[TimeLimit]) -> ReadingText:
    """Steps and body, with words of the glossary explained where they stand first."""
    explained = Explained(read_glossary(current().database.connection))
    return ReadingText(
        steps=tuple(
            Step(explain_terms(step, explained), _named_limits(step, limits))
            for step in article.revision.steps
        ),
        body=Markup(render_markdown(article.revision.body, explained)),  # noqa: S704 (sanitised)
    )


def describe_reader(found: FoundArticle, agent: str) -> Reader:
    """All around the text of an article for one person, or for somebody without a name."""
    connection = current().database.connection
    article, today = found.article, current().clock().date()
    before, after = reading.read_neighbours(connection, article.id, on=today)
    known = reading.read_versions(connection, agent).get(article.id, 0) if agent else 0
    classes = tuple(code for code in article.revision.categories if len(code) == 6)
    return Reader(
        parts=tuple(
            (heading_anchor(name), name) for name in split_raw(article.revision.body) if name
        ),
        tree=_chapter_tree(article),
        before=before,
        after=after,
        similar=tuple(reading.read_closed_of_classes(connection, classes, most=SIMILAR)),
        read_before=known,
        changes=_changes_since(found, known),
    )


def note_version(found: FoundArticle, agent: str) -> None:
    """Note a first reading of the current revision; a changed one is confirmed by its reader."""
    if not agent or not found.is_current:
        return
    with current().database.transaction() as connection:
        if found.article.id not in reading.read_versions(connection, agent):
            number = found.article.revision.number
            reading.save_version(connection, agent, found.article.id, number, now=current().clock())


def _named_limits(step: str, limits: list[TimeLimit]) -> tuple[TimeLimit, ...]:
    """The limits whose length a step gives."""
    plain = step.replace(" ", "")

    def is_named(limit: TimeLimit) -> bool:
        amount = describe_amount(limit).replace(" ", "")
        return re.search(rf"(?<![\d.]){re.escape(amount)}", plain) is not None

    return tuple(filter(is_named, limits))


def _changes_since(found: FoundArticle, known: int) -> tuple[FieldChange, ...]:
    if not known or not found.is_current or known == found.article.revision.number:
        return ()
    connection = current().database.connection
    return diff_articles(
        handbook.read_article(connection, found.article.id, number=known), found.article
    )


def _chapter_tree(article: Article) -> tuple[tuple[str, str, tuple[Page, ...]], ...]:
    members = handbook.read_articles(
        current().database.connection, on=current().clock().date(), chapter=article.chapter
    )
    return tuple(
        (key, SECTIONS[key], tuple((each.id, each.title) for each in group))
        for key, group in groupby(members, key=lambda each: each.section)
    )
