"""A drill: whatever is sent to the API, it answers as its OpenAPI document says, never with 5xx.

``python -m tests.bench.schema --examples 1000``, on a copy of a built data folder (``KB_DATA``).
Schemathesis makes requests that fit the document and requests that do not, half of them about
things that are there: articles, a ticket, a session of suggestions. Calls run in this process,
over real services.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from kb.review import Finding, Record, Subject, Tally
from kb.settings import read_settings
from kb.store import reviews
from web.app import create_app
from web.services import Services
from web.wsgi import build_services

PREFIX = "/api/v1"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
VERSIONS = ("", "*", '"v1"', '"v2"', '"rev-1"', "x", "v" + "9" * 30, "v" + "9" * 5000)
"""Of ``If-Match``; "" leaves what was made."""
DRAFT = "S98"
ARTICLES = ("P060101", DRAFT)
NAMED = {
    "card_id": "limit-TL001",
    "gap_id": "none_fit:none-0",
    "category": "060101",
    "target_type": "procedure",
    "target_id": "P060101",
    "revision": 1,
    "version": None,
    "from": "2026-03-11T09:20",
    "accepted_at": "2026-03-11T09:20",
    "due_at": "2026-03-12T09:20",
    "due_by": "2026-03-12T09:20",
    "valid_from": "2026-01-01",
    "review_by": "2027-01-01",
    "section": "2.1",
    "slug": "checked",
    "tables": {"words": ["紫檀木"]},
    "time_limits": [],
    "figures": [],
    "categories": ["060101"],
    "solution": None,
    "fix": "",
    "said": [0],
}
"""Values that mean something on every desk."""


@dataclass
class Outcome:
    """What the drill saw: answers of each call by status, and each kind of fault once."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, call: str, failure: Failure, request: str) -> None:
        """Keep the first request that showed a fault."""
        told = f"{failure.title}: {failure.message[:600]}\n    {request[:600]}"
        self.faults.setdefault((call, failure.title + failure.message[:60]), told)


def make_known(services: Services, client: FlaskClient) -> Mapping[str, Any]:
    """One thing of each kind that a path may name."""
    asked = _post(client, "/suggestions", {"text": "家里网断了,盒子上那个红灯一直亮"})
    impression = asked["procedures"][0]["impression_id"]
    session = asked["session_id"]
    ticket = _post(client, "/tickets", {"description": "网断了", "category": "060101"})
    gap = _post(client, f"/suggestions/{session}/decisions", {"decision": "gap", "comment": "缺"})
    event = _post(client, f"/impressions/{impression}/events", {"action": "clicked"})
    draft = {name: NAMED[name] for name in ("section", "slug", "valid_from", "review_by")}
    path, new = f"{PREFIX}/articles/{DRAFT}/draft", {"If-None-Match": "*"}
    client.put(path, json=draft | {"title": "一条草稿", "body": "写一句。"}, headers=new)
    return NAMED | {
        "session_id": session,
        "impression_id": impression,
        "impression_ids": [impression],
        "decision_id": gap["decision_id"],
        "event_id": event["event_id"],
        "ticket_no": ticket["ticket_no"],
        "task_id": str(_open_task(services)),
        "drill_id": _post(client, "/learning/drills", {})["id"],
    }


def _post(client: FlaskClient, path: str, body: object) -> dict[str, Any]:
    found = client.post(PREFIX + path, json=body, headers={"X-Agent": "drill"}).json
    assert found is not None
    return dict(found)


def _open_task(services: Services) -> int:
    tally = Tally(12, 20)
    record = Record(Subject("procedure", "P060101", "1", "060101"), tally, tally, "2026-03-01")
    finding = Finding(record, "060101", Tally(1, 30), 0.001, 0.01)
    with services.database.transaction() as connection:
        reviews.add_task(connection, finding, now=services.clock())
        return reviews.read_tasks(connection, with_closed=False)[0].id


def drill(
    app: Flask, services: Services, *, examples: int, only: str = "", start: int = 0
) -> Outcome:
    """Send ``examples`` requests to every operation whose name holds ``only``, as many that do not
    fit the document to each that takes a body or a query."""
    outcome = Outcome()
    known = make_known(services, app.test_client())

    def here(environ: dict[str, Any], start: Any) -> Any:
        return app(environ | {"REMOTE_ADDR": "127.0.0.1"}, start)

    document = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", here)
    for found in document.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if only in operation.label:
            for mode in MODES if operation.body or operation.query else MODES[:1]:
                _try_operation(operation, mode, known, outcome, examples=examples, start=start)
    return outcome


def _try_operation(
    operation: Any,
    mode: GenerationMode,
    known: Mapping[str, Any],
    outcome: Outcome,
    *,
    examples: int,
    start: int,
) -> None:
    cases = _cases(operation, mode, known)
    seen = outcome.statuses.setdefault(operation.label, Counter())

    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, version=st.sampled_from(VERSIONS), fitting=st.booleans())
    def send(case: Any, version: str, fitting: bool) -> None:
        headers = {"If-Match": version} if version and "If-Match" in (case.headers or {}) else {}
        if fitting and isinstance(case.body, dict):
            case.body |= {name: known[name] for name in case.body if name in known}
        answer = case.call(headers=headers)
        seen[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=_checks(fitting, answer.status_code))
        except FailureGroup as group:
            for failure in filter(_is_fault, group.exceptions):
                request = f"{case.method} {answer.request.url} {case.body!r} {case.headers}"
                outcome.note(operation.label, failure, request)

    send()


def _checks(fitting: bool, status: int) -> list[Any]:
    """A request made fitting may be taken; one that is too large is refused, as 413 tells."""
    return CHECKS[:-1] if fitting or status == 413 else CHECKS


def _is_fault(failure: Any) -> bool:
    """Whether it breaks the document. A text is measured once control characters and outer blanks
    are gone: one that is longer only by these is taken."""
    return "violates `maxLength`" not in failure.message


def _cases(operation: Any, mode: GenerationMode, known: Mapping[str, Any]) -> Any:
    cases = operation.as_strategy(generation_mode=mode)
    names = [each.name for each in operation.path_parameters]
    if not names:
        return cases
    ways = [cases]
    for article in ARTICLES if "article_id" in names else ARTICLES[:1]:
        named = {name: {**known, "article_id": article}[name] for name in names}
        ways.append(operation.as_strategy(generation_mode=mode, path_parameters=named))
    return st.one_of(ways)


@contextmanager
def open_app() -> Iterator[tuple[Flask, Services]]:
    """The service over a copy of the data folder that the environment names."""
    given = read_settings(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        copied = replace(given, data=Path(folder) / "data")
        shutil.copytree(given.data, copied.data)
        services = build_services(copied)
        yield create_app(services), services
        services.database.close()


@click.command()
@click.option("--examples", default=100, help="requests of each kind to each operation")
@click.option("--only", default="", help="operations whose label holds this text")
@click.option("--seed", "start", default=0)
def main(examples: int, only: str, start: int) -> None:
    """Run the drill and say what was seen."""
    began = time.monotonic()
    with open_app() as (app, services):
        outcome = drill(app, services, examples=examples, only=only, start=start)
    for call, statuses in outcome.statuses.items():
        click.echo(f"{call:60} {dict(sorted(statuses.items()))}")
    for (call, _), told in outcome.faults.items():
        click.echo(f"\n{call}\n    {told}")
    sent = sum(sum(each.values()) for each in outcome.statuses.values())
    click.echo(
        f"\n{len(outcome.statuses)} operations, {sent} requests, {time.monotonic() - began:.0f} s, "
        f"{len(outcome.faults)} faults"
    )
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
