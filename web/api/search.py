"""Explicit search."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, jsonify

from kb.searching import SearchQuery, result_as_dict
from web.bodies import SearchBody, SearchQueryString
from web.parsing import agent_name, read_body, read_query
from web.services import current
from web.suggesting import search

blueprint = Blueprint("api-search", __name__, url_prefix="/api/v1/search")


@blueprint.get("")
def get_search() -> Response:
    """Search by short words that may stand in an address."""
    return _search(read_query(SearchQueryString))


@blueprint.post("")
def create_search() -> Response:
    """Search by words that should not stand in an address."""
    return _search(read_body(SearchBody))


def _search(query: SearchQueryString) -> Response:
    now = current().clock()
    wanted = SearchQuery(
        text=query.q,
        on=date.fromisoformat(query.as_of) if query.as_of else now.date(),
        kind=query.type,
        chapter=query.chapter,
        category=query.category,
        region=query.region,
        syntax=query.syntax,
        limit=query.limit,
        agent=agent_name(),
        channel="api",
        ticket_no=query.ticket_no,
        is_training=query.is_training,
    )
    return jsonify(result_as_dict(search(wanted)))
