"""A drill: calls in chains, each about what an answer before it named, along the links of the
OpenAPI document: a ticket is made, read, tied, closed and opened again, in any order.

``python -m tests.bench.stateful --chains 200``, on a copy of a built data folder (``KB_DATA``).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import click
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput, StepOutput

from tests.bench.schema import CHECKS, NAMED, PREFIX, Outcome, Wire, is_fault, open_app
from web.openapi_links import LINKS

TEXT = "家里网断了,盒子上那个红灯一直亮"
GIVEN: dict[str, Any] = {
    **NAMED,
    "text": TEXT,
    "description": TEXT,
    "number": "",
    "service_number": "",
    "ticket_no": None,
    "session_id": None,
    "search_id": None,
    "repeat_of": None,
    "impression_ids": [],
    "impression_id": None,
    "none_fit": True,
    "status": None,
}  # fmt: skip
"""What stands in bodies, so that most are taken; ids come from the answers."""
LINKED = sum(map(len, LINKS.values()))


@dataclass
class Chained(Outcome):
    """What was seen; ``followed``: how often each link led to an answer that was taken."""

    followed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def run_chains(app: Flask, *, chains: int, steps: int = 8, start: int = 0) -> Chained:
    """Follow the links of the document in so many chains of at most ``steps`` calls."""
    outcome = Chained()
    wire = Wire(app)
    wire.headers = {"X-Agent": "drill"}
    config = schemathesis.config.SchemathesisConfig()
    generation = config.projects.default.generation
    generation.update(with_security_parameters=False, modes=[GenerationMode.POSITIVE])
    config.projects.default.phases.stateful.inference.algorithms = []
    document = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", wire, config=config)
    machine = _make_machine(document, outcome)
    sized = settings(
        max_examples=chains,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(start)(machine)
    machine.run(settings=sized)
    return outcome


def _make_machine(document: Any, outcome: Chained) -> Any:
    known: type[APIStateMachine] = document.as_state_machine()

    class Machine(known):  # type: ignore[valid-type, misc]
        """Judges each answer; a fault is noted and the chain goes on."""

        def step(self, input: StepInput) -> StepOutput:  # noqa: A002 (its name upstream)
            case = input.case
            if isinstance(case.body, dict):
                case.body |= {name: GIVEN[name] for name in case.body if name in GIVEN}
            answer = case.call()
            label = case.operation.label
            outcome.statuses.setdefault(label, Counter())[answer.status_code] += 1
            if input.transition is not None and input.is_applied:
                taken = outcome.followed if answer.status_code < 300 else outcome.refused
                taken[input.transition.id] += 1
            try:
                case.validate_response(answer, checks=CHECKS[:-1])
            except FailureGroup as group:
                for failure in filter(is_fault, group.exceptions):
                    outcome.note(label, failure, f"{answer.request.url} {case.body!r}")
            return StepOutput(answer, case)

    return Machine


@click.command()
@click.option("--chains", default=200, help="chains of calls")
@click.option("--steps", default=8, help="calls in a chain, at most")
@click.option("--seed", "start", default=0)
def main(chains: int, steps: int, start: int) -> None:
    """Run the drill and say what was seen."""
    began = time.monotonic()
    with open_app() as (app, _):
        outcome = run_chains(app, chains=chains, steps=steps, start=start)
    for name in sorted({*outcome.followed, *outcome.refused}):
        click.echo(f"{outcome.followed[name]:5} taken {outcome.refused[name]:5} refused  {name}")
    for (call, _), told in outcome.faults.items():
        click.echo(f"\n{call}\n    {told}")
    sent = sum(map(Counter.total, outcome.statuses.values()))
    click.echo(
        f"\n{sent} calls in {chains} chains, {len(outcome.followed)} of {LINKED} links led to an"
        f" answer that was taken, {time.monotonic() - began:.0f} s, {len(outcome.faults)} faults"
    )
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
