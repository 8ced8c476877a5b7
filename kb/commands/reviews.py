"""``kb tasks``: what is to be reviewed because it comes back too often."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from kb.commands.console import Command, json_option, show
from kb.commands.params import Text
from kb.commands.run import Run, pass_run
from kb.review import VERDICTS

if TYPE_CHECKING:
    from kb.review import ReviewTask


@click.command("tasks", cls=Command)
@click.option("--closed", is_flag=True, help="连同已办完的")
@click.option("--owner", type=Text(), default="", help="只列这个部门负责的")
@json_option
@pass_run
def tasks_command(run: Run, closed: bool, owner: str, as_json: bool) -> None:
    """复核任务：解决的投诉又反复得比同类多的条目和办法。"""
    from kb.store.reviews import read_tasks

    tasks = read_tasks(run.open_database().connection, with_closed=closed, owner=owner)
    lines = [_line(task) for task in tasks] or ["没有复核任务"]
    show({"tasks": [asdict(task) for task in tasks]}, lines, as_json=as_json)


def _line(task: ReviewTask) -> str:
    version = f" 第 {task.target_version} 版" if task.target_version else ""
    state = VERDICTS[task.verdict] if task.verdict else "待复核"
    return (
        f"{task.id} {state} {task.owner}：{task.title}（{task.target_id}{version}）"
        f"{task.settled} 次里反复 {task.came_back} 次，"
        f"同类 {task.others_settled} 次里 {task.others_came_back} 次"
    )
