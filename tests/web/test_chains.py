"""Calls in chains along the links of the OpenAPI document; many more in tests/bench."""

from __future__ import annotations

from flask import Flask

from tests.bench.schema import PREFIX
from tests.bench.stateful import run_chains
from web.openapi import OPERATIONS, build_document
from web.openapi_links import LINKS, operation_id


def test_every_link_leads_from_one_operation_to_another_with_all_its_parts() -> None:
    paths = build_document()["paths"]
    known = {each.key for each in OPERATIONS}
    assert LINKS.keys() <= known
    named = {told["operationId"] for each in paths.values() for told in each.values()}
    for (method, path), links in LINKS.items():
        told = paths[path][method.lower()]["responses"]
        declared = next(told[status]["links"] for status in sorted(told) if status < "3")
        assert len(declared) == len(links), "each has a name of its own"
        for link in links:
            assert link.to in known
            assert operation_id(link.to) in named
            parts = {part[1:-1] for part in link.to[1].split("/") if part[:1] == "{"}
            assert parts == set(link.parts)
            for place in link.parts.values():
                if place.startswith("path."):
                    assert f"{{{place.removeprefix('path.')}}}" in path


def test_what_an_answer_leads_to_is_answered_as_the_document_says(app: Flask) -> None:
    outcome = run_chains(app, chains=40)
    assert outcome.faults == {}
    assert len(outcome.taken) >= 2


def test_the_document_is_served_with_its_links(app: Flask) -> None:
    served = app.test_client().get(f"{PREFIX}/openapi.json").get_json()
    link = served["paths"]["/tickets"]["post"]["responses"]["201"]["links"]["post-close"]
    assert link["operationId"] == "post-tickets-by-ticket-no-close"
    assert link["parameters"] == {"ticket_no": "$response.body#/ticket_no"}
