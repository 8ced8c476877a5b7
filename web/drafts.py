"""What the editors' calls take, and how a draft's fields become an article."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from flask import request
from pydantic import AfterValidator, Field

from kb.article import SECTIONS, Article, Revision
from kb.editor import Work
from kb.errors import InvalidInput, VersionMissing
from web.bodies import Body, Query
from web.fields import Complaint, Day, Identity, Name, Words

MAX_ITEMS = 100
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ID = re.compile(r"[A-Z][0-9A-Z]*(?:-[0-9]+)?")
_TAG = re.compile(r'"?rev-(\d{1,9})(?:-[0-9a-f]+)?"?')


def _section(value: str) -> str:
    if value not in SECTIONS:
        raise ValueError(f"没有 {value} 节")
    return value


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value) or len(value) > 60:
        raise ValueError("应为小写英文字母、数字和连字符，例如 los-red")
    return value


Names = Annotated[list[Identity], Field(max_length=MAX_ITEMS)]
Steps = Annotated[list[Complaint], Field(max_length=MAX_ITEMS)]


class DraftBody(Body):
    """PUT /articles/{article_id}/draft: the whole text, as front matter and Markdown."""

    title: Identity
    section: Annotated[str, AfterValidator(_section)]
    slug: Annotated[str, AfterValidator(_slug)]
    owner: Name = ""
    responsible_dept: Name = ""
    categories: Names = Field(default_factory=list)
    keywords: Names = Field(default_factory=list)
    steps: Steps = Field(default_factory=list)
    time_limits: Names = Field(default_factory=list)
    figures: Names = Field(default_factory=list)
    sources: Names = Field(default_factory=list)
    body: Words = ""
    valid_from: Day
    valid_until: Day | None = None
    review_by: Day
    reason: Words = ""


class StepBody(Body):
    """POST /articles/{article_id}/submit, /withdraw, /approve, /reject, /comments"""

    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    comment: Words = ""


class ArchiveBody(Body):
    """POST /articles/{article_id}/archive; ``successor``: the article to read instead."""

    reason: Complaint
    successor: Name = ""


class RestoreBody(Body):
    """POST /articles/{article_id}/restore"""

    revision: Annotated[int, Field(ge=1, le=1_000_000)]


class DiffQuery(Query):
    """GET /articles/{article_id}/diff"""

    old: Annotated[int, Field(ge=1, le=1_000_000)]
    new: Annotated[int, Field(ge=1, le=1_000_000)]


class QueueQuery(Query):
    """GET /editing"""

    days: Annotated[int, Field(ge=0, le=366)] = 30


def build_article(article_id: str, body: DraftBody) -> Article:
    """The article that a draft's fields describe; raise InvalidInput for an id that is none."""
    if not _ID.fullmatch(article_id) or len(article_id) > 30:
        raise InvalidInput("应以大写字母开头，例如 P060101、S14", field="article_id")
    revision = Revision(
        article_id=article_id,
        number=0,
        title=body.title,
        body=body.body.strip() + "\n",
        categories=tuple(body.categories),
        keywords=tuple(body.keywords),
        steps=tuple(body.steps),
        time_limits=tuple(body.time_limits),
        figures=tuple(body.figures),
        sources=tuple(body.sources),
        status="draft",
        valid_from=date.fromisoformat(body.valid_from),
        valid_until=date.fromisoformat(body.valid_until) if body.valid_until else None,
        review_by=date.fromisoformat(body.review_by),
        reason=body.reason,
    )
    return Article(
        id=article_id,
        chapter=int(body.section.partition(".")[0]),
        section=body.section,
        slug=body.slug,
        owner=body.owner,
        responsible_dept=body.responsible_dept,
        revision=revision,
    )


def read_base() -> int:
    """The revision a save is based on: ``If-Match: "rev-3"``, or ``If-None-Match: *`` for none.

    Raise VersionMissing when neither is given.
    """
    if request.headers.get("If-None-Match", "").strip() == "*":
        return 0
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise VersionMissing(field="If-Match")
    match = _TAG.fullmatch(given)
    if match is None:
        raise InvalidInput('应为 "rev-" 加版本号，例如 "rev-3"', field="If-Match")
    return int(match[1])


def tag(work: Work) -> str:
    """The newest revision as an ETag's text; status and approvals are part of it."""
    standing = work.standing
    return f"rev-{work.article.revision.number}" + (
        f"-{len(standing.approvers):x}" if standing.status != "draft" else ""
    )
