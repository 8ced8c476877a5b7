"""``kb learn``: ranking learnt from outcomes, explained, and turned on or off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kb.commands.console import Command, json_option, show
from kb.commands.params import Text
from kb.commands.run import Run, pass_run
from kb.errors import InvalidInput
from kb.ranker import name_version, parse_version
from kb.store import handbook, ranker
from kb.store.ranker import LedgerEntry

if TYPE_CHECKING:
    from kb.database import Database

STATES = {
    "accepted": "新版本已启用",
    "refused": "学到的在最近的结果上不如原排序，改用原排序",
    "unchanged": "没有变化，不出新版本",
    "no_outcomes": "还没有过了观察期的结果可学",
}


@click.command("learn", cls=Command)
@click.option("--explain", metavar="ID", type=Text(80), help="一个条目或过往处理的每次调整和依据")
@click.option("--on", "turn", flag_value="on", help="启用学到的排序")
@click.option("--off", "turn", flag_value="off", help="马上停用学到的排序，只用原排序")
@click.option("--use", metavar="VERSION", type=Text(40), help="改用记录过的版本（base 为原排序）")
@click.option("--versions", is_flag=True, help="列出所有版本")
@json_option
@pass_run
def learn_command(
    run: Run,
    explain: str | None,
    turn: str | None,
    use: str | None,
    versions: bool,
    as_json: bool,
) -> None:
    """从已定的办结结果学排序；学到的只作有限的加减，随时可停。"""
    if sum(map(bool, (explain, turn, use, versions))) > 1:
        raise InvalidInput(
            "--explain、--on、--off、--use、--versions 一次只能用一个", field="learn"
        )
    database = run.open_database()
    if explain:
        data, lines = _explain(database, explain)
    elif versions:
        data, lines = _versions(database)
    elif turn or use:
        _switch(database, turn=turn, use=use)
        data, lines = _switch_state(run, database)
    else:
        data, lines = _learn(run, database)
    show(data, lines, as_json=as_json)


Told = tuple[dict[str, Any], list[str]]


def _learn(run: Run, database: Database) -> Told:
    from indexer.ranker_learning import learn_ranker

    report = learn_ranker(database, repeat_days=run.settings.repeat_days, now=run.clock())
    judged = report.evaluation
    lines = [
        f"{STATES[report.state]}（{report.version}）",
        f"用了 {report.choices} 次办结的结果；加减 {report.boosts} 处，改动 {report.changes} 处",
    ]
    if judged.choices:
        lines.append(
            f"留出的 {judged.choices} 次办结上，倒数排名比原排序 {judged.gain:+.4f}"
            f"（标准误 {judged.error:.4f}）"
        )
    return asdict(report), lines


def _switch(database: Database, *, turn: str | None, use: str | None) -> None:
    with database.transaction() as connection:
        if turn:
            ranker.turn_learning(connection, on=turn == "on")
        if use:
            number = parse_version(use, field="--use")
            if number:
                ranker.read_ranker(connection, number)
            ranker.make_current(connection, number)


def _switch_state(run: Run, database: Database) -> Told:
    switch = ranker.read_switch(database.connection)
    is_on = switch.learning and run.settings.learning
    data = {"learning": is_on, "current": name_version(switch.current)}
    lines = [f"学到的排序：{'启用' if is_on else '停用'}；现行版本 {data['current']}"]
    if switch.learning and not run.settings.learning:
        lines.append("KB_LEARNING=off 仍使它停用")
    return data, lines


def _versions(database: Database) -> Told:
    switch = ranker.read_switch(database.connection)
    records = ranker.read_rankers(database.connection)
    data = {
        "learning": switch.learning,
        "current": name_version(switch.current),
        "versions": [asdict(record) | {"name": name_version(record.version)} for record in records],
    }
    lines = [f"现行 {data['current']}；开关：{'开' if switch.learning else '关'}"]
    for record in records:
        judged = record.settings["evaluation"]
        lines.append(
            f"{name_version(record.version)} {record.created_at}"
            f" {'启用过' if record.state == 'accepted' else '未采用'}"
            f" 由 {name_version(record.parent)} 来，留出结果上 {judged['gain']:+.4f}"
        )
    return data, lines


def _explain(database: Database, target: str) -> Told:
    connection = database.connection
    ledger = ranker.read_ledger(connection, target)
    if not ledger and not ranker.was_shown(connection, target):
        handbook.read_article(connection, target)
    categories = handbook.read_categories(connection)
    names = {code: category.name for code, category in categories.items()}
    data = {"target_id": target, "changes": [_entry(entry) for entry in ledger]}
    lines = [_line(entry, names) for entry in ledger]
    return data, lines or [f"{target} 没有因结果调整过"]


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    change = asdict(entry.change)
    after = change.pop("boost")
    return {
        "version": name_version(entry.version),
        "created_at": entry.created_at,
        "state": entry.state,
        "before": entry.before,
        "after": after,
        **change,
    }


def _line(entry: LedgerEntry, names: Mapping[str, str]) -> str:
    change = entry.change
    context = f"「{names.get(change.context, change.context)}」" if change.context else "所有投诉"
    refused = "" if entry.state == "accepted" else "（未采用）"
    return (
        f"{name_version(entry.version)}{refused} {entry.created_at[:16]} {context}："
        f"{entry.before:+.4f} → {change.boost:+.4f}；显示 {change.shown} 次，"
        f"解决 {change.solutions:g} 次（按位置和原排序应有 {change.expected:g} 次），"
        f"又反复 {change.came_back:g} 次（应有 {change.expected_came_back:g} 次）"
    )
