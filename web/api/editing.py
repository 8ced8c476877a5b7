"""The editorial flow: drafts, reviews, archiving, history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify

from kb.article import Article
from kb.diffing import diff_articles
from kb.editor import Editor, Work
from kb.store import editing, handbook
from web.drafts import (
    ArchiveBody,
    DiffQuery,
    DraftBody,
    QueueQuery,
    RestoreBody,
    StepBody,
    build_article,
    read_base,
    tag,
)
from web.idempotency import idempotent
from web.impacts import act, impact_json, impacts
from web.parsing import agent_name, read_body, read_query
from web.rendering import article_html
from web.services import current

blueprint = Blueprint("api-editing", __name__, url_prefix="/api/v1")


def editor() -> Editor:
    """The editorial operations over this service's database."""
    return Editor(current().database)


def _answer(article_id: str, *, status: int = 200) -> Response:
    work = editor().open(article_id, now=current().clock())
    response = jsonify(draft_json(work))
    response.status_code = status
    response.set_etag(tag(work))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/articles/<article_id>/draft")
def get_draft(article_id: str) -> Response:
    """The newest revision of any status, with where it stands and what the lint says."""
    return _answer(article_id)


@blueprint.put("/articles/<article_id>/draft")
def put_draft(article_id: str) -> Response:
    """Save a text as the next revision; 412 when the base is no longer the newest."""
    article = build_article(article_id, read_body(DraftBody))
    base = read_base()
    editor().save(article, base=base, author=agent_name(), now=current().clock())
    return _answer(article_id, status=200 if base else 201)


def _step(article_id: str, action: str) -> Response:
    body = read_body(StepBody)
    act(article_id, body.revision, action, comment=body.comment)
    return _answer(article_id)


@blueprint.get("/articles/<article_id>/impact")
def get_impact(article_id: str) -> Response:
    """What publishing the newest revision would change: judged queries and recent texts."""
    work = editor().open(article_id, now=current().clock())
    return jsonify(impact_json(impacts().of_article(work.article)))


@blueprint.post("/articles/<article_id>/submit")
@idempotent
def submit(article_id: str) -> Response:
    """Ask for review."""
    return _step(article_id, "submit")


@blueprint.post("/articles/<article_id>/withdraw")
@idempotent
def withdraw(article_id: str) -> Response:
    """Take a revision back from review."""
    return _step(article_id, "withdraw")


@blueprint.post("/articles/<article_id>/approve")
@idempotent
def approve(article_id: str) -> Response:
    """Approve a revision; it is published once enough people have."""
    return _step(article_id, "approve")


@blueprint.post("/articles/<article_id>/reject")
@idempotent
def reject(article_id: str) -> Response:
    """Send a revision back with the reason."""
    return _step(article_id, "reject")


@blueprint.post("/articles/<article_id>/comments")
@idempotent
def comment(article_id: str) -> Response:
    """Say something about a revision."""
    body = read_body(StepBody)
    now = current().clock()
    editor().comment(article_id, body.revision, body.comment, actor=agent_name(), now=now)
    return _answer(article_id, status=201)


@blueprint.post("/articles/<article_id>/archive")
@idempotent
def archive(article_id: str) -> Response:
    """Withdraw an article from today on."""
    body = read_body(ArchiveBody)
    editor().archive(
        article_id,
        successor=body.successor,
        reason=body.reason,
        actor=agent_name(),
        now=current().clock(),
    )
    return _answer(article_id)


@blueprint.post("/articles/<article_id>/restore")
@idempotent
def restore(article_id: str) -> Response:
    """An old revision's text as a new draft."""
    body = read_body(RestoreBody)
    editor().restore(article_id, body.revision, author=agent_name(), now=current().clock())
    return _answer(article_id, status=201)


@blueprint.get("/articles/<article_id>/revisions")
def get_revisions(article_id: str) -> Response:
    """All revisions: who, when, why."""
    connection = current().database.connection
    editing.read_newest(connection, article_id)
    revisions = [
        {
            "revision": each.number,
            "title": each.title,
            "status": each.status,
            "author": each.author,
            "reviewer": each.reviewer,
            "reason": each.reason,
            "created_at": each.created_at,
            "based_on": each.based_on,
            "valid_from": each.valid_from.isoformat(),
            "valid_until": each.valid_until.isoformat() if each.valid_until else None,
        }
        for each in handbook.read_revisions(connection, article_id)
    ]
    return jsonify({"id": article_id, "revisions": revisions})


@blueprint.get("/articles/<article_id>/diff")
def get_diff(article_id: str) -> Response:
    """Two revisions compared, character by character."""
    query = read_query(DiffQuery)
    connection = current().database.connection
    old = handbook.read_article(connection, article_id, number=query.old)
    new = handbook.read_article(connection, article_id, number=query.new)
    fields = [
        {
            "field": found.field,
            "name": found.name,
            "changes": [{"kind": run.kind, "text": run.text} for run in found.changes],
        }
        for found in diff_articles(old, new)
    ]
    return jsonify({"id": article_id, "old": query.old, "new": query.new, "fields": fields})


@blueprint.get("/editing")
def get_queue() -> Response:
    """Drafts and reviews that wait, and articles to be reviewed within some days."""
    query = read_query(QueueQuery)
    connection = current().database.connection
    today = current().clock().date()
    until = today + timedelta(days=query.days)
    due = editing.read_due_reviews(connection, on=today, until=until)
    return jsonify(
        {
            "until": until.isoformat(),
            "waiting": [_queued(each) for each in editing.read_waiting(connection)],
            "due_reviews": [_queued(each) for each in due],
        }
    )


def _queued(article: Article) -> dict[str, Any]:
    revision = article.revision
    return {
        "id": article.id,
        "title": article.title,
        "revision": revision.number,
        "status": revision.status,
        "author": revision.author,
        "owner": article.owner,
        "created_at": revision.created_at,
        "review_by": revision.review_by.isoformat(),
    }


def draft_json(work: Work) -> dict[str, Any]:
    """An article as its editors see it, as JSON."""
    article, revision, standing = work.article, work.article.revision, work.standing
    return {
        "id": article.id,
        "revision": revision.number,
        "based_on": revision.based_on,
        "chapter": article.chapter,
        "section": article.section,
        "slug": article.slug,
        "title": revision.title,
        "owner": article.owner,
        "responsible_dept": article.responsible_dept,
        "categories": list(revision.categories),
        "keywords": list(revision.keywords),
        "steps": list(revision.steps),
        "time_limits": list(revision.time_limits),
        "figures": list(revision.figures),
        "sources": list(revision.sources),
        "extra": revision.extra,
        "body": revision.body,
        "html": article_html(article.id, revision.number, revision.body),
        "valid_from": revision.valid_from.isoformat(),
        "valid_until": revision.valid_until.isoformat() if revision.valid_until else None,
        "review_by": revision.review_by.isoformat(),
        "reason": revision.reason,
        "in_force": work.in_force.revision.number if work.in_force else None,
        "successor": article.successor,
        "standing": {
            "status": standing.status,
            "author": standing.author,
            "approvers": list(standing.approvers),
            "needed": standing.needed,
        },
        "events": [
            {
                "revision": event.number,
                "action": event.action,
                "actor": event.actor,
                "comment": event.comment,
                "at": event.at,
                "foreseen": dict(event.foreseen) or None,
            }
            for event in work.events
        ],
        "findings": [
            {"severity": finding.severity, "message": finding.message} for finding in work.findings
        ],
    }
