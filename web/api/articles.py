"""The handbook and its classes, read only."""

from __future__ import annotations

import hashlib
import json
from datetime import date

from flask import Blueprint, Response, jsonify, request

from kb.category import live
from kb.store import handbook
from web.bodies import ArticleList, ArticleVersion, CategoryList
from web.library import find_article
from web.parsing import read_query
from web.presenting import article_json, article_summary, category_json
from web.services import current

blueprint = Blueprint("api-articles", __name__, url_prefix="/api/v1")


@blueprint.get("/articles")
def get_articles() -> Response:
    """Articles published on a day (today when none is named), in handbook order."""
    query = read_query(ArticleList)
    day = date.fromisoformat(query.as_of) if query.as_of else current().clock().date()
    found = handbook.read_articles(current().database.connection, on=day, chapter=query.chapter)
    return jsonify(
        {"as_of": day.isoformat(), "articles": [article_summary(each) for each in found]}
    )


@blueprint.get("/articles/<article_id>")
def get_article(article_id: str) -> Response:
    """One article: the current revision, a numbered one, or the one of a day."""
    query = read_query(ArticleVersion)
    found = find_article(article_id, revision=query.revision, as_of=query.as_of)
    body = article_json(found.article, found.limits, is_current=found.is_current)
    response = jsonify(body)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]
    response.set_etag(f"rev-{found.article.revision.number}-{digest}")
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@blueprint.get("/categories")
def get_categories() -> Response:
    """The taxonomy of complaints, in code order; retired classes only when asked for."""
    query = read_query(CategoryList)
    found = handbook.read_categories(current().database.connection)
    found = found if query.retired else live(found)
    return jsonify({"categories": [category_json(each) for each in found.values()]})
