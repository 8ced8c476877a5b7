"""``kb replay``: a recorded session asked again."""

from __future__ import annotations

from typing import Any

import click

from kb.commands.console import DIFFERENT, Command, json_option, show
from kb.commands.params import OneOf, Text
from kb.commands.run import Run, pass_run
from kb.replay import CHANGES, GENERATIONS
from kb.ticket import TARGET_TYPES


@click.command("replay", cls=Command)
@click.argument("session_id", metavar="SESSION_ID", type=Text())
@click.option(
    "--generation",
    type=OneOf(GENERATIONS),
    default="recorded",
    help="用当时的索引代（默认；已不在则改用现行的）或现行的",
)
@json_option
@pass_run
def replay_command(run: Run, session_id: str, generation: str, as_json: bool) -> int:
    """把一次记录下来的建议重问一遍，逐条说出不同；什么也不记录。"""
    database = run.open_database()
    from indexer.replaying import replay, replay_as_dict

    data = replay_as_dict(replay(run.settings, database, session_id, generation=generation))
    show(data, _lines(data), as_json=as_json)
    return DIFFERENT if data["differs"] else 0


def _lines(data: dict[str, Any]) -> list[str]:
    then, now = data["recorded"], data["replayed"]
    lines = [
        f"当时 {then['created_at']} 索引 {then['index_generation']} 排序 {then['ranker_version']}",
        f"现在 索引 {now['index_generation']} 排序 {now['ranker_version']}",
    ]
    if data["note"]:
        lines.append(data["note"])
    if then["abstained"] != now["abstained"]:
        lines.append("当时没有给出建议，现在有" if then["abstained"] else "当时有建议，现在没有")
    lines += [_item_line(item) for item in data["items"]]
    return [*lines, "有不同" if data["differs"] else "完全相同"]


def _item_line(item: dict[str, Any]) -> str:
    kind = TARGET_TYPES[item["target_type"]]
    places = " → ".join(_place(item[side]) for side in ("before", "after"))
    return f"{CHANGES[item['change']]}：{kind} {item['target_id']} {item['title']}  {places}"


def _place(place: dict[str, Any] | None) -> str:
    if place is None:
        return "无"
    return f"第 {place['position']} 位（{place['score']:.4f}，版本 {place['target_version']}）"
