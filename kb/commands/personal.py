"""``kb pii``: what is kept of a person, and erasing it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.commands.console import DIFFERENT, Command, Group, json_option, show
from kb.commands.params import Readable
from kb.commands.run import Run, pass_run

if TYPE_CHECKING:
    from kb.database import Database
    from kb.erasing import Trace
    from kb.subject import Subject

subject_argument = click.argument("who", metavar="WHO")
backups_option = click.option(
    "--backups", type=Readable(folder=True), multiple=True, help="也查这个备份文件夹"
)


@click.group("pii", cls=Group)
def pii_group() -> None:
    """个人信息：查一个人留下了什么，删除。WHO 是号码、姓名或一段文字，写 - 则从标准输入读。"""


@pii_group.command("find", cls=Command)
@subject_argument
@backups_option
@json_option
@pass_run
def find_person_command(run: Run, who: str, backups: tuple[Path, ...], as_json: bool) -> None:
    """查数据库、索引、编码器、备份里还有没有这个人。"""
    from kb.erasing import find_person

    database = run.open_database()
    trace = find_person(database, run.settings, _subject(who), backups)
    database.close()
    show(_told(trace), _lines(trace), as_json=as_json)


@pii_group.command("erase", cls=Command)
@subject_argument
@backups_option
@click.option("--dry-run", is_flag=True, help="只看会改哪些，什么也不改")
@click.option("--yes", is_flag=True, help="不再询问")
@json_option
@pass_run
def erase_person_command(
    run: Run, who: str, backups: tuple[Path, ...], dry_run: bool, yes: bool, as_json: bool
) -> int:
    """删除一个人：改写各表、整理数据库文件、重建索引，再查一遍；先停掉 kb serve。"""
    from indexer.generation import writing
    from kb.erasing import erase_person, find_person

    subject = _subject(who)
    database = run.open_database()
    found = find_person(database, run.settings, subject, backups)
    if dry_run or found.is_empty:
        show(_told(found), _lines(found), as_json=as_json)
        return 0
    with writing(run.settings.index):
        pass  # a server that holds the index would go on answering from it
    if not yes:
        click.echo("\n".join(_lines(found)), err=True)
        click.confirm("以上都会删除，不能恢复。继续吗", abort=True, err=True)
    erase_person(database, subject)
    _rebuild(run, database, subject)
    left = find_person(database, run.settings, subject, backups)
    database.close()
    result = {"found": _told(found), "left": _told(left), "erased": left.is_empty}
    lines = ["已删除" if left.is_empty else "没有删净，还在：", *_lines(left)]
    show(result, lines, as_json=as_json)
    return 0 if left.is_empty else DIFFERENT


def _subject(who: str) -> Subject:
    from kb.subject import parse_subject

    return parse_subject(sys.stdin.readline() if who == "-" else who)


def _rebuild(run: Run, database: Database, subject: Subject) -> None:
    """The index made anew and older ones removed; the encoder too where the person is in it."""
    from indexer.generation import read_current
    from kb.commands.indexing import rebuild
    from kb.erasing import find_files

    if not run.settings.index.is_dir():
        return
    if any(find_files(run.settings.encoders, subject.encoded)):
        shutil.rmtree(run.settings.encoders)
    rebuild(run, database)
    current = read_current(run.settings.index)
    for generation in run.settings.index.glob("gen-*"):
        if generation != current:
            shutil.rmtree(generation)


def _told(trace: Trace) -> dict[str, Any]:
    return asdict(trace)


def _lines(trace: Trace) -> list[str]:
    lines = []
    if trace.tickets:
        lines.append(f"这个号码的工单 {len(trace.tickets)} 张：{'、'.join(trace.tickets[:10])}")
    if trace.calls:
        lines.append(f"这个号码的来电 {len(trace.calls)} 次")
    lines += [f"{place}：{count} 行" for place, count in trace.texts.items()]
    lines += [f"文件 {path}" for path in trace.files]
    lines += [
        f"备份 {path} 里还有，不能改写；轮换到 {day} 删去，用它恢复后要再删一次"
        for path, day in trace.backups.items()
    ]
    return lines or ["没有找到"]
