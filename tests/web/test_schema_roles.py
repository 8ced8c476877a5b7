"""The same requests by everybody: each role, programs and nobody, on a desk with accounts."""

from __future__ import annotations

from collections import Counter

from flask import Flask

from kb.account import Role
from tests.bench.schema import drill
from web.services import Services


def test_who_may_not_call_is_refused_first_and_who_may_is_answered_as_told(
    app: Flask, services: Services
) -> None:
    outcome = drill(app, services, examples=2, each=1, only="POST /suggestions$|/gaps$")
    assert outcome.faults == {}
    told = {call: set(statuses) for call, statuses in outcome.statuses.items()}
    assert told["POST /suggestions nobody"] == told["POST /suggestions wrong token"] == {401}
    assert told["POST /suggestions wrong cookie"] == {401}
    assert told["POST /suggestions editor"] == told["POST /suggestions narrow token"] == {403}
    assert 403 not in told["POST /suggestions agent"] | told["POST /suggestions everything"]
    assert told["GET /reports/gaps administrator"] == {403}
    assert 200 in told["GET /reports/gaps everything"]
    called = {call.removeprefix("POST /suggestions ") for call in told if "POST /sugg" in call}
    assert called >= {*Role, "everything", "token"}
    assert told["/suggestions others"] == {405}
    assert sum(map(Counter.total, outcome.statuses.values())) > 40
