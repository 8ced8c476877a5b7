"""A drill: whatever is sent to the API, it answers as its OpenAPI document says, never with 5xx.

``python -m tests.bench.schema --examples 1000``, on a copy of a built data folder (``KB_DATA``).
Schemathesis makes requests that fit the document and requests that do not, half of them about
things that are there: articles, a ticket, a session of suggestions. Calls run in this process,
over real services. With ``--each N`` the desk has accounts: ``--examples`` are sent by a person
with all roles and N by each role alone, by programs with tokens and by nobody; who may not call an
operation must be refused before anything else is looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
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
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from kb.access import STRANGER
from kb.review import Finding, Record, Subject, Tally
from kb.settings import read_settings
from kb.store import reviews
from tests.bench.identities import EVERYTHING, Identity, make_identities, may_call
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
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
KEPT_OUT = frozenset({400, 401, 403, 404, 405, 413, 414, 415})
"""What who may not call an operation can be told: 404 and 405 where a made-up path is another."""
ANYONE = Identity("", STRANGER)
"""Who calls on a desk without accounts."""
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


def make_known(
    services: Services, client: FlaskClient, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    """One thing of each kind that a path may name, made by whom ``headers`` name."""
    client.environ_base.update(environ(headers))
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


def environ(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as WSGI passes them on."""
    return {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}


def _post(client: FlaskClient, path: str, body: object) -> dict[str, Any]:
    found = client.post(PREFIX + path, json=body).json
    assert found is not None
    return dict(found)


def _open_task(services: Services) -> int:
    tally = Tally(12, 20)
    record = Record(Subject("procedure", "P060101", "1", "060101"), tally, tally, "2026-03-01")
    finding = Finding(record, "060101", Tally(1, 30), 0.001, 0.01)
    with services.database.transaction() as connection:
        reviews.add_task(connection, finding, now=services.clock())
        return reviews.read_tasks(connection, with_closed=False)[0].id


class Wire:
    """The app as schemathesis calls it: from this machine, with the headers of who asks now."""

    def __init__(self, app: Flask) -> None:
        """Nobody asks yet."""
        self._app = app
        self.headers: Mapping[str, str] = {}

    def __call__(self, asked: dict[str, Any], start: Any) -> Any:
        """One call."""
        return self._app(asked | {"REMOTE_ADDR": "127.0.0.1"} | environ(self.headers), start)


@dataclass(frozen=True)
class Sending:
    """Who sends to one operation. ``may``: whether the table of access lets them."""

    operation: Any
    known: Mapping[str, Any]
    outcome: Outcome
    sender: str = ""
    may: bool = True

    @property
    def call(self) -> str:
        """What the outcome calls it."""
        return f"{self.operation.label} {self.sender}".strip()

    def send(self, mode: GenerationMode, *, examples: int, start: int) -> None:
        """Send requests of one kind and judge the answers."""
        seen = self.outcome.statuses.setdefault(self.call, Counter())

        @seed(start)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=_cases(self.operation, mode, self.known),
            version=st.sampled_from(VERSIONS),
            fitting=st.booleans(),
        )
        def send(case: Any, version: str, fitting: bool) -> None:
            has_version = version and "If-Match" in (case.headers or {})
            headers = {"If-Match": version} if has_version else {}
            if fitting and isinstance(case.body, dict):
                case.body |= {name: self.known[name] for name in case.body if name in self.known}
            answer = case.call(headers=headers)
            seen[answer.status_code] += 1
            self._judge(case, answer, _checks(fitting, answer.status_code))

        send()

    def _judge(self, case: Any, answer: Any, checks: list[Any]) -> None:
        request = f"{case.method} {answer.request.url} {case.body!r} {case.headers}"
        if not self.may and answer.status_code not in KEPT_OUT:
            told = f"{answer.status_code} {answer.text[:200]}"
            failure = Failure(operation=self.operation.label, title="was let in", message=told)
            self.outcome.note(self.call, failure, request)
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as group:
            for failure in filter(is_fault, group.exceptions):
                self.outcome.note(self.call, failure, request)


