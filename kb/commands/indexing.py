"""``kb index``, ``kb train``, ``kb eval``."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.commands.console import Command, json_option, show
from kb.commands.params import Readable
from kb.commands.progress import Progress, showing_progress
from kb.commands.run import Run, pass_run
from kb.errors import IndexBusy, IndexDamaged, IndexMismatch, IndexMissing, InvalidInput, KBError

if TYPE_CHECKING:
    from indexer.following import Healing
    from kb.database import Database
    from kb.publishing import HandbookReport

JUDGED_FILES = ("corpus.jsonl", "queries.jsonl", "qrels.tsv")


@click.command("index", cls=Command)
@click.option("--full", is_flag=True, help="重建整个索引，而不是只补上改动")
@click.option(
    "--follow", is_flag=True, help="一直运行，随时把改动写进索引（kb serve 自己会启动它）"
)
@click.option("--parent", type=int, hidden=True)
@json_option
@pass_run
def index_command(run: Run, full: bool, follow: bool, parent: int | None, as_json: bool) -> None:
    """补上索引的改动；没有索引时新建。"""
    if full and follow:
        raise InvalidInput("--full 和 --follow 不能一起用", field="--follow")
    database = run.open_database()
    if follow:
        follow_changes(run, database, parent=parent)
        return
    report = rebuild(run, database) if full else refresh(run, database)
    show(report, [describe_index(report)], as_json=as_json)


def rebuild(run: Run, database: Database) -> dict[str, Any]:
    """Build a whole new generation; raise IndexBusy."""
    from indexer.build import build_index

    with showing_progress() as progress:
        report = build_index(run.settings, database, now=run.clock(), progress=progress)
    return {"action": "built", **asdict(report)}


def refresh(run: Run, database: Database) -> dict[str, Any]:
    """Take in what has changed; build the index if there is none or it is damaged."""
    from indexer.sync import sync_index

    try:
        report = sync_index(run.settings, database)
    except (IndexMissing, IndexDamaged):
        return rebuild(run, database)
    return {"action": "synced", **asdict(report)}


def refresh_after_import(run: Run, database: Database) -> dict[str, Any]:
    """Bring an index that is there up to an import; say why not when it cannot be."""
    from indexer.sync import sync_index

    try:
        return {"action": "synced", **asdict(sync_index(run.settings, database))}
    except IndexMissing:
        return {"action": "missing"}
    except IndexBusy:
        return {"action": "busy"}
    except (IndexMismatch, IndexDamaged) as error:
        return {"action": "mismatch", "reason": error.detail}


def describe_index(report: dict[str, Any]) -> str:
    """One line on what happened to the index."""
    action = report["action"]
    if action == "built":
        size = f"{report['passages']} 个段落、{report['tickets']} 张工单"
        return f"索引已建好：{size}，用时 {report['seconds']:.1f} 秒"
    if action == "synced":
        if not report["changed"] and not report["removed"]:
            return "索引没有变化"
        return f"索引已更新：写入 {report['changed']} 项，移除 {report['removed']} 项"
    if action == "busy":
        return "索引正由另一个进程更新，改动会由它写入"
    if action == "mismatch":
        return f"索引现在不能更新（{report['reason']}），请运行 kb index --full"
    return "还没有索引，请运行 kb index"


def follow_changes(run: Run, database: Database, *, parent: int | None) -> None:
    """Keep the index up to date until stopped by a signal or the end of ``parent``."""
    from indexer.following import follow

    with stopping() as is_stopped, watching(run, database):
        follow(
            run.settings,
            database,
            clock=run.clock,
            stop=lambda: is_stopped() or (parent is not None and os.getppid() != parent),
            tell=_tell_healing,
        )


@contextmanager
def watching(run: Run, database: Database) -> Iterator[None]:
    """Take the handbook's folder in as it changes, if one is to be watched."""
    folder = run.settings.watch_handbook
    if folder is None:
        yield
        return
    from indexer.filing import judge_files
    from kb.watching import HandbookWatcher

    watcher = HandbookWatcher(
        database,
        folder,
        clock=run.clock,
        tell=_tell,
        judge=lambda files: judge_files(run.settings, database, files, now=run.clock()),
    )
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


def _tell_healing(healing: Healing) -> None:
    name = "index_rebuilt" if healing.generation else "index_unusable"
    click.echo(json.dumps({"event": name, **asdict(healing)}, ensure_ascii=False), err=True)


