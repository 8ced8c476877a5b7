"""``kb export``: what the data folder holds, as files."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from kb.commands.console import Command, Group, json_option, show
from kb.commands.params import Instant, OneOf, Text
from kb.commands.run import Run, pass_run
from kb.errors import InvalidInput
from kb.times import format_instant, parse_instant

START = parse_instant("2000-01-01", field="")


@click.group("export", cls=Group)
def export_group() -> None:
    """把手册，或建议与结果的记录，写成文件。"""


@export_group.command("handbook", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_run
def export_handbook_command(run: Run, folder: Path, as_json: bool) -> None:
    """把今天有效的手册写成 Markdown 和表格，内容不变则一个字节也不变。"""
    from kb.publishing import export_handbook

    report = export_handbook(run.open_database(), folder, now=run.clock())
    run.note("export:handbook")
    changed = len(report.changed)
    line = f"手册 {report.articles} 篇写到 {folder}，{changed} 个文件有改动"
    show(asdict(report), [line], as_json=as_json)


@export_group.command("outcomes", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", "form", type=OneOf(("csv", "jsonl")), default="csv", help="文件格式")
@click.option("--since", type=Instant(), default=START, help="从何时起（含）", show_default=False)
@click.option("--until", type=Instant(), help="到何时止（不含），默认现在")
@click.option("--agents", is_flag=True, help="写出坐席姓名；默认以摘要代替")
@click.option("--why", type=Text(), default="", help="为什么导出，写进 export.json")
@click.option(
    "--request", "export_id", type=Text(), default="", help="已批准的申请编号；有账号以后必须给"
)
@json_option
@pass_run
def export_outcomes_command(
    run: Run,
    folder: Path,
    form: str,
    since: datetime,
    until: datetime | None,
    agents: bool,
    why: str,
    export_id: str,
    as_json: bool,
) -> None:
    """把曝光、操作、关联、结果等记录连同数据字典写成文件，不含个人信息。"""
    from kb.outcome_files import Export, export_outcomes
    from kb.taking_out import check_command

    database = run.open_database()
    until = until or run.clock()
    approved = check_command(database, export_id, now=run.clock())
    if approved is not None:
        since = parse_instant(approved.since, field="--request")
        until = parse_instant(approved.until, field="--request")
        agents, why = approved.agents, approved.why
    if until <= since:
        raise InvalidInput("应晚于 --since", field="--until")
    wanted = Export(
        folder,
        form,
        since,
        until,
        agents=agents,
        who=run.who,
        at=format_instant(run.clock()),
        why=why,
    )
    counts = export_outcomes(database, wanted)
    run.note("export:outcomes")
    lines = [f"{name}.{form}：{count} 行" for name, count in counts.items()]
    show({"folder": str(folder), "format": form, "rows": counts}, lines, as_json=as_json)
