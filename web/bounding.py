"""Holding a request to what its account may see: everything it reads is within these bounds.

The database does the rest (``kb.store.bounds``); only an address that names something hidden is
refused here, because some pages would take it for the id of something new.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, g, request

from kb.access import STRANGER
from kb.article import CHAPTERS
from kb.errors import ArticleNotFound, KBError, TicketNotFound, TimeLimitNotFound
from kb.store.bounds import hidden_among
from web.services import current

NAMED: Mapping[str, tuple[str, str, type[KBError]]] = {
    "article_id": ("article", "id", ArticleNotFound),
    "ticket_no": ("ticket", "ticket_no", TicketNotFound),
    "limit_id": ("time_limit", "id", TimeLimitNotFound),
}
"""Parts of addresses that name an article, a ticket or a limit: table, key, and what is told."""


def init_app(app: Flask) -> None:
    """Let go of each request's bounds at its end."""

    def let_go(_error: BaseException | None) -> None:
        current().database.bind(None)

    app.teardown_request(let_go)
    app.jinja_env.globals["open_chapter"] = is_open


def bind() -> None:
    """Hold the rest of this request to its viewer's bounds; raise what names nothing to them."""
    bounds = g.get("viewer", STRANGER).bounds
    if bounds is None:
        return
    database = current().database
    database.bind(bounds)
    for name, value in (request.view_args or {}).items():
        if name in NAMED:
            table, key, error = NAMED[name]
            if hidden_among(database.connection, table, key, [value]):
                raise error(value, field=name)


def open_chapters() -> list[tuple[int, str]]:
    """The chapters shown to whoever asks, by number and title: for lists to choose from."""
    return [each for each in enumerate(CHAPTERS, 1) if is_open(each[0])]


def is_open(chapter: int) -> bool:
    """Whether articles of a chapter are shown to whoever asks."""
    bounds = current().database.bounds
    return bounds is None or bounds.has_chapter(chapter)
