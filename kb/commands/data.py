"""``kb init``, ``kb import``, ``kb settle``: what the data folder holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.commands.console import DIFFERENT, FAILURE, Command, Group, json_option, show
from kb.commands.indexing import describe_index, rebuild, refresh_after_import
from kb.commands.params import Readable, Text, Whole
from kb.commands.progress import counted, showing_progress
from kb.commands.run import Run, pass_run
from kb.errors import IndexBusy, InvalidInput
from kb.rows import SUFFIXES

if TYPE_CHECKING:
    from kb.database import Database
    from kb.documents.drafting import Proposal
    from kb.importing import ImportReport

AUTHOR = "导入"
SHOWN_REFUSALS = 10


@click.command("init", cls=Command)
@click.option("--with-samples", is_flag=True, help="同时导入随附的样例工单")
@json_option
@pass_run
def init_command(run: Run, with_samples: bool, as_json: bool) -> None:
    """建好数据目录：数据库、手册、编码器、索引；再运行一次不会改动什么。"""
    from kb.database import create_database
    from kb.store.vocabulary import newest_number

    is_new = not run.settings.database.exists()
    database = create_database(run.settings.database, run.actor)
    words = newest_number(database.connection)
    handbook = _import_handbook(run, database, run.settings.handbook)
    is_reworded = newest_number(database.connection) != words
    samples = _import_samples(run, database) if with_samples else None
    grown = samples is not None and bool(samples["added"])
    index = _learn(run, database) if grown else _current_index(run, database)
    touched = handbook["revised"] or handbook["limits_changed"] or index["action"] == "built"
    changed = bool(
        is_new or touched or is_reworded or (samples and (samples["added"] or samples["updated"]))
    )
    result = {
        "data": str(run.settings.data),
        "changed": changed,
        "handbook": handbook,
        "tickets": samples,
        "index": index,
    }
    show(result, _init_lines(result), as_json=as_json)


def _learn(run: Run, database: Database) -> dict[str, Any]:
    """Index the new tickets; an encoder that never saw them is trained anew first."""
    from indexer.learning import train
    from indexer.sources import current_encoder

    try:
        if not run.settings.encoder and current_encoder(run.settings) is not None:
            with showing_progress() as progress:
                train(run.settings, database, now=run.clock(), progress=progress)
        return rebuild(run, database)
    except IndexBusy:
        return {"action": "busy"}


def _current_index(run: Run, database: Database) -> dict[str, Any]:
    report = refresh_after_import(run, database)
    return rebuild(run, database) if report["action"] in ("missing", "mismatch") else report


def _init_lines(result: dict[str, Any]) -> list[str]:
    if not result["changed"]:
        return [f"数据目录 {result['data']} 已是最新，没有改动"]
    lines = [f"数据目录：{result['data']}", _handbook_line(result["handbook"])]
    lines += _conflict_lines(result["handbook"])
    if result["tickets"] is not None:
        lines.append(_ticket_line(result["tickets"]))
    return [*lines, describe_index(result["index"])]


def _import_samples(run: Run, database: Database) -> dict[str, Any]:
    from kb.imported_row import SAMPLE_SOURCE

    file = run.settings.handbook / "samples" / "tickets.jsonl"
    if not file.is_file():
        raise InvalidInput(f"没有样例文件 {file}", field="--with-samples")
    return _report_dict(file, _import_file(run, database, file, source=SAMPLE_SOURCE))


def _import_handbook(
    run: Run, database: Database, folder: Path, *, reason: str = ""
) -> dict[str, Any]:
    """Take the folder in, but for what makes judged answers worse without a reason."""
    from indexer.filing import judge_files
    from kb.handbook import read_handbook
    from kb.publishing import import_handbook

    handbook, now = read_handbook(folder), run.clock()
    ruling = judge_files(run.settings, database, handbook, now=now, reason=reason)
    report = import_handbook(database, handbook, author=AUTHOR, now=now, ruling=ruling)
    return asdict(report)


def _handbook_line(report: dict[str, Any]) -> str:
    kept = f"，库里改过而保留 {report['kept']} 处" if report["kept"] else ""
    merged = f"，合并 {report['merged']} 篇" if report["merged"] else ""
    return (
        f"手册：{report['articles']} 篇，新版本 {report['revised']} 篇，"
        f"时限变动 {report['limits_changed']} 条{merged}{kept}"
    )


def _conflict_lines(report: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if report["conflicts"]:
        lines += ["两边都改了，库里的保持不变，文件里的没有收：", *_indented(report["conflicts"])]
    if report["held"]:
        head = "评测变差超出波动，没有收；要收请加 --reason 写明理由，或在文件头写 despite："
        lines += [head, *_indented(report["held"])]
    return lines


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]


@click.group("import", cls=Group)
def import_group() -> None:
    """导入手册或工单；重复导入不会改动什么。"""


def _preview_import(run: Run, database: Database, folder: Path, *, as_json: bool) -> int:
    """Tell what importing the folder would change: articles, limits and vocabulary together."""
    from dataclasses import asdict

    from indexer.engine import open_engine
    from indexer.impact import ImpactStudy
    from kb.foresight import foreseen_as_dict
    from kb.handbook import read_handbook
    from kb.publishing import import_handbook

    handbook, now = read_handbook(folder), run.clock()
    study = ImpactStudy(run.settings, database, open_engine(run.settings, database, prewarm=False))
    impact = study.study(
        lambda scratch: import_handbook(scratch, handbook, author=AUTHOR, now=now),
        now=now,
        with_limits=True,
    )
    effects = [{**asdict(each), "direction": each.direction} for each in impact.effects]
    lines = [impact.foreseen.told]
    for each in impact.effects:
        firsts = (shown[0].title if shown else "没有建议" for shown in (each.before, each.after))
        lines.append(f"  {each.direction:8}{each.text[:30]}：{' → '.join(firsts)}")
    seen = dict(foreseen_as_dict(impact.foreseen))
    show({"foreseen": seen, "effects": effects, "seconds": impact.seconds}, lines, as_json=as_json)
    return 0


@import_group.command("handbook")
@click.argument("folder", metavar="[DIR]", required=False, type=Readable(folder=True))
@click.option("--preview", is_flag=True, help="不导入，只试算会改变哪些检索结果")
@click.option("--reason", type=Text(500), default="", help="评测变差仍要发布的理由，记入版本")
@json_option
@pass_run
def import_handbook_command(
    run: Run, folder: Path | None, *, preview: bool, reason: str, as_json: bool
) -> int:
    """导入手册目录（默认随附的手册），有改动的成为新版本；两边都改了或评测变差的不收，退出码 3。"""
    database = run.open_database()
    if preview:
        return _preview_import(run, database, folder or run.settings.handbook, as_json=as_json)
    report = _import_handbook(run, database, folder or run.settings.handbook, reason=reason)
    index = refresh_after_import(run, database)
    lines = [_handbook_line(report), *_conflict_lines(report), describe_index(index)]
    show({**report, "index": index}, lines, as_json=as_json)
    return DIFFERENT if report["conflicts"] or report["held"] else 0


@import_group.command("docx")
@click.argument("file", metavar="FILE", type=Readable(suffixes=(".docx", ".html", ".htm")))
@click.option("--level", type=Whole(0, 6), default=0, help="在哪一级标题切开，0 为自动")
@click.option("--save", is_flag=True, help="存成草稿；不加时只说明会变成什么")
@json_option
@pass_run
def import_document_command(run: Run, file: Path, level: int, save: bool, as_json: bool) -> None:
    """把 Word 文件按标题切成条目，加 --save 存成草稿；送审和发布在页面上。"""
    from kb.documents.drafting import Front, as_confirmed, propose, save_parts
    from kb.documents.parts import cut_document
    from kb.documents.reading import read_document
    from kb.editor import Editor

    database = run.open_database()
    converted = read_document(file.read_bytes(), file.name)
    cut = cut_document(converted.markdown, name=file.stem, level=level)
    found = propose(database.connection, cut)
    saved = []
    if save:
        parts = [as_confirmed(each) for each in found]
        front = Front(source=file.stem)
        saved = save_parts(Editor(database), parts, front, author=AUTHOR, now=run.clock())
    lines = [*converted.warnings, *cut.warnings, *map(_part_line, found)]
    ids = [article.id for article in saved]
    result = {
        "parts": [{"title": each.part.title, "section": each.section} for each in found],
        "warnings": [*converted.warnings, *cut.warnings],
        "images": converted.images,
        "saved": ids,
    }
    told = f"已存成草稿：{'、'.join(ids)}" if save else f"共 {len(found)} 条，没有保存"
    show(result, [*lines, told], as_json=as_json)


def _part_line(proposal: Proposal) -> str:
    near = "、".join(f"{each.article.id} {each.score:.0%}" for each in proposal.resembling)
    like = f"（相近：{near}）" if near else ""
    return f"  {proposal.section} {proposal.part.title}{like}"


@import_group.command("tickets")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=Readable(suffixes=SUFFIXES)
)
@click.option("--source", type=Text(60), default="import", help="来源名，与编号一起认出同一张工单")
@click.option("--refused", type=click.Path(path_type=Path), help="把未收的行和原因写到这个 .jsonl")
@json_option
@pass_run
def import_tickets_command(
    run: Run, files: Sequence[Path], source: str, refused: Path | None, as_json: bool
) -> int:
    """导入工单文件（.jsonl 或 .csv），有问题的行写明原因，其余照收。"""
    if not source:
        raise InvalidInput("不能为空", field="--source")
    database = run.open_database()
    if refused:
        _write_refused(refused, [])
    reports = [(file, _import_file(run, database, file, source=source)) for file in files]
    if refused:
        _write_refused(refused, reports)
    index = refresh_after_import(run, database)
    told = [_report_dict(file, report) for file, report in reports]
    totals = {name: sum(item[name] for item in told) for name in COUNTS}
    lines = [line for item in told for line in (_ticket_line(item), *_refusal_lines(item))]
    show(
        {**totals, "source": source, "files": told, "index": index},
        [*lines, describe_index(index)],
        as_json=as_json,
    )
    return FAILURE if totals["rows"] and totals["refused"] == totals["rows"] else 0


COUNTS = ("rows", "added", "updated", "unchanged", "refused")


def _import_file(run: Run, database: Database, file: Path, *, source: str) -> ImportReport:
    from kb.importing import import_tickets
    from kb.rows import read_rows

    with showing_progress() as progress:
        rows = counted(read_rows(file), f"导入 {file.name}", 0, progress)
        return import_tickets(
            database,
            rows,
            source=source,
            now=run.clock(),
            repeat_days=run.settings.repeat_days,
        )


def _report_dict(file: Path, report: ImportReport) -> dict[str, Any]:
    return {
        "file": str(file),
        "rows": report.rows,
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "refused": len(report.refused),
        "refusals": [asdict(refusal) for refusal in report.refused],
    }


def _ticket_line(report: dict[str, Any]) -> str:
    return (
        f"{Path(report['file']).name}：共 {report['rows']} 行，新增 {report['added']}，"
        f"更新 {report['updated']}，无变化 {report['unchanged']}，未收 {report['refused']}"
    )


def _refusal_lines(report: dict[str, Any]) -> list[str]:
    refusals = report["refusals"]
    lines = [
        f"  第 {item['row']} 行 {item['external_id']}：{item['reason']}"
        for item in refusals[:SHOWN_REFUSALS]
    ]
    if len(refusals) > SHOWN_REFUSALS:
        counts = Counter(item["reason"] for item in refusals).most_common(5)
        summary = "；".join(f"{reason} {count} 行" for reason, count in counts)
        lines.append(f"  按原因：{summary}")
    return lines


def _write_refused(path: Path, reports: Sequence[tuple[Path, ImportReport]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for file, report in reports:
            for refusal in report.refused:
                line = {"file": file.name, **asdict(refusal)}
                out.write(json.dumps(line, ensure_ascii=False) + "\n")


@click.command("settle", cls=Command)
@json_option
@pass_run
def settle_command(run: Run, as_json: bool) -> None:
    """把过了反复观察期、没有再来的办结记为已解决；反复明显偏多的条目开复核任务。"""
    from kb.desk import Desk
    from kb.reviewing import open_reviews
    from kb.store.experiments import stop_harmful

    database, days, now = run.open_database(), run.settings.repeat_days, run.clock()
    count = Desk(database, repeat_days=days).settle(now=now)
    with database.transaction() as connection:
        stopped = stop_harmful(connection, repeat_days=days, now=now)
    opened = open_reviews(database, now=now)
    name = stopped.experiment.name if stopped else None
    lines = [f"记为已解决：{count} 次办结", f"新开复核任务：{opened} 个"]
    if name:
        lines.append(f"实验「{name}」的实验组反复更多，已自动停止")
    data = {"settled": count, "tasks_opened": opened, "stopped_experiment": name}
    show(data, lines, as_json=as_json)
