"""Requests made from the OpenAPI document itself, fitting and not; many more in tests/bench."""

from __future__ import annotations

from flask import Flask

from tests.bench.schema import drill
from web.services import Services


def test_whatever_is_sent_is_answered_as_the_document_says(app: Flask, services: Services) -> None:
    outcome = drill(app, services, examples=1)
    assert outcome.faults == {}
    told = {status for statuses in outcome.statuses.values() for status in statuses}
    assert {200, 201, 400, 404, 422} <= told