def drill(
    app: Flask,
    services: Services,
    *,
    examples: int,
    each: int = 0,
    only: str = "",
    start: int = 0,
    tell: Callable[[str, Outcome], None] = lambda _label, _outcome: None,
) -> Outcome:
    """Send ``examples`` requests to every operation whose name matches ``only``, half of them such
    as do not fit the document where it takes a body or a query.

    ``each``: as many by each role, by programs and by nobody, on a desk that then has accounts.
    """
    outcome = Outcome()
    people = list(make_identities(services).values()) if each else [ANYONE]
    first = next(who for who in people if who.name in ("", EVERYTHING))
    wire = Wire(app)
    wire.headers = first.sign_in(services) or {"X-Agent": "drill"}
    known = make_known(services, app.test_client(use_cookies=False), wire.headers)
    config = SchemathesisConfig()
    config.projects.default.generation.update(with_security_parameters=False)
    document = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", wire, config=config)
    paths = {each for each, told in document.raw_schema["paths"].items()
             if any(re.search(only, f"{method.upper()} {each}") for method in told)}  # fmt: skip
    _try_methods(app, document, outcome, wire.headers, paths)
    for found in document.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if not re.search(only, operation.label):
            continue
        modes = MODES if operation.body or operation.query else MODES[:1]
        for who in people:
            wire.headers = who.sign_in(services)
            may = who is ANYONE or may_call(app, who.viewer, *_rule_of(operation))
            sending = Sending(operation, known, outcome, who.name, may)
            count = -(-(examples if who is first else each) // len(modes))
            for mode in modes:
                sending.send(mode, examples=count, start=start)
        tell(operation.label, outcome)
    return outcome


def _rule_of(operation: Any) -> tuple[str, str]:
    """Method and rule of the URL map that an operation is."""
    rule = PREFIX + operation.path.removeprefix(PREFIX).replace("{", "<").replace("}", ">")
    return operation.method.upper(), rule


def _try_methods(
    app: Flask, document: Any, outcome: Outcome, headers: Mapping[str, str], paths: Collection[str]
) -> None:
    """Methods that a path does not tell are refused with 405 and the list of those it takes."""
    client = app.test_client(use_cookies=False)
    for path in sorted(paths):
        told = document.raw_schema["paths"][path]
        for method in METHODS:
            if method.lower() in told or (method == "HEAD" and "get" in told):
                continue
            url = PREFIX + re.sub(r"{[^}]+}", "x", path)
            answer = client.open(url, method=method, headers=dict(headers))
            outcome.statuses.setdefault(f"{path} others", Counter())[answer.status_code] += 1
            if answer.status_code != 405 or "Allow" not in answer.headers:
                failure = Failure(operation=path, title="method", message=answer.text[:200])
                outcome.note(f"{method} {path}", failure, f"{answer.status_code}")


def _checks(fitting: bool, status: int) -> list[Any]:
    """A request made fitting may be taken; one that is too large is refused, as 413 tells."""
    return CHECKS[:-1] if fitting or status == 413 else CHECKS


def is_fault(failure: Any) -> bool:
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
        free = {"rate_ask": 0, "rate_import": 0, "rate_trial": 0}
        copied = replace(given, data=Path(folder) / "data", **free)  # type: ignore[arg-type]
        shutil.copytree(given.data, copied.data)
        services = build_services(copied)
        yield create_app(services), services
        services.database.close()


def tell(label: str, outcome: Outcome) -> None:
    """What one operation answered, to all and to each, and how many faults there are so far."""
    found = {call.removeprefix(label).strip(): statuses
             for call, statuses in outcome.statuses.items()
             if call == label or call.startswith(f"{label} ")}  # fmt: skip
    total: Counter[int] = sum(found.values(), Counter())
    click.echo(f"{label:50} {total.total():6} {dict(sorted(total.items()))}")
    for who, statuses in found.items():
        if who:
            click.echo(f"    {who:15} {dict(sorted(statuses.items()))}")
    if outcome.faults:
        click.echo(f"    faults so far: {len(outcome.faults)}")


@click.command()
@click.option("--examples", default=100, help="requests to each operation")
@click.option("--each", default=0, help="as many by each role, by programs and by nobody")
@click.option("--only", default="", help="operations whose label matches this pattern")
@click.option("--seed", "start", default=0)
def main(examples: int, each: int, only: str, start: int) -> None:
    """Run the drill and say what was seen."""
    began = time.monotonic()
    with open_app() as (app, services):
        outcome = drill(
            app, services, examples=examples, each=each, only=only, start=start, tell=tell
        )
    for (call, _), told in outcome.faults.items():
        click.echo(f"\n{call}\n    {told}")
    sent = sum(map(Counter.total, outcome.statuses.values()))
    click.echo(f"\n{sent} requests, {time.monotonic() - began:.0f} s, {len(outcome.faults)} faults")
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
