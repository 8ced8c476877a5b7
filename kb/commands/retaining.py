"""``kb retain``: what has been kept long enough goes."""

from __future__ import annotations

from dataclasses import asdict

import click

from kb.commands.console import Command, json_option, show
from kb.commands.run import Run, pass_run


@click.command("retain", cls=Command)
@json_option
@pass_run
def retain_command(run: Run, as_json: bool) -> None:
    """按保留期清理：办结已久的工单去掉客户号码，旧会话去掉文字，清除过期审计记录。"""
    from kb.retaining import apply_retention

    database = run.open_database()
    done = apply_retention(database, run.settings, now=run.clock())
    database.close()
    lines = [
        f"去掉客户号码的工单 {done.tickets} 张",
        f"去掉文字的会话和搜索 {done.texts} 次",
        f"清除审计记录 {done.audit} 条",
    ]
    show(asdict(done), lines, as_json=as_json)
