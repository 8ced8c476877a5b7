"""``kb backup`` and ``kb restore``."""

from __future__ import annotations

from pathlib import Path

import click

from kb.commands.console import Command, json_option, show
from kb.commands.indexing import describe_index, rebuild
from kb.commands.params import Readable
from kb.commands.run import Run, pass_run

MIB = 1 << 20


@click.command("backup", cls=Command)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_run
def backup_command(run: Run, folder: Path, as_json: bool) -> None:
    """把整个数据库和编码器备份成 DIR 里的一个文件，服务不用停。"""
    from kb.backing import back_up

    run.open_database().close()
    made = back_up(run.settings, folder, now=run.clock())
    run.note(f"backup:{made.path.name}")
    rows = sum(made.manifest.rows.values())
    result = {
        "path": str(made.path),
        "bytes": made.size,
        "made_at": made.manifest.made_at,
        "rows": made.manifest.rows,
        "audit_head": made.manifest.audit_head,
    }
    size = f"{made.size / MIB:.1f} MiB，{len(made.manifest.rows)} 张表 {rows} 行"
    line = f"备份写到 {made.path}（{size}）"
    show(result, [line], as_json=as_json)


@click.command("restore", cls=Command)
@click.argument("file", metavar="FILE", type=Readable())
@json_option
@pass_run
def restore_command(run: Run, file: Path, as_json: bool) -> None:
    """把备份恢复到空的数据目录（KB_DATA），升到现在的版本，再建好索引。"""
    from kb.backing import restore
    from kb.sealing import KeyFile
    from kb.second_factor import find_unreadable

    manifest = restore(file, run.settings.data)
    run.note(f"backup:{file.name}")
    database = run.open_database()
    locked = find_unreadable(database.connection, KeyFile(run.settings.key_file))
    index = rebuild(run, database)
    database.close()
    result = {
        "data": str(run.settings.data),
        "made_at": manifest.made_at,
        "rows": manifest.rows,
        "index": index,
        "without_key": locked,
    }
    lines = [f"已恢复到 {run.settings.data}：{manifest.made_at} 的备份", describe_index(index)]
    if locked:
        lines.append(
            f"{len(locked)} 个账号的动态码要用 {run.settings.key_file} 里的密钥，它不在备份里："
            "请放回另处保存的那份，或用恢复码登录"
        )
    show(result, lines, as_json=as_json)
