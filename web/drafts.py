"""What the editors' calls take, and how a draft's fields become an article."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from flask import request
from pydantic import AfterValidator, Field

from kb.article import SECTIONS, Article, Revision
from kb.diffing import FIELDS, field_texts
from kb.editor import Work
from kb.errors import ArticleNotFound, InvalidInput, VersionMissing
from kb.handbook import KNOWN
from kb.other_items import tidy_items
from kb.store import editing
from web.bodies import Body, Query
from web.fields import Complaint, Day, Identity, Name, Words
from web.parsing import parse_model
from web.services import current

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


def _other_items(value: str) -> str:
    try:
        return tidy_items(value, known=KNOWN)
    except InvalidInput as error:
        raise ValueError(error.detail) from None


Names = Annotated[list[Identity], Field(max_length=MAX_ITEMS)]
Steps = Annotated[list[Complaint], Field(max_length=MAX_ITEMS)]


class DraftBody(Body):
    """PUT /articles/{article_id}/draft: the whole text, as front matter and Markdown.

    ``extra``: further items of the front matter, as YAML; without it they stay as they are.
    """

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
    extra: Annotated[str, AfterValidator(_other_items)] | None = None


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


FieldTexts = Annotated[dict[str, str], Field(max_length=30)]
"""A form's fields as typed; lists stand one item a line."""


class PreviewBody(Body):
    """POST /edit/{article_id}/preview"""

    fields: FieldTexts


class AutosaveBody(Body):
    """POST /edit/{article_id}/autosave; ``base``: the revision the editor started from."""

    base: Annotated[int, Field(ge=0, le=1_000_000)]
    fields: FieldTexts


LISTS = ("categories", "keywords", "steps", "time_limits", "figures", "sources")
_CODES = re.compile(r"[\s,，、;；]+")
_WORDS = re.compile(r"[\n,，]+")


SEPARATORS = {"categories": " ", "time_limits": " ", "figures": " ", "keywords": "，"}
"""Lists that the form has in one line, and what stands between their items."""


def fields_of(article: Article) -> dict[str, str]:
    """An article as the form's texts."""
    texts = field_texts(article) | {"slug": article.slug, "reason": ""}
    for name, separator in SEPARATORS.items():
        texts[name] = separator.join(texts[name].splitlines())
    return texts


def line_fields(fields: dict[str, str]) -> dict[str, str]:
    """A form's texts with each list one item a line, so that they can be compared and merged."""
    return fields | {name: "\n".join(_items(name, fields[name])) for name in LISTS}


def empty_fields(*, on: date) -> dict[str, str]:
    """The form of a new article."""
    names = (*FIELDS, "slug", "reason")
    later = on.replace(year=on.year + 1, day=min(on.day, 28))
    return dict.fromkeys(names, "") | {
        "section": next(iter(SECTIONS)),
        "valid_from": on.isoformat(),
        "review_by": later.isoformat(),
    }


def typed_fields() -> dict[str, str]:
    """The form's texts as sent, unchecked, to be shown again."""
    names = (*FIELDS, "slug", "reason")
    return {name: request.form.get(name, "").replace("\r\n", "\n") for name in names}


def parse_fields(fields: dict[str, str]) -> DraftBody:
    """A form's texts as a draft; raise InvalidFields naming every fault."""
    values: dict[str, Any] = dict(fields)
    for name in LISTS:
        values[name] = _items(name, fields.get(name, ""))
    values["valid_until"] = fields.get("valid_until") or None
    return parse_model(DraftBody, values)


def _items(name: str, text: str) -> list[str]:
    """Items of a list: codes between any blanks or commas, words between commas, others by line."""
    if name in ("categories", "time_limits", "figures"):
        parts = _CODES.split(text)
    else:
        parts = _WORDS.split(text) if name == "keywords" else text.splitlines()
    return [part.strip() for part in parts if part.strip()]


def is_article_id(text: str) -> bool:
    """Whether an article could have this id."""
    return len(text) <= 30 and _ID.fullmatch(text) is not None


def build_article(article_id: str, body: DraftBody) -> Article:
    """The article that a draft's fields describe; raise InvalidInput for an id that is none."""
    if not is_article_id(article_id):
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
        extra=_kept_items(article_id) if body.extra is None else body.extra,
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


def _kept_items(article_id: str) -> str:
    try:
        return editing.read_newest(current().database.connection, article_id).revision.extra
    except ArticleNotFound:
        return ""


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
