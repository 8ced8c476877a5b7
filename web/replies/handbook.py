"""Answers about articles, classes and time limits."""

from __future__ import annotations

from pydantic import Field

from web.replies.base import Reply


class LimitReply(Reply):
    """One time limit. ``is_internal``: our own rule, never to be presented as law."""

    id: str
    subject: str
    categories: list[str]
    region: str
    area: str
    priority: str
    condition: str
    limit_value: float
    limit_unit: str
    kind: str
    from_event: str
    starts: str
    responsible_dept: str
    escalation: str
    authority: str
    source: str
    confidence: str
    retired_on: str
    revision: int
    amount: str
    authority_label: str
    is_verified: bool
    is_internal: bool


class LimitListReply(Reply):
    """Time limits."""

    time_limits: list[LimitReply]


class BoundReply(LimitReply):
    """A limit with its due time; provisional when a year's calendar is not published yet."""

    due_at: str | None
    provisional: bool


class DueReply(Reply):
    """Due times, in the order to mind them."""

    start: str = Field(alias="from")
    time_limits: list[BoundReply]


class ArticleSummaryReply(Reply):
    """An article as a list shows it."""

    id: str
    chapter: int
    section: str
    section_title: str
    title: str
    revision: int
    status: str
    categories: list[str]
    keywords: list[str]
    responsible_dept: str
    owner: str
    valid_from: str
    valid_until: str | None
    review_by: str


class ArticleReply(ArticleSummaryReply):
    """An article in full; ``body`` is Markdown, ``html`` the same made safe."""

    is_current: bool
    steps: list[str]
    time_limits: list[LimitReply]
    figures: list[str]
    sources: list[str]
    body: str
    html: str
    author: str
    reason: str
    created_at: str


class ArticleListReply(Reply):
    """The articles published on a day."""

    as_of: str
    articles: list[ArticleSummaryReply]


class CategoryReply(Reply):
    """One class of complaints; codes nest by prefix. ``retired_on``: since when it is given no
    more, "" while it is; ``successor``: the class to give instead."""

    id: str
    parent: str
    name: str
    level: int
    default_priority: str
    responsible_dept: str
    usual_hours: int | None
    procedure: str
    typical_fix: str
    miit_class: str
    watch_scene: str
    retired_on: str
    successor: str
    revision: int


class CategoryListReply(Reply):
    """The taxonomy."""

    categories: list[CategoryReply]
