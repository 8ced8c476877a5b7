"""Parts of a document on their way to drafts: where each goes, and saving those confirmed."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.article import SECTIONS, Article, Revision
from kb.documents.parts import Cut, Part
from kb.editor import Editor
from kb.errors import InvalidInput, KBError
from kb.resembling import NEAR, Resemblance, Resembling
from kb.store import editing, handbook
from kb.texts import clean_required, clean_text

MAX_PARTS = 150
MAX_BODY = 200_000
REVIEW_AFTER = timedelta(days=365)


@dataclass(frozen=True)
class Proposal:
    """A part with the section it may go to and the articles it resembles, most alike first."""

    part: Part
    section: str
    resembling: tuple[Resembling, ...]


@dataclass(frozen=True)
class Confirmed:
    """A part an editor wants. ``target``: the article to revise, "" for a new one."""

    title: str
    section: str
    body: str
    slug: str
    target: str = ""


@dataclass(frozen=True)
class Front:
    """What all new articles of one document have in common."""

    source: str
    owner: str = ""
    responsible_dept: str = ""


def propose(connection: sqlite3.Connection, cut: Cut) -> list[Proposal]:
    """Where each part may go; raise InvalidInput for more parts than anybody looks through."""
    if len(cut.parts) > MAX_PARTS:
        told = f"切成了 {len(cut.parts)} 条，最多 {MAX_PARTS} 条，请按上一级标题切"
        raise InvalidInput(told, field="level")
    nearest = find_near(connection, [f"{part.title}\n{part.body}" for part in cut.parts])
    found = []
    for part, near in zip(cut.parts, nearest, strict=True):
        section = part.section or (near[0].article.section if near else next(iter(SECTIONS)))
        found.append(Proposal(part, section, tuple(near)))
    return found


def as_confirmed(proposal: Proposal) -> Confirmed:
    """A part as it was proposed, a new article."""
    return Confirmed(proposal.part.title, proposal.section, proposal.part.body, slug="")


def find_near(
    connection: sqlite3.Connection, texts: Sequence[str], *, least: float = NEAR
) -> list[list[Resembling]]:
    """For each text the articles that say nearly the same, most alike first."""
    resemblance = Resemblance(handbook.read_articles(connection))
    return [resemblance.find(text, least=least) for text in texts]


def save_parts(
    editor: Editor, parts: Sequence[Confirmed], front: Front, *, author: str, now: datetime
) -> list[Article]:
    """Keep all parts as drafts, or none; raise InvalidInput, its field led by the part's place."""
    if not parts:
        raise InvalidInput("一条也没有选", field="parts")
    saved = []
    with editor.database.transaction() as connection:
        for place, part in enumerate(parts):
            try:
                article, base = _article(connection, part, front, now=now)
                saved.append(editor.save(article, base=base, author=author, now=now))
            except KBError as error:
                raise InvalidInput(error.detail or error.title, field=f"{place}") from None
    return saved


def _article(
    connection: sqlite3.Connection, part: Confirmed, front: Front, *, now: datetime
) -> tuple[Article, int]:
    """The article that a part becomes, and the revision it is based on."""
    title = clean_required(part.title, field="title", longest=200)
    body = clean_text(part.body, field="body", longest=MAX_BODY) + "\n"
    reason = f"导入《{front.source}》"
    if part.target:
        old = editing.read_newest(connection, part.target)
        revision = replace(old.revision, title=title, body=body, reason=reason)
        return replace(old, revision=revision), old.revision.number
    return new_article(connection, replace(part, title=title, body=body), front, now=now), 0


def new_article(
    connection: sqlite3.Connection, part: Confirmed, front: Front, *, now: datetime
) -> Article:
    """A new article with the next free id of its section; nothing is kept yet."""
    if part.section not in SECTIONS:
        raise InvalidInput(f"没有 {part.section} 节", field="section")
    article_id = next_id(part.section, handbook.read_ids(connection))
    revision = Revision(
        article_id=article_id,
        number=0,
        title=clean_required(part.title, field="title", longest=200),
        body=clean_text(part.body, field="body", longest=MAX_BODY) + "\n",
        categories=(),
        keywords=(),
        steps=(),
        time_limits=(),
        figures=(),
        sources=(front.source,),
        status="draft",
        valid_from=now.date(),
        valid_until=None,
        review_by=now.date() + REVIEW_AFTER,
        reason=f"导入《{front.source}》",
    )
    chapter = int(part.section.partition(".")[0])
    slug = part.slug or article_id.lower()
    return Article(
        article_id, chapter, part.section, slug, front.owner, front.responsible_dept, revision
    )


def next_id(section: str, taken: Collection[str]) -> str:
    """The next free id of a section: S11, then S11-2, S11-3 …"""
    stem = f"S{section.replace('.', '')}"
    if stem not in taken:
        return stem
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"