def _tell(done: HandbookReport | KBError) -> None:
    """One line of JSON on stderr, where the server's log goes."""
    if isinstance(done, KBError):
        told: dict[str, Any] = {"event": "handbook_refused", "problem": str(done)}
    else:
        told = {"event": "handbook_taken_in", **asdict(done)}
    click.echo(json.dumps(told, ensure_ascii=False), err=True)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Ask whether SIGTERM or SIGINT has come; the work in hand is finished first."""
    asked: list[int] = []
    before = {
        number: signal.signal(number, lambda signum, _frame: asked.append(signum))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.command("train", cls=Command)
@json_option
@pass_run
def train_command(run: Run, as_json: bool) -> None:
    """训练编码器，好于现有的才换上并重建索引；先停掉 kb serve。"""
    from indexer.generation import writing
    from indexer.learning import train

    database = run.open_database()
    with writing(run.settings.index):
        pass  # a server that holds the index would answer by words alone after the change
    with showing_progress() as progress:
        report = train(run.settings, database, now=run.clock(), progress=progress)
    result: dict[str, Any] = {**asdict(report), "index": None}
    before = "无" if report.held_out_before is None else f"{report.held_out_before:.3f}"
    lines = [
        f"留出数据上的 MRR@10：原 {before}，新 {report.held_out_after:.3f}",
        "已换上新编码器" if report.kept == "new" else "保留原编码器",
    ]
    if report.kept == "new":
        result["index"] = rebuild(run, database)
        lines.append(describe_index(result["index"]))
    show(result, lines, as_json=as_json)


@click.command("eval", cls=Command)
@click.argument("sets", metavar="DIR|FILE...", nargs=-1, required=True, type=Readable(folder=None))
@click.option("--calibration", is_flag=True, help="把握可信不可信：按概率分段，预测对照实际")
@json_option
@pass_run
def eval_command(run: Run, sets: tuple[Path, ...], calibration: bool, as_json: bool) -> None:
    """测质量：评测集目录 DIR 测检索；标了分类的句子 FILE（JSONL，可多个）测分类和建议；
    查询集 FILE（JSONL，有 query）测检索框；同号两次投诉 FILE（JSONL，有 earlier）测重复投诉。"""
    with showing_progress() as progress:
        if len(sets) == 1 and sets[0].is_dir():
            _refuse_calibration(calibration)
            figures = _evaluate_folder(sets[0], progress)
        elif len(sets) == 1 and _is_suite(sets[0]):
            _refuse_calibration(calibration)
            figures = _evaluate_suite(run, sets[0])
        elif len(sets) == 1 and _is_pairs(sets[0]):
            _refuse_calibration(calibration)
            figures = _evaluate_pairs(run, sets[0])
        else:
            figures = _evaluate_files(run, sets, calibration=calibration)
    show(figures, _figure_lines(figures), as_json=as_json)


def _refuse_calibration(calibration: bool) -> None:
    if calibration:
        raise InvalidInput("只用于标了分类的句子文件", field="--calibration")


def _evaluate_folder(folder: Path, progress: Progress) -> dict[str, Any]:
    for name in JUDGED_FILES:
        if not (folder / name).is_file():
            raise InvalidInput(f"{folder} 里没有 {name}", field="DIR")
    from indexer.evaluation import evaluate_folder

    return evaluate_folder(folder, progress=progress)


def _is_suite(file: Path) -> bool:
    from indexer.suite import is_suite

    return is_suite(file)


def _evaluate_suite(run: Run, file: Path) -> dict[str, Any]:
    from indexer.engine import open_engine
    from indexer.suite import evaluate_suite, read_suite

    database = run.open_database()
    engine = open_engine(run.settings, database)
    return evaluate_suite(engine, database.connection, read_suite(file), now=run.clock())


def _is_pairs(file: Path) -> bool:
    from indexer.repeat_pairs import is_pairs

    return is_pairs(file)


def _evaluate_pairs(run: Run, file: Path) -> dict[str, Any]:
    from indexer.engine import open_engine
    from indexer.repeat_pairs import evaluate_pairs, read_pairs

    engine = open_engine(run.settings, run.open_database())
    return evaluate_pairs(engine, read_pairs(file), now=run.clock())


def _evaluate_files(run: Run, files: tuple[Path, ...], *, calibration: bool) -> dict[str, Any]:
    for file in files:
        if file.is_dir():
            raise InvalidInput("目录只能单独给一个", field="DIR")
    from indexer.engine import open_engine
    from indexer.labelled import calibrate, judge_labelled, read_labelled, summarise

    sentences = [sentence for file in files for sentence in read_labelled(file)]
    engine = open_engine(run.settings, run.open_database())
    judged = judge_labelled(engine, sentences, now=run.clock())
    if not calibration:
        return summarise(judged)
    return {kind: asdict(reliability) for kind, reliability in calibrate(judged).items()}


KIND_NAMES = {"classes": "投诉分类", "procedures": "规程", "past_fixes": "过往处理"}


def _figure_lines(figures: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict) and "bins" in value:
            lines += _reliability_lines(name, value)
        elif isinstance(value, dict):
            lines += [f"{indent}{name}", *_figure_lines(value, indent + "  ")]
        elif isinstance(value, float):
            lines.append(f"{indent}{name}: {value:.4f}")
        else:
            lines.append(f"{indent}{name}: {value}")
    return lines


def _reliability_lines(kind: str, table: dict[str, Any]) -> list[str]:
    precision = table["high_precision"]
    right = "没有" if precision is None else f"{precision:.1%} 正确"
    sure = f"把握高的占 {table['high_share']:.1%}，{right}"
    lines = [
        f"{KIND_NAMES[kind]}：{table['count']} 条，平均校准误差 {table['error']:.3f}；{sure}",
        "  概率          条数  平均预测  实际正确",
    ]
    for row in table["bins"]:
        span = f"{row['low']:.1f}–{row['high']:.1f}"
        lines.append(
            f"  {span:<9}{row['count']:>8}{row['predicted']:>10.3f}{row['observed']:>10.3f}"
        )
    return lines
