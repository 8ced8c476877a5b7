"""``kb experiment``: two rankers in one list, judged by what stays closed."""

from __future__ import annotations

import re

import click

from kb.commands.console import Group, json_option, show
from kb.commands.params import Share, Text
from kb.commands.run import Run, pass_run
from kb.errors import InvalidInput
from kb.experiment import VERDICTS, Experiment, ExperimentStatus, TeamFigures, status_as_dict
from kb.ranker import TEAMS, name_version, parse_version
from kb.store import experiments, ranker
from kb.times import format_instant

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
RESERVED = "trial"
"""Arm of sessions with a swap on trial; no experiment may be called so."""


@click.group("experiment", cls=Group)
def experiment_group() -> None:
    """在同一张清单里比较两个排序版本。"""


@experiment_group.command("start")
@click.argument("name", metavar="NAME", type=Text(40))
@click.option("--treatment", required=True, type=Text(40), help="实验组的版本，或 base")
@click.option("--control", type=Text(40), help="对照组的版本，或 base；默认现行版本")
@click.option("--share", type=Share(), default=1.0, help="参加实验的会话比例（默认 1）")
@json_option
@pass_run
def start_command(
    run: Run, name: str, treatment: str, control: str | None, share: float, as_json: bool
) -> None:
    """开始实验：两个版本轮流选条目，清单里各占一半。"""
    if not _NAME.fullmatch(name) or name == RESERVED:
        raise InvalidInput("用字母、数字、点、横线，最多 40 字", field="NAME")
    with run.open_database().transaction() as connection:
        current = ranker.read_switch(connection).current
        experiment = Experiment(
            name=name,
            treatment=parse_version(treatment, field="--treatment"),
            control=current if control is None else parse_version(control, field="--control"),
            share=share,
            started_at=format_instant(run.clock()),
            stopped_at=None,
            stop_reason="",
        )
        experiments.start_experiment(connection, experiment)
    _tell(run, name, as_json=as_json)


@experiment_group.command("status")
@click.argument("name", metavar="[NAME]", required=False, type=Text(40))
@json_option
@pass_run
def status_command(run: Run, name: str | None, as_json: bool) -> None:
    """实验到哪一步了；随时看都不影响结论。不给名字时看最近一个。"""
    connection = run.open_database().connection
    if name is None:
        known = experiments.read_experiments(connection)
        if not known:
            show({"experiments": []}, ["还没有做过实验"], as_json=as_json)
            return
        name = known[0].name
    with run.open_database().transaction() as connection:
        experiments.stop_harmful(connection, repeat_days=run.settings.repeat_days, now=run.clock())
    _tell(run, name, as_json=as_json)


@experiment_group.command("stop")
@click.argument("name", metavar="NAME", type=Text(40))
@json_option
@pass_run
def stop_command(run: Run, name: str, as_json: bool) -> None:
    """停止实验。"""
    with run.open_database().transaction() as connection:
        experiments.stop_experiment(connection, name, reason="asked", now=run.clock())
    _tell(run, name, as_json=as_json)


def _tell(run: Run, name: str, *, as_json: bool) -> None:
    connection = run.open_database().connection
    status = experiments.read_status(connection, name, repeat_days=run.settings.repeat_days)
    show(status_as_dict(status), _lines(status), as_json=as_json)


def _lines(status: ExperimentStatus) -> list[str]:
    experiment = status.experiment
    ended = f"，{experiment.stopped_at} 停止" if experiment.stopped_at else "，进行中"
    return [
        f"{experiment.name}：{experiment.started_at} 开始{ended}，{status.sessions} 次会话",
        _team_line("treatment", experiment.treatment, status.treatment),
        _team_line("control", experiment.control, status.control),
        f"{VERDICTS[status.verdict]}（p = {status.p_value:.3f}，随时看都有效）",
        f"实验组反复更多的证据 e = {status.harm:.2f}，到 20 自动停止",
    ]


def _team_line(team: str, version: int, figures: TeamFigures) -> str:
    return (
        f"{TEAMS[team]} {name_version(version)}：解决 {figures.solutions} 次，"
        f"其中未再投诉 {figures.stayed_closed}，又反复 {figures.came_back}"
    )
