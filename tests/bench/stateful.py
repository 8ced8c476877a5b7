"""A drill: calls in chains, each about what an answer before it named, along the links of the
OpenAPI document: a ticket is made, read, tied, closed and opened again, in any order.

``python -m tests.bench.stateful --chains 200``, on a copy of a built data folder (``KB_DATA``).
A chain is drawn whole before its first call; what an answer lacks ends no chain, only the step.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import click
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from tests.bench.schema import CHECKS, DRAFT, NAMED, PREFIX, Outcome, Wire, is_fault, open_app

TEXT = "家里网断了,盒子上那个红灯一直亮"
GIVEN: Mapping[str, Any] = {
    **NAMED, "text": TEXT, "description": TEXT, "number": "", "service_number": "",
    "ticket_no": None, "session_id": None, "search_id": None, "repeat_of": None,
    "impression_id": None, "impression_ids": [], "none_fit": True, "action": "clicked",
}  # fmt: skip
"""What stands in bodies where no answer before names it, so that most are taken."""
PEOPLE = ("甲", "乙")
STEPS = 8


@dataclass
class Chained(Outcome):
    """What was seen; by link: how often it was followed to an answer that was taken, or refused."""

    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Way:
    """A link of the document: from an operation to another, and where the path's parts stand."""

    name: str
    start: str
    to: str
    parts: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """A call of a chain: made by whom, and by which link of which step before (the first: none)."""

    case: Any
    who: str
    way: Way | None = None
    source: int = 0


@dataclass(frozen=True)
class Done:
    """What came of a step."""

    parts: Mapping[str, Any]
    answer: Any


def find_ways(document: Any) -> list[Way]:
    """The links that the document declares."""
    names = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, operations in document.raw_schema["paths"].items()
        for method, operation in operations.items()
    }
    return [
        Way(f"{names[operation['operationId']]} → {names[link['operationId']]}",
            names[operation["operationId"]], names[link["operationId"]], link["parameters"])
        for operations in document.raw_schema["paths"].values()
        for operation in operations.values()
        for status, told in operation["responses"].items() if status.startswith("2")
        for link in told.get("links", {}).values()
    ]  # fmt: skip


def run_chains(app: Flask, *, chains: int, start: int = 0) -> Chained:
    """Follow the links of the document in so many chains."""
    outcome, wire = Chained(), Wire(app)
    config = SchemathesisConfig()
    config.projects.default.generation.update(with_security_parameters=False)
    document = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", wire, config=config)

    @seed(start)
    @settings(
        max_examples=chains,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(chain=_chain(document))
    def run(chain: list[Step]) -> None:
        done: list[Done | None] = []
        for step in chain:
            wire.headers = {"X-Agent": quote(step.who)}
            done.append(_take(step, done, outcome))

    run()
    return outcome


def _chain(document: Any) -> st.SearchStrategy[list[Step]]:
    operations = {found.ok().label: found.ok() for found in document.get_all_operations()}
    ways = find_ways(document)
    strategies = {label: _cases(each) for label, each in operations.items()}
    roots = sorted({way.start for way in ways if _is_root(way.start)})

    @st.composite
    def draw_chain(draw: st.DrawFn) -> list[Step]:
        label = draw(st.sampled_from(roots))
        labels = [label]
        chain = [Step(draw(strategies[label]), draw(st.sampled_from(PEOPLE)))]
        for _ in range(draw(st.integers(1, STEPS))):
            open_ways = [(place, way) for place, at in enumerate(labels)
                         for way in ways if way.start == at]  # fmt: skip
            place, way = draw(st.sampled_from(open_ways))
            case, who = draw(strategies[way.to]), draw(st.sampled_from(PEOPLE))
            chain.append(Step(case, who, way, place))
            labels.append(way.to)
        return chain

    return draw_chain()


def _is_root(label: str) -> bool:
    """Whether it names nothing that an answer must have named before."""
    return "{" not in label or label == "PUT /articles/{article_id}/draft"


def _cases(operation: Any) -> Any:
    parts = {each.name: DRAFT for each in operation.path_parameters}
    return operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=parts)


def _take(step: Step, done: list[Done | None], outcome: Chained) -> Done | None:
    """Make the call; None when the answer before lacks what it is about."""
    source = done[step.source] if step.way else None
    parts = dict(step.case.path_parameters or {})
    if step.way:
        found = {name: _read(place, source) for name, place in step.way.parts.items()}
        if None in found.values():
            return None
        parts |= {name: str(value) for name, value in found.items()}
    case = step.case
    case.path_parameters = parts
    if isinstance(case.body, dict):
        case.body |= _fitting(case.body, source)
    answer = case.call(headers=_version(case, source))
    label = case.operation.label
    outcome.statuses.setdefault(label, Counter())[answer.status_code] += 1
    if step.way:
        counted = outcome.taken if answer.status_code < 300 else outcome.refused
        counted[step.way.name] += 1
    try:
        case.validate_response(answer, checks=CHECKS[:-1])
    except FailureGroup as group:
        for failure in filter(is_fault, group.exceptions):
            outcome.note(label, failure, f"{case.method} {answer.request.url} {case.body!r}")
    return Done(parts, answer)


def _read(expression: str, source: Done | None) -> Any:
    """What a link's expression names: a part of the request's path, or of the answer."""
    if source is None:
        return None
    if expression.startswith("$request.path."):
        return source.parts.get(expression.rpartition(".")[2])
    found = _body(source)
    for name in expression.partition("#/")[2].split("/"):
        if isinstance(found, list):
            found = found[int(name)] if int(name) < len(found) else None
        else:
            found = found.get(name) if isinstance(found, dict) else None
    return found


def _body(source: Done | None) -> Any:
    if source is None or "json" not in str(source.answer.headers.get("content-type", "")):
        return None
    return source.answer.json()


def _fitting(body: Mapping[str, Any], source: Done | None) -> dict[str, Any]:
    """Values of a body as the answer before names them, else as every desk has them."""
    told = _body(source)
    told = told if isinstance(told, dict) and source and source.answer.status_code < 300 else {}
    names = body.keys() & {"revision", "session_id", "impression_id", "target_type", "target_id"}
    return {name: value for name, value in GIVEN.items() if name in body} | {
        name: told[name] for name in names if told.get(name)
    }


def _version(case: Any, source: Done | None) -> dict[str, str]:
    """The version that the answer before told, where a call asks for one; else a new thing."""
    if "If-Match" not in {each.name for each in case.operation.headers}:
        return {}
    tags = source.answer.headers.get("etag") if source else None
    return {"If-Match": tags[0] if isinstance(tags, list) else tags} if tags else {}


@click.command()
@click.option("--chains", default=200, help="chains of calls")
@click.option("--seed", "start", default=0)
def main(chains: int, start: int) -> None:
    """Run the drill and say what was seen."""
    began = time.monotonic()
    with open_app() as (app, _):
        outcome = run_chains(app, chains=chains, start=start)
    for name in sorted({*outcome.taken, *outcome.refused}):
        click.echo(f"{outcome.taken[name]:5} taken {outcome.refused[name]:5} refused  {name}")
    for (call, _), told in outcome.faults.items():
        click.echo(f"\n{call}\n    {told}")
    sent = sum(map(Counter.total, outcome.statuses.values()))
    followed = {*outcome.taken, *outcome.refused}
    click.echo(
        f"\n{sent} calls in {chains} chains over {len(followed)} links, {len(outcome.taken)} of"
        f" them to an answer that was taken, {time.monotonic() - began:.0f} s,"
        f" {len(outcome.faults)} faults"
    )
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
