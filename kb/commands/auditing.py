"""``kb audit``: the trail of changes and sensitive reads, told, followed and purged."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kb.commands.console import DIFFERENT, Command, Group, json_option, show
from kb.commands.params import Instant, Readable, Text, Whole
from kb.commands.run import Run, pass_run

if TYPE_CHECKING:
    from kb.audit import AuditRow
    from kb.trail import Verified

LISTED = 50
MOST_LISTED = 10_000
LARGEST = 10**15


@click.group("audit", cls=Group)
def audit_group() -> None:
    """审计记录：谁在什么时候改了、看了什么；只能追加，条条相扣。"""


@audit_group.command("verify", cls=Command)
@click.option("--expect", default="", help="另处抄下的链头（序号:散列），要仍在链上")
@click.option(
    "--against", type=Readable(folder=None), help="备份文件或备份文件夹：里面记的链头要仍在链上"
)
@json_option
@pass_run
def verify_trail_command(run: Run, expect: str, against: Path | None, as_json: bool) -> int:
    """核对整条链；有一条被改动、删去、插入或调换就指出来，退出码 3。"""
    from kb.backing import read_heads
    from kb.trail import format_head, parse_head, verify_trail

    heads = [parse_head(expect)] if expect else []
    heads += read_heads(against) if against else []
    database = run.open_database()
    found = verify_trail(database.connection, *heads)
    database.close()
    result = {
        "whole": found.broken is None,
        "rows": found.rows,
        "purged": found.purged,
        "head": format_head(found.head),
        "broken": asdict(found.broken) if found.broken else None,
    }
    show(result, _tell(found), as_json=as_json)
    return 0 if found.broken is None else DIFFERENT


def _tell(found: Verified) -> list[str]:
    from kb.trail import format_head

    if found.broken:
        return [f"第 {found.broken.seq} 条：{found.broken.reason}"]
    purged = f"，之前 {found.purged} 条已按保留期清除" if found.purged else ""
    return [f"{found.rows} 条，条条相扣{purged}", f"链头 {format_head(found.head)}"]


@audit_group.command("list", cls=Command)
@click.option("--who", type=Text(), default="", help="只列这个人的")
@click.option(
    "--action", type=Text(), default="", help="只列这种操作的，如 api-tickets.close_ticket"
)
@click.option(
    "--object", "thing", type=Text(), default="", help="只列这个对象或这类对象的，如 ticket"
)
@click.option("--since", type=Instant(), help="从何时起（含）")
@click.option("--until", type=Instant(), help="到何时止（不含）")
@click.option("--before", type=Whole(0, LARGEST), default=0, help="只列这一序号之前的")
@click.option("--limit", type=Whole(1, MOST_LISTED), default=LISTED, help="最多几条，默认 50")
@json_option
@pass_run
def list_audit_command(
    run: Run,
    who: str,
    action: str,
    thing: str,
    since: datetime | None,
    until: datetime | None,
    before: int,
    limit: int,
    as_json: bool,
) -> None:
    """列出审计记录，新的在前；查看本身也记下来。"""
    from kb.store.audit import AuditFilter
    from kb.times import format_instant
    from kb.trail import read_trail

    asked = AuditFilter(
        who=who,
        action=action,
        object=thing,
        since=format_instant(since) if since else "",
        until=format_instant(until) if until else "",
        before=before,
    )
    database = run.open_database()
    rows = read_trail(database, asked, limit=limit)
    database.close()
    lines = [_line(row) for row in rows] or ["没有这样的记录"]
    show({"rows": [asdict(row) for row in rows]}, lines, as_json=as_json)


def _line(row: AuditRow) -> str:
    from kb.audit import name_kind

    return f"{row.seq} {row.at} {row.who} {row.action} {name_kind(row)} {row.object}"


@audit_group.command("purge", cls=Command)
@click.option("--before", type=Instant(), help="清除此前的；默认按 KB_AUDIT_DAYS")
@json_option
@pass_run
def purge_audit_command(run: Run, before: datetime | None, as_json: bool) -> None:
    """清除过了保留期的记录（至少留 183 天），留下锚点，链仍可核对。"""
    from datetime import timedelta

    from kb.trail import purge_trail

    now = run.clock()
    edge = before or now - timedelta(days=run.settings.audit_days)
    database = run.open_database()
    count = purge_trail(database, before=edge, now=now)
    database.close()
    show({"purged": count, "before": edge.isoformat()}, [f"清除 {count} 条"], as_json=as_json)
