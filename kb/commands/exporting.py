"""``kb export``: what the data folder holds, as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from kb.commands.console import Command, Group, json_option, show
from kb.commands.run import Run, pass_run


@click.group("export", cls=Group)
def export_group() -> None:
    """把手册写成文件。"""


@export_group.command("handbook", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_run
def export_handbook_command(run: Run, folder: Path, as_json: bool) -> None:
    """把今天有效的手册写成 Markdown 和表格，内容不变则一个字节也不变。"""
    from kb.publishing import export_handbook

    report = export_handbook(run.open_database(), folder, now=run.clock())
    changed = len(report.changed)
    line = f"手册 {report.articles} 篇写到 {folder}，{changed} 个文件有改动"
    show(asdict(report), [line], as_json=as_json)
