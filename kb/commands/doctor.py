"""``kb doctor``: what is wrong here, in plain words, and what to do about it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kb.commands.console import Command, json_option, show
from kb.commands.run import Run, pass_run
from kb.errors import IndexBusy, KBError, PortInUse

if TYPE_CHECKING:
    from kb.database import Database
    from kb.doctor import Finding

CODES = {"fine": 0, "warning": 1, "broken": 2}
SIGNS = {"fine": "正常", "warning": "提醒", "broken": "故障"}
WAIT_SECONDS = 3.0
MOST_PENDING = 1000
SAMPLE = 5_000
"""Tickets up to which every document is compared; more take a minute: that is ``kb verify``."""
REBUILD = "运行 kb index --full 重建；服务在运行时会自己重建"


@click.command("doctor", cls=Command)
@json_option
@pass_run
def doctor_command(run: Run, as_json: bool) -> int:
    """哪里不对、该怎么办，逐项说明；正常为 0，有提醒为 1，有故障为 2。什么也不改。"""
    from kb.doctor import BROKEN, examine, worst

    findings = examine(run.settings, now=run.clock())
    findings += check_service(run)
    is_readable = all(
        finding.level != BROKEN for finding in findings if finding.name.startswith("数据库")
    )
    if is_readable:
        findings += check_index(run)
    level = worst(findings)
    lines = [
        f"{SIGNS[each.level]} {each.name}：{each.told}"
        + (f"。{each.advice}" if each.advice else "")
        for each in findings
    ]
    data = {"level": level, "findings": [asdict(finding) for finding in findings]}
    show(data, [*lines, f"总的来说：{SIGNS[level]}"], as_json=as_json)
    return CODES[level]


def check_service(run: Run) -> Iterator[Finding]:
    """Is it running, ready, and is its index kept up?"""
    from kb.commands.serving import check_port
    from kb.doctor import FINE, WARNING, Finding

    told = _ask_ready(run)
    address = f"{run.settings.host}:{run.settings.port}"
    if told is None:
        try:
            check_port(run.settings)
        except PortInUse as error:
            yield Finding("端口", WARNING, str(error), "换 KB_PORT，或停下占用它的程序")
            return
        yield Finding("服务", FINE, f"没有在 {address} 运行，端口可用")
        return
    if told.get("status") == "ready" and told.get("writes") == "ok":
        yield Finding("服务", FINE, f"在 {address} 运行，能答能写")
    else:
        state = f"status={told.get('status')}，writes={told.get('writes')}"
        yield Finding("服务", WARNING, f"在 {address} 运行，但 {state}", "看下面的其他各项")
    if _is_followed(run):
        yield Finding("索引更新进程", FINE, "在运行")
    else:
        advice = "看服务的日志；改动在它回来之前不会进入索引"
        yield Finding("索引更新进程", WARNING, "没有在运行", advice)


def _ask_ready(run: Run) -> dict[str, Any] | None:
    """What ``/readyz`` of a running service says; None when nothing like it answers."""
    from kb.settings import ANY_ADDRESS

    host = ANY_ADDRESS.get(run.settings.host, run.settings.host)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{run.settings.port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    except (OSError, ValueError):
        return None
    try:
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "status" in told else None


def _is_followed(run: Run) -> bool:
    from indexer.generation import writing

    try:
        with writing(run.settings.index):
            return False
    except IndexBusy:
        return True


def check_index(run: Run) -> Iterator[Finding]:
    """Can it be searched, is it whole, is it the database's, by words and by meaning?"""
    from indexer.generation import UNUSABLE, read_current
    from indexer.integrity import find_damage
    from kb.database import Database
    from kb.doctor import BROKEN, FINE, Finding

    if not run.settings.index.is_dir():
        yield Finding("索引", BROKEN, "还没有建", "运行 kb index")
        return
    try:
        damaged = find_damage(read_current(run.settings.index))
    except UNUSABLE as error:
        yield Finding("索引", BROKEN, str(error), REBUILD)
        return
    if damaged:
        yield Finding("索引", BROKEN, f"文件损坏：{'、'.join(damaged)}", REBUILD)
        return
    yield Finding("索引", FINE, "文件与校验和一致")
    database = Database(run.settings.database)
    yield from _check_answers(run, database)
    database.close()


def _check_answers(run: Run, database: Database) -> Iterator[Finding]:
    from indexer.agreement import find_divergence
    from indexer.engine import Engine
    from indexer.language import open_language
    from kb.doctor import BROKEN, FINE, WARNING, Finding

    try:
        language = open_language(run.settings, database)
        status = Engine(run.settings, database, language).status()
    except KBError as error:
        yield Finding("编码器", BROKEN, str(error), REBUILD)
        return
    if status.mode == "hybrid":
        yield Finding("编码器", FINE, "按词和按意思都能检索")
    elif status.mode == "lexical":
        advice = "运行 kb train，或用备份里的 encoders 目录；在此之前只按词检索"
        yield Finding("编码器", WARNING, status.mode_reason, advice)
    else:
        yield Finding("索引", BROKEN, status.mode_reason, REBUILD)
        return
    if status.pending > MOST_PENDING:
        yield Finding(
            "索引", WARNING, f"{status.pending} 处改动还没进索引", "看索引更新进程是否在运行"
        )
    if status.tickets > SAMPLE:
        yield Finding("索引与数据库", FINE, f"{status.tickets} 张工单；逐条核对用 kb verify")
        return
    keys = find_divergence(run.settings, database).keys
    if keys:
        told = f"{len(keys)} 条不一致，例如 {'、'.join(keys[:3])}"
        yield Finding("索引与数据库", WARNING, told, "运行 kb repair，服务不用停")
    else:
        yield Finding("索引与数据库", FINE, "逐条一致")
