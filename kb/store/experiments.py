"""Experiments between two ranker versions, and the closings credited to each team."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from kb.errors import ExperimentConflict, ExperimentNotFound
from kb.experiment import CreditedClosing, Experiment, ExperimentStatus, judge
from kb.store.ranker import raise_stamp, read_ranker
from kb.store.rows import insert, parse_row, row_values
from kb.times import format_instant, parse_instant


def start_experiment(connection: sqlite3.Connection, experiment: Experiment) -> None:
    """Begin; raise ExperimentConflict for a name used before or when another one runs,
    RankerVersionNotFound."""
    for version in (experiment.treatment, experiment.control):
        if version:
            read_ranker(connection, version)
    if experiment.treatment == experiment.control:
        raise ExperimentConflict("实验组和对照组是同一个版本", field="--treatment")
    if _read(connection, experiment.name) is not None:
        raise ExperimentConflict("这个名字用过了", field="NAME")
    running = read_running(connection)
    if running is not None:
        raise ExperimentConflict(f"「{running.name}」还在进行，先停掉它", field="NAME")
    insert(connection, "experiment", row_values(experiment))
    raise_stamp(connection)


def stop_experiment(
    connection: sqlite3.Connection, name: str, *, reason: str, now: datetime
) -> Experiment:
    """End a running experiment; raise ExperimentConflict when it has ended before."""
    experiment = read_experiment(connection, name)
    if experiment.stopped_at is not None:
        raise ExperimentConflict("这个实验已经停了", field="NAME")
    connection.execute(
        "UPDATE experiment SET stopped_at = ?, stop_reason = ? WHERE name = ?",
        (format_instant(now), reason, name),
    )
    raise_stamp(connection)
    return read_experiment(connection, name)


def read_running(connection: sqlite3.Connection) -> Experiment | None:
    """The experiment that runs now."""
    row = connection.execute("SELECT * FROM experiment WHERE stopped_at IS NULL").fetchone()
    return parse_row(row, Experiment) if row else None


def read_experiment(connection: sqlite3.Connection, name: str) -> Experiment:
    """One experiment; raise ExperimentNotFound."""
    found = _read(connection, name)
    if found is None:
        raise ExperimentNotFound(name, field="NAME")
    return found


def read_experiments(connection: sqlite3.Connection) -> list[Experiment]:
    """All experiments, newest first."""
    rows = connection.execute("SELECT * FROM experiment ORDER BY started_at DESC, name")
    return [parse_row(row, Experiment) for row in rows]


def _read(connection: sqlite3.Connection, name: str) -> Experiment | None:
    row = connection.execute("SELECT * FROM experiment WHERE name = ?", (name,)).fetchone()
    return parse_row(row, Experiment) if row else None


def read_status(connection: sqlite3.Connection, name: str, *, repeat_days: int) -> ExperimentStatus:
    """Where an experiment stands; raise ExperimentNotFound."""
    experiment = read_experiment(connection, name)
    row = connection.execute(
        "SELECT count(*) AS sessions FROM suggestion_session WHERE arm = ? AND NOT is_training",
        (name,),
    ).fetchone()
    closings = _read_closings(connection, experiment)
    return judge(experiment, closings, sessions=row["sessions"], repeat_days=repeat_days)


def stop_harmful(
    connection: sqlite3.Connection, *, repeat_days: int, now: datetime
) -> ExperimentStatus | None:
    """Stop the running experiment if its treatment comes back more often beyond doubt."""
    running = read_running(connection)
    if running is None:
        return None
    status = read_status(connection, running.name, repeat_days=repeat_days)
    if not status.is_harmful:
        return None
    stop_experiment(connection, running.name, reason="guard", now=now)
    return read_status(connection, running.name, repeat_days=repeat_days)


def _read_closings(
    connection: sqlite3.Connection, experiment: Experiment
) -> Sequence[CreditedClosing]:
    rows = connection.execute(
        "SELECT impression.team, outcome.state, outcome.closed_at, (SELECT max(happened_at)"
        "  FROM outcome_trace AS trace WHERE trace.to_state = 'came_back'"
        "  AND (trace.ticket_no, trace.closing) = (outcome.ticket_no, outcome.closing)) AS back_at"
        " FROM suggestion_session AS session"
        " JOIN impression ON impression.session_id = session.id"
        " JOIN ticket_knowledge_link AS link ON link.impression_id = impression.id"
        " JOIN ticket_outcome AS outcome"
        "  ON (outcome.ticket_no, outcome.closing) = (link.ticket_no, link.closing)"
        " WHERE session.arm = ? AND NOT session.is_training AND impression.team <> ''"
        " AND link.knowledge_usage = 'solution'"
        " ORDER BY outcome.closed_at, outcome.ticket_no, outcome.closing",
        (experiment.name,),
    )
    start = parse_instant(experiment.started_at, field="started_at")

    def day(text: str) -> float:
        return (parse_instant(text, field="at") - start).total_seconds() / 86_400

    return [
        CreditedClosing(
            team=row["team"],
            state=row["state"],
            closed_day=day(row["closed_at"]),
            came_back_day=day(row["back_at"]) if row["state"] == "came_back" else None,
        )
        for row in rows
    ]
