"""``kb ticket show``: what was shown, used, closed, and what came back."""

from __future__ import annotations

from typing import Any

import click

from kb.commands.console import Group, json_option, show
from kb.commands.params import Text
from kb.commands.run import Run, pass_run
from kb.ticket import OUTCOMES, STATUSES, USAGES


@click.group("ticket", cls=Group)
def ticket_group() -> None:
    """查看工单。"""


@ticket_group.command("show")
@click.argument("number", metavar="NO", type=Text())
@json_option
@pass_run
def show_ticket_command(run: Run, number: str, as_json: bool) -> None:
    """一张工单的来龙去脉：建议、曝光、关联、办结、结果。"""
    from kb.chain import chain_as_dict, read_chain

    data = chain_as_dict(read_chain(run.open_database().connection, number))
    run.note(f"ticket:{number}")
    show(data, _lines(data), as_json=as_json)


def _lines(data: dict[str, Any]) -> list[str]:
    head = (
        f"{data['ticket_no']} {STATUSES[data['status']]} {data['category']} {data['accepted_at']}"
    )
    lines = [head, data["description"] or data["title"]]
    for session in data["sessions"]:
        lines.append(f"{session['created_at']} 查建议（{session['mode']}）")
        lines += [
            f"  {item['position']} {item['target_type']} {item['target_id']} {item['title']}："
            + "、".join(event["action"] for event in item["events"])
            for item in session["impressions"]
        ]
    lines += [f"{item['at']} {item['action']} {item['detail']}".rstrip() for item in data["events"]]
    lines += [
        f"{USAGES[item['knowledge_usage']]} {item['target_type']} {item['target_id']}"
        f"（第 {item['closing'] + 1} 次办结）"
        for item in data["links"]
    ]
    lines += [
        f"第 {item['closing'] + 1} 次办结：{OUTCOMES[item['state']]} {item['reason']}".rstrip()
        for item in data["outcomes"]
    ]
    return lines
