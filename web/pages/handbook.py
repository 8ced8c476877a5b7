"""The handbook to read: its tree, its articles, and explicit search."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from flask import Blueprint, render_template, request

from kb.article import CHAPTERS, SECTIONS
from kb.errors import ArticleNotFound, InvalidInput, KBError
from kb.searching import MAX_QUERY, SEARCH_TYPES, SearchQuery
from kb.store import handbook
from kb.texts import clean_text
from web.bodies import ArticleList, ArticleVersion
from web.errors import describe
from web.library import FoundArticle, find_article, find_last
from web.parsing import agent_name, read_query
from web.presenting import article_json
from web.services import current

blueprint = Blueprint("handbook", __name__)


@blueprint.get("/articles")
def show_articles() -> str:
    """The handbook by chapter and section."""
    query = read_query(ArticleList)
    day = date.fromisoformat(query.as_of) if query.as_of else current().clock().date()
    found = handbook.read_articles(current().database.connection, on=day, chapter=query.chapter)
    sections = {key: list(group) for key, group in groupby(found, key=lambda each: each.section)}
    tree = [
        (number, title, [(key, SECTIONS[key], sections[key]) for key in SECTIONS
                         if key.startswith(f"{number}.") and key in sections])
        for number, title in enumerate(CHAPTERS, 1)
    ]  # fmt: skip
    return render_template("articles.html", tree=tree, day=day, as_of=query.as_of)


@blueprint.get("/articles/<article_id>")
def show_article(article_id: str) -> str:
    """One article: its facts, its steps, its limits and its text."""
    query = read_query(ArticleVersion)
    found = _find(article_id, query)
    connection = current().database.connection
    classes = handbook.read_categories(connection)
    return render_template(
        "article.html",
        found=found,
        article=found.article,
        limits=found.limits,
        revision=found.article.revision,
        body=article_json(found.article, found.limits, is_current=found.is_current)["html"],
        chapter=CHAPTERS[found.article.chapter - 1],
        section=SECTIONS.get(found.article.section, ""),
        classes=[classes[each] for each in found.article.revision.categories if each in classes],
        revisions=handbook.read_revisions(connection, article_id),
        successor_title=_title_of(found.article.successor),
    )


def _title_of(article_id: str) -> str:
    """Title of the article to read instead; "" when it is not valid today either."""
    try:
        return find_article(article_id).article.title if article_id else ""
    except ArticleNotFound:
        return ""


def _find(article_id: str, query: ArticleVersion) -> FoundArticle:
    """What was asked for; of an article that is not valid any more, what was valid last."""
    try:
        return find_article(article_id, revision=query.revision, as_of=query.as_of)
    except ArticleNotFound:
        if query.revision is not None or query.as_of:
            raise
        return find_last(article_id)


@blueprint.get("/search")
def show_search() -> tuple[str, int]:
    """Search by words of one's own."""
    query = request.args.get("q", "")
    kind = request.args.get("type", "all")
    if not query.strip():
        return render_template("search.html", query="", kind=kind, result=None), 200
    try:
        if kind not in SEARCH_TYPES:
            raise InvalidInput(f"应为 {'、'.join(SEARCH_TYPES)}", field="type")
        now = current().clock()
        text = clean_text(query, field="q", longest=MAX_QUERY)
        wanted = SearchQuery(
            text=text, on=now.date(), kind=kind, limit=20, agent=agent_name(), channel="page"
        )
        result = current().engine.search(wanted, now=now)
    except KBError as error:
        problem = describe(error)
        page = render_template("search.html", query=query, kind="all", result=None, problem=problem)
        return page, problem.status
    return render_template("search.html", query=query, kind=kind, result=result), 200
