"""谁在用: what an article is used for, what came of it, and what speaks against it; for owners."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from kb.reports.measures import Filters
from kb.store import editing, reviews, sources, usage
from web.reporting import PlacedGap, find_gaps
from web.services import current

blueprint = Blueprint("using", __name__, url_prefix="/edit")
MOST_ROWS = 50
MOST_GAPS = 100


@blueprint.get("/mine")
def show_owned() -> str:
    """我的条目: the articles of a department, those with most against them first."""
    connection = current().database.connection
    owner = request.args.get("owner", "").strip()
    today = current().clock().date()
    page: str = render_template(
        "edit_owned.html",
        owner=owner,
        owners=usage.read_owners(connection),
        rows=usage.read_owned(connection, owner),
        due=editing.read_due_reviews(connection, on=today, owner=owner),
        today=today,
    )
    return page


@blueprint.get("/<article_id>/usage")
def show_usage(article_id: str) -> str:
    """One article: uses, queries, outcomes by version, complaints, gaps near it, review tasks."""
    connection = current().database.connection
    article = editing.read_newest(connection, article_id)
    tasks = reviews.read_tasks(connection, with_closed=False)
    page: str = render_template(
        "edit_usage.html",
        article=article,
        versions=usage.read_version_uses(connection, article_id),
        used_for=usage.read_used_for(connection, article_id, most=MOST_ROWS),
        complaints=usage.read_complaints(connection, article_id, most=MOST_ROWS),
        gaps=_gaps_near(article_id),
        tasks=[task for task in tasks if task.target_id == article_id],
        sources=sources.read_sources(connection, article_id),
    )
    return page


def _gaps_near(article_id: str) -> list[PlacedGap]:
    """Gaps, searches without result among them, whose nearest article this is."""
    found = find_gaps(Filters(), state="", limit=MOST_GAPS)
    return [each for each in found if each.home and each.home.target_id == article_id]
