"""``kb verify``: the handbook's lint."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from kb.commands.console import FAILURE, Command, json_option, show
from kb.commands.params import Day, Readable
from kb.commands.run import Run, pass_run

SEVERITIES = {"error": "错误", "warning": "提醒"}


@click.command("verify", cls=Command)
@click.argument("folder", metavar="[DIR]", required=False, type=Readable(folder=True))
@click.option("--on", type=Day(), help="按哪一天检查复审期和有效期（默认今天）")
@json_option
@pass_run
def verify_command(run: Run, folder: Path | None, on: object, as_json: bool) -> int:
    """检查手册目录（默认随附的手册）；有错误时退出码为 1。"""
    from datetime import date

    from kb.verify import verify_folder

    folder = folder or run.settings.handbook
    day = on if isinstance(on, date) else run.clock().date()
    findings = verify_folder(folder, on=day)
    errors = sum(finding.severity == "error" for finding in findings)
    data = {
        "folder": str(folder),
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [asdict(finding) for finding in findings],
    }
    lines = [
        f"{SEVERITIES[finding.severity]} {finding.where}：{finding.message}" for finding in findings
    ]
    lines.append(f"错误 {errors} 处，提醒 {len(findings) - errors} 处")
    show(data, lines, as_json=as_json)
    return FAILURE if errors else 0
