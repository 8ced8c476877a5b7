"""What is counted while serving, summed over all processes that serve together: for the metrics.

The values are made when the first is counted. With ``share_counts`` before that, each process keeps
its own in a file of a common folder, and whoever is asked for the metrics reads them all.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    disable_created_metrics,
    values,
)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable of the environment by which processes started later find the folder."""
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 5.0)
"""Upper bounds in seconds: 0.4 and 0.8 are what an agent may wait for 95 and 99 answers of 100."""


@dataclass(frozen=True)
class Counts:
    """The values of this process; all safe to use from many threads."""

    registry: CollectorRegistry
    requests: Histogram
    steps: Summary
    events: Counter
    unrecorded: Counter
    losses: Counter
    encoder_failures: Counter
    waiting: Gauge


@cache
def counts() -> Counts:
    """The one set of values of this process."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    return Counts(
        registry=registry,
        requests=Histogram(
            "kb_request_seconds", "Time from the request's arrival to its answer.",
            ["method", "route", "status"], buckets=BUCKETS, registry=registry,
        ),
        steps=Summary(
            "kb_step_seconds", "Time of each step of a suggestion.", ["step"], registry=registry
        ),
        events=Counter("kb_events", "Lines of the log by event.", ["event"], registry=registry),
        unrecorded=Counter(
            "kb_unrecorded", "Answers given though the disk was too full to keep them.",
            ["kind"], registry=registry,
        ),
        losses=Counter(
            "kb_index_losses", "Times the index could be searched no more.", registry=registry
        ),
        encoder_failures=Counter(
            "kb_encoder_failures", "Questions answered by words as the encoder failed.",
            registry=registry,
        ),
        waiting=Gauge(
            "kb_queue_depth", "Requests that wait for a thread.",
            registry=registry, multiprocess_mode="livesum",
        ),
    )  # fmt: skip


def share_counts(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Count in files of the empty ``folder`` from now on, in this process, those forked from it and
    those started with ``environ``; raise RuntimeError when something was counted before."""
    if counts.cache_info().currsize:
        raise RuntimeError("something was counted already")
    environ[FOLDER] = str(folder)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def are_shared() -> bool:
    """Whether other processes' counts are to be summed in."""
    return bool(values.ValueClass._multiprocess)
