"""Explicit search, the palette's quick search, and what to do when nothing is found."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Redirect

from kb.article import CHAPTERS
from kb.errors import DiskFull, InvalidInput, KBError
from kb.recording import decide
from kb.searching import FIELD_NAMES, MAX_QUERY, SearchHit, SearchQuery, SearchResult
from kb.store import handbook, shelf
from kb.store.searches import read_history
from kb.suggestion import Answer, SuggestionRequest
from kb.texts import clean_required, clean_text
from web.bodies import SearchPage
from web.bounding import open_chapters
from web.errors import describe
from web.guard import check_form
from web.pages.view import group_classes
from web.parsing import agent_name, named_agent, parse_model
from web.services import current
from web.suggesting import search, suggest

blueprint = Blueprint("search", __name__)
SHOWN = 20
QUICK = 8
HISTORY = 10


@blueprint.get("/search")
def show_search() -> tuple[str, int]:
    """Search by words of one's own; without words, what was searched and read last."""
    typed = request.args
    try:
        query = parse_model(SearchPage, {name: text for name, text in typed.items() if text})
        if not query.q:
            return _page(typed), 200
        result = _search(query)
    except KBError as error:
        problem = describe(error)
        return _page(typed, problem=problem), problem.status
    nearest = None if result.hits else _ask_nearest(query)
    return _page(typed, result=result, nearest=nearest), 200


@blueprint.get("/search/quick")
def find_quickly() -> Response:
    """The first articles for a few characters, as JSON for the palette; nothing is recorded."""
    text = clean_text(request.args.get("q", ""), field="q", longest=MAX_QUERY)
    now = current().clock()
    hits: tuple[SearchHit, ...] = ()
    if text:
        query = SearchQuery(text=text, on=now.date(), kind="article", limit=QUICK, is_brief=True)
        hits = current().engine.preview_search(query).hits
    return jsonify(
        [
            {
                "id": hit.target_id,
                "title": hit.title,
                "chapter": CHAPTERS[hit.chapter - 1] if hit.chapter else "",
                "url": url_for("handbook.show_article", article_id=hit.target_id),
            }
            for hit in hits
        ]
    )


@blueprint.post("/search/gap")
def report_gap() -> tuple[str, int] | Redirect:
    """Say that the handbook has nothing on a question: kept as a gap for its editors."""
    check_form()
    try:
        text = clean_required(request.form.get("text", ""), field="问题", longest=MAX_QUERY)
        comment = clean_text(request.form.get("comment", ""), field="补充", longest=MAX_QUERY)
    except InvalidInput as error:
        problem = describe(error)
        return _page(MultiDict(), problem=problem, gap=request.form), problem.status
    answer = _suggest(text)
    if not answer.session_id:
        raise DiskFull
    services = current()
    with services.database.transaction() as connection:
        decide(
            connection,
            answer.session_id,
            "gap",
            comment=comment,
            agent=agent_name(),
            now=services.clock(),
        )
    return redirect(url_for("search.show_search", reported="1"), 303)


def _search(query: SearchPage) -> SearchResult:
    now = current().clock()
    return search(
        SearchQuery(
            text=query.q,
            on=date.fromisoformat(query.as_of) if query.as_of else now.date(),
            kind=query.type,
            chapter=query.chapter,
            category=query.category,
            region=query.region,
            syntax=query.syntax,
            limit=SHOWN,
            agent=agent_name(),
            channel="page",
            is_training=query.training,
        )
    )


def _ask_nearest(query: SearchPage) -> Answer | None:
    """Where to look when nothing was found: the classes that come nearest."""
    return _suggest(query.q, is_training=query.training)


def _suggest(text: str, *, is_training: bool = False) -> Answer:
    return suggest(
        SuggestionRequest(text=text, agent=agent_name(), channel="search", is_training=is_training)
    )


def _page(typed: Any, **found: Any) -> str:
    """The search page; every field keeps what was typed."""
    connection = current().database.connection
    day = current().clock().date()
    agent = named_agent()
    result: SearchResult | None = found.get("result")
    return render_template(
        "search.html",
        typed=typed,
        chapters=open_chapters(),
        class_groups=group_classes(),
        field_names=FIELD_NAMES,
        current_versions=_current_versions(result, day) if result else {},
        history=read_history(connection, agent_name(), most=HISTORY),
        recent=shelf.read_recent(connection, agent, on=day) if agent else [],
        favourites=shelf.read_favourites(connection, agent, on=day) if agent else [],
        today=day.isoformat(),
        **found,
    )


def _current_versions(result: SearchResult, day: date) -> dict[str, str]:
    """The version valid today of each article found, which on another day's search may differ."""
    names = [hit.target_id for hit in result.hits if hit.chapter is not None]
    found = handbook.read_articles(current().database.connection, on=day, ids=names)
    return {article.id: article.revision.version for article in found}
