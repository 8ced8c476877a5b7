"""``kb verify`` and ``kb repair``: the handbook's lint; the index held against the database."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.commands.console import DIFFERENT, FAILURE, Command, json_option, show
from kb.commands.indexing import rebuild, refresh
from kb.commands.params import Day, Readable
from kb.commands.run import Run, pass_run
from kb.errors import DatabaseDamaged, IndexBusy, IndexDamaged, IndexMismatch

if TYPE_CHECKING:
    from kb.database import Database

SEVERITIES = {"error": "错误", "warning": "提醒"}
KINDS = {
    "missing": "索引里缺",
    "extra": "索引里多",
    "doubled": "索引里重复",
    "stale": "索引里是旧的",
}
SHOWN = 20
"""Keys told to a person of each kind; --json tells all."""
WAIT_SECONDS = 60.0
"""How long a repair waits for a running ``kb serve`` to write what it asks for."""


@click.command("verify", cls=Command)
@click.argument("folder", metavar="[DIR]", required=False, type=Readable(folder=True))
@click.option("--on", type=Day(), help="按哪一天检查复审期和有效期（默认今天）")
@json_option
@pass_run
def verify_command(run: Run, folder: Path | None, on: object, as_json: bool) -> int:
    """检查手册（有错误为 1）；没给 DIR 时再查数据库（损坏为 1）、逐条核对索引（不一致为 3）。"""
    from datetime import date

    from kb.verify import verify_folder

    day = on if isinstance(on, date) else run.clock().date()
    checked = folder or run.settings.handbook
    findings = verify_folder(checked, on=day)
    errors = sum(finding.severity == "error" for finding in findings)
    data: dict[str, Any] = {
        "folder": str(checked),
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [asdict(finding) for finding in findings],
    }
    lines = [
        f"{SEVERITIES[finding.severity]} {finding.where}：{finding.message}" for finding in findings
    ]
    lines.append(f"错误 {errors} 处，提醒 {len(findings) - errors} 处")
    damaged = _check_database(run, data, lines) if folder is None else False
    if folder is None and run.settings.index.is_dir() and not damaged:
        database = run.open_database()
        data["index"] = check_index(run, database)
        data["held"] = _held_files(database)
        lines += [f"手册文件没有收：{each}" for each in data["held"]]
        lines += describe_check(data["index"])
    show(data, lines, as_json=as_json)
    differs = not data.get("index", {"clean": True})["clean"]
    return FAILURE if errors or damaged else DIFFERENT if differs else 0


def _check_database(run: Run, data: dict[str, Any], lines: list[str]) -> bool:
    """Read the database through, mark what is found for all processes; whether it is damaged."""
    from kb.database import Database
    from kb.soundness import find_faults, glance, mark

    path = run.settings.database
    if not path.is_file():
        return False
    found = glance(path)
    faults = [found] if found else find_faults(Database(path))
    mark(path, faults)
    data["database"] = {"clean": not faults, "damaged": faults}
    lines += [f"数据库损坏：{fault}" for fault in faults] or ["数据库完好"]
    if faults:
        lines.append((DatabaseDamaged.__doc__ or "").strip())
    return bool(faults)


def _held_files(database: Database) -> list[str]:
    """The files held back at the last import: judged answers would get worse."""
    from kb.store.files import read_import

    done = read_import(database.connection)
    return [str(each) for each in done.conflicts if each.why] if done else []


@click.command("repair", cls=Command)
@json_option
@pass_run
def repair_command(run: Run, as_json: bool) -> int:
    """修好 kb verify 查出的索引问题：不一致的逐条重写，文件损坏的整个重建；服务不用停。"""
    database = run.open_database()
    before = check_index(run, database)
    result: dict[str, Any] = {"before": before, "action": "none", "after": before}
    if not before["clean"]:
        result["action"] = _mend(run, database, before)
        result["after"] = check_index(run, database)
    show(result, [*describe_check(before), *_describe_repair(result)], as_json=as_json)
    return 0 if result["after"]["clean"] else DIFFERENT


def check_index(run: Run, database: Database) -> dict[str, Any]:
    """What is wrong with the index: damaged files, and documents that are not the database's."""
    from indexer.agreement import find_divergence
    from indexer.generation import read_current
    from indexer.integrity import find_damage

    found: dict[str, Any] = {"damaged": [], **{kind: [] for kind in KINDS}}
    try:
        found["damaged"] = find_damage(read_current(run.settings.index))
        if not found["damaged"]:
            found |= asdict(find_divergence(run.settings, database))
    except (IndexDamaged, IndexMismatch) as error:
        found["damaged"] = [error.detail]
    return {"clean": not any(found.values()), **found}


def _mend(run: Run, database: Database, found: dict[str, Any]) -> str:
    """Put the index right, here or by the server that holds it; tell how."""
    from indexer.agreement import Divergence, mend_divergence

    if found["damaged"]:
        rebuild(run, database)
        return "rebuilt"
    kinds = {kind: found[kind] for kind in KINDS}
    mend_divergence(database, Divergence(**kinds), now=run.clock())
    try:
        refresh(run, database)
    except IndexBusy:
        _wait_for_server(database)
    return "written anew"


def _wait_for_server(database: Database) -> None:
    from kb.store import queue

    until = time.monotonic() + WAIT_SECONDS
    while queue.count_queued(database.connection) and time.monotonic() < until:
        time.sleep(0.1)


def describe_check(found: dict[str, Any]) -> list[str]:
    """What was found of the index, in a few lines."""
    if found["clean"]:
        return ["索引与数据库一致"]
    lines = [f"索引文件损坏：{'、'.join(found['damaged'])}"] if found["damaged"] else []
    for kind, told in KINDS.items():
        if keys := found[kind]:
            more = f" 等 {len(keys)} 条" if len(keys) > SHOWN else ""
            lines.append(f"{told}：{'、'.join(keys[:SHOWN])}{more}")
    return lines


def _describe_repair(result: dict[str, Any]) -> list[str]:
    if result["action"] == "none":
        return ["没有要修的"]
    if result["after"]["clean"]:
        return ["已修好，再查与数据库一致"]
    return ["还没有修好：", *describe_check(result["after"])]
