"""``kb suggest``, ``kb search``, ``kb due``: questions and answers."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any

import click

from kb.commands.console import Command, json_option, show
from kb.commands.params import Day, Instant, OneOf, Text, Whole
from kb.commands.run import Run, pass_run
from kb.errors import InvalidInput
from kb.intake import hash_caller
from kb.searching import MAX_QUERY, SEARCH_TYPES, SearchQuery, result_as_dict
from kb.suggestion import MAX_TEXT, SuggestionRequest, answer_as_dict
from kb.texts import clean_required
from kb.ticket import AREAS
from kb.times import format_instant

CONFIDENCE = {"HIGH": "把握高", "MEDIUM": "把握中", "LOW": "把握低"}
area_option = click.option("--area", type=OneOf(AREAS), help="城镇 urban 或农村 rural")
region_option = click.option("--region", type=Text(), default="", help="省份，例如 河南")


def read_argument(text: str) -> str:
    """The text of an argument, or of stdin when it is ``-``; raise InvalidInput."""
    if text != "-":
        return clean_required(text, field="TEXT")
    data = sys.stdin.buffer.read(MAX_TEXT * 4 + 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if len(data) > MAX_TEXT * 4:
            raise InvalidInput(f"最多 {MAX_TEXT} 字", field="stdin") from None
        raise InvalidInput("不是合法的 UTF-8 文字", field="stdin") from None
    return clean_required(text, field="stdin")


@click.command("suggest", cls=Command)
@click.argument("text")
@click.option("--ticket", type=Text(), help="工单号：用它的分类、地区和受理时间，并记在它名下")
@click.option("--number", type=Text(32), default="", help="客户的完整号码：找此前的投诉，不保存")
@click.option("--category", type=Text(20), help="投诉分类编码，例如 060101")
@region_option
@area_option
@click.option("--accepted-at", type=Instant(), help="受理时间，时限从这时起算；默认现在")
@click.option("--limit", type=Whole(1, 20), default=5, help="每类最多几条（默认 5）")
@json_option
@pass_run
def suggest_command(
    run: Run,
    text: str,
    ticket: str | None,
    number: str,
    category: str | None,
    region: str,
    area: str | None,
    accepted_at: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """客户怎么说的（TEXT，写 - 从标准输入读）→ 规程、时限、过往处理。"""
    said = read_argument(text)
    database = run.open_database()
    with database.transaction() as connection:
        number_hash = hash_caller(connection, number)
    request = SuggestionRequest(
        text=said,
        ticket_no=ticket or None,
        category=category or None,
        accepted_at=format_instant(accepted_at) if accepted_at else None,
        region=region,
        area=area or "",
        limit=limit,
        channel="cli",
        number_hash=number_hash,
    )
    from indexer.engine import open_engine

    engine = open_engine(run.settings, database, prewarm=False)
    data = answer_as_dict(engine.suggest(request, now=run.clock()))
    show(data, _answer_lines(data), as_json=as_json)


def _answer_lines(data: dict[str, Any]) -> list[str]:
    lines = []
    if data["mode"] != "hybrid":
        lines.append(f"仅按词检索：{data['mode_reason']}")
    if data["abstained"]:
        lines.append("没有足够把握的建议")
    lines += _repeat_lines(data["repeat"])
    lines += [
        f"分类 {item['id']} {item['path']} › {item['name']}（{item['probability']:.0%}）"
        for item in data["categories"]
    ]
    lines += [
        f"规程 {item['target_id']} {item['title']}（{CONFIDENCE[item['confidence']]}）"
        for item in data["procedures"]
    ]
    lines += [f"时限 {_limit_text(item)}" for item in data["time_limits"]]
    lines += [f"处理 {_fix_text(item)}" for item in data["past_fixes"]]
    return lines


def _repeat_lines(repeat: dict[str, Any] | None) -> list[str]:
    if repeat is None:
        return []
    place = f"{repeat['ticket_no']} {repeat['accepted_at']} {repeat['title']}"
    lines = [f"重复投诉 {place}（{repeat['probability']:.0%}）"]
    if repeat["last_answer"]:
        lines.append(f"上次答复 {repeat['last_answer']}")
    promise = repeat["promise"]
    if promise:
        due = f"，{promise['due_at']} 前" if promise["due_at"] else ""
        lines.append(f"承诺 {promise['text']}{due}{'，已超时' if promise['overdue'] else ''}")
    return lines


def _limit_text(item: dict[str, Any]) -> str:
    due = f"，到期 {item['due_at']}" if item.get("due_at") else ""
    mark = "，暂定（放假通知未公布）" if item.get("provisional") else ""
    return f"{item['target_id']} {item['title']}{due}{mark}"


def _fix_text(item: dict[str, Any]) -> str:
    parts = [item["title"], f"{item['tickets']} 单", f"{item['stayed_closed']} 单未再投诉"]
    if item["came_back"]:
        parts.append(f"{item['came_back']} 单又反复")
    return " · ".join([*parts, f"中位 {item['median_hours']:.1f} 小时"])


@click.command("search", cls=Command)
@click.argument("text")
@click.option("--type", "kind", type=OneOf(SEARCH_TYPES), default="all", help="找哪一类")
@click.option("--chapter", type=Whole(1, 8), help="只在手册第几章里找")
@click.option("--as-of", type=Day(), help="按哪一天的现行版本找（默认今天）")
@click.option("--limit", type=Whole(1, 100), default=10, help="最多几条（默认 10）")
@json_option
@pass_run
def search_command(
    run: Run,
    text: str,
    kind: str,
    chapter: int | None,
    as_of: date | None,
    limit: int,
    as_json: bool,
) -> None:
    """按词和意思查手册、时限和工单。"""
    now = run.clock()
    query = SearchQuery(
        text=clean_required(text, field="TEXT", longest=MAX_QUERY),
        on=as_of or now.date(),
        kind=kind,
        chapter=chapter,
        limit=limit,
        channel="cli",
    )
    from indexer.engine import open_engine

    database = run.open_database()
    engine = open_engine(run.settings, database, prewarm=False)
    data = result_as_dict(engine.search(query, now=now))
    meant = "、".join(f"“{right}”" for _, right in data["corrections"])
    lines = [f"您是不是要找{meant}？"] if meant else []
    lines += [f"{hit['target_id']} {hit['title']}  {hit['snippet']}" for hit in data["hits"]]
    show(data, lines if data["hits"] else [*lines, "没有找到"], as_json=as_json)


@click.command("due", cls=Command)
@click.option("--limit-id", type=Text(20), default="", help="时限编号，例如 TL001")
@click.option("--category", type=Text(20), default="", help="投诉分类编码，例如 060101")
@click.option(
    "--from", "start", type=Instant(), required=True, help="起算时间（ISO 8601，北京时间）"
)
@region_option
@area_option
@json_option
@pass_run
def due_command(
    run: Run,
    limit_id: str,
    category: str,
    start: datetime,
    region: str,
    area: str | None,
    as_json: bool,
) -> None:
    """算到期时间：一条时限，或约束某类投诉的全部时限。"""
    if bool(limit_id) == bool(category):
        raise InvalidInput("--limit-id 和 --category 要给且只给一个", field="--limit-id")
    from kb.due import DueRequest, bound_as_dict, due_limits

    request = DueRequest(
        start, limit_id=limit_id, category=category, region=region, area=area or ""
    )
    bound = due_limits(run.open_database().connection, request)
    told = [bound_as_dict(item) for item in bound]
    data = {"from": format_instant(start), "time_limits": told}
    show(data, map(_due_line, told), as_json=as_json)


def _due_line(item: dict[str, Any]) -> str:
    due = item["due_at"] or f"从「{item['from_event']}」起算"
    marks = [item["authority_label"]]
    if not item["is_verified"] and not item["is_internal"]:
        marks.append("待核实")
    if item["provisional"]:
        marks.append("暂定")
    return f"{item['id']} {item['subject']} {item['amount']}（{'，'.join(marks)}）：{due}"
