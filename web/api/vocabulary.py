"""The desk's vocabulary: read, tried, changed, rolled back."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from kb.rewording import compare_tables
from kb.store import vocabulary as store
from web.drafts import DiffQuery
from web.idempotency import idempotent
from web.impacts import impact_json, impacts
from web.parsing import read_body, read_query, read_version
from web.services import current
from web.vocabulary import (
    RollbackBody,
    VocabularyBody,
    VocabularyPreviewBody,
    lines_of,
    proposed,
    read_base,
    roll_back,
    save,
    vocabulary_json,
)

blueprint = Blueprint("api-vocabulary", __name__, url_prefix="/api/v1/vocabulary")


def _answer() -> Response:
    found = vocabulary_json()
    response = jsonify(found)
    response.set_etag(f"v{found['version']}")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("")
def get_vocabulary() -> Response:
    """The tables in force, with the version as ETag."""
    return _answer()


@blueprint.put("")
def put_vocabulary() -> Response:
    """Save tables as the next version; rows that others changed meanwhile are merged in."""
    body = read_body(VocabularyBody)
    proposal = proposed(lines_of(body.tables), base=read_base())
    save(proposal, reason=body.reason, despite=body.despite)
    return _answer()


@blueprint.post("/preview")
def preview() -> Response:
    """What such tables would change, based on ``If-Match`` or the version in force."""
    body = read_body(VocabularyPreviewBody)
    base = read_version()
    newest = store.newest_number(current().database.connection)
    proposal = proposed(lines_of(body.tables), base=newest if base is None else base)
    return jsonify(impact_json(impacts().of_vocabulary(proposal)))


@blueprint.post("/rollback")
@idempotent
def rollback() -> Response:
    """An old version's tables as a new version."""
    body = read_body(RollbackBody)
    roll_back(body.version, reason=body.reason, despite=body.despite)
    return _answer()


@blueprint.get("/versions")
def get_versions() -> Response:
    """All versions: who, when, why, and what each was foreseen to change."""
    versions = store.read_versions(current().database.connection)
    return jsonify({"versions": [asdict(each) for each in versions]})


@blueprint.get("/diff")
def get_diff() -> Response:
    """Two versions compared: the rows that differ."""
    query = read_query(DiffQuery)
    connection = current().database.connection
    old, new = (store.read_tables(connection, number) for number in (query.old, query.new))
    fields = [asdict(each) for each in compare_tables(old, new)]
    return jsonify({"old": query.old, "new": query.new, "fields": fields})
