"""The handbook to read: its tree, its articles, and explicit search."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from kb.article import CHAPTERS, SECTIONS, Article
from kb.errors import ArticleNotFound, InvalidInput
from kb.store import handbook, reading
from kb.store.shelf import is_favourite, note_read, set_favourite
from web.bodies import ArticleTree, ArticleVersion
from web.guard import check_form
from web.library import FoundArticle, find_article, find_last, read_successor
from web.pages.reader import describe_reader, describe_text, note_version
from web.parsing import named_agent, read_query
from web.services import current

blueprint = Blueprint("handbook", __name__)


@blueprint.get("/articles")
def show_articles() -> str:
    """The handbook by chapter and section."""
    query = read_query(ArticleTree)
    day = date.fromisoformat(query.as_of) if query.as_of else current().clock().date()
    found = handbook.read_articles(current().database.connection, on=day, chapter=query.chapter)
    found = [each for each in found if _holds(each, query.q.strip())]
    sections = {key: list(group) for key, group in groupby(found, key=lambda each: each.section)}
    tree = [
        (number, title, [(key, SECTIONS[key], sections[key]) for key in SECTIONS
                         if key.startswith(f"{number}.") and key in sections])
        for number, title in enumerate(CHAPTERS, 1)
    ]  # fmt: skip
    agent = named_agent()
    known = reading.read_versions(current().database.connection, agent) if agent else {}
    return render_template(
        "articles.html",
        tree=tree,
        day=day,
        as_of=query.as_of,
        known=known,
        q=query.q.strip(),
        chapter=query.chapter,
        shown=len(found),
    )


def _holds(article: Article, words: str) -> bool:
    """Whether an article's title, id or keywords hold what was typed."""
    named = (article.title, article.id, *article.revision.keywords)
    return any(words.casefold() in each.casefold() for each in named)


@blueprint.get("/articles/<article_id>")
def show_article(article_id: str) -> str:
    """One article: its facts, its steps, its limits and its text."""
    query = read_query(ArticleVersion)
    found = _find(article_id, query)
    agent = named_agent()
    reader = describe_reader(found, agent)
    _note_read(agent, article_id)
    note_version(found, agent)
    connection = current().database.connection
    classes = handbook.read_categories(connection)
    return render_template(
        "article.html",
        found=found,
        article=found.article,
        limits=found.limits,
        revision=found.article.revision,
        reader=reader,
        text=describe_text(found.article, found.limits),
        chapter=CHAPTERS[found.article.chapter - 1],
        section=SECTIONS.get(found.article.section, ""),
        classes=[classes[each] for each in found.article.revision.categories if each in classes],
        revisions=handbook.read_revisions(connection, article_id),
        printed_at=current().clock(),
        favourite=is_favourite(connection, agent, article_id),
        successor=read_successor(found.article),
    )


def _note_read(agent: str, article_id: str) -> None:
    """Put the article among those the agent read last; nobody's reading is noted."""
    if not agent:
        return
    with current().database.transaction() as connection:
        note_read(connection, agent, article_id, now=current().clock())


@blueprint.post("/articles/<article_id>/read")
def confirm_reading(article_id: str) -> Redirect:
    """Say that one has read what changed: the article is new no longer."""
    check_form()
    agent = named_agent()
    if not agent:
        raise InvalidInput("先在页面上方填写您的姓名", field="我是")
    found = find_article(article_id)
    with current().database.transaction() as connection:
        number = found.article.revision.number
        reading.save_version(connection, agent, article_id, number, now=current().clock())
    return redirect(url_for("handbook.show_article", article_id=article_id), 303)


@blueprint.post("/articles/<article_id>/favourite")
def keep_article(article_id: str) -> Redirect:
    """Keep an article among one's favourites, or no longer."""
    check_form()
    agent = named_agent()
    if not agent:
        raise InvalidInput("先在页面上方填写您的姓名，才能收藏", field="我是")
    wanted = request.form.get("wanted") == "1"
    with current().database.transaction() as connection:
        handbook.read_article(connection, article_id)
        set_favourite(connection, agent, article_id, wanted=wanted, now=current().clock())
    return redirect(url_for("handbook.show_article", article_id=article_id), 303)


def _find(article_id: str, query: ArticleVersion) -> FoundArticle:
    """What was asked for; of an article that is not valid any more, what was valid last."""
    try:
        return find_article(article_id, revision=query.revision, as_of=query.as_of)
    except ArticleNotFound:
        if query.revision is not None or query.as_of:
            raise
        return find_last(article_id)
