"""``kb bench``: speed, ours and others' in one run, with what the figures depend on."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kb.commands.console import Command, json_option, show
from kb.commands.params import OneOf, Whole
from kb.commands.progress import showing_progress
from kb.commands.run import Run, pass_run
from kb.errors import InvalidInput

STEPS = ("build", "words", "vectors", "suggest", "changes", "start", "http")
DEFAULT_SIZES = "10000,100000"
FULL_SIZE = 1_000_000
MOST = 5_000_000
FOLDER = "bench"
"""Of the data folder, where corpora are kept unless another place is named."""


class Sizes(click.ParamType[tuple[int, ...]]):
    """Numbers of tickets with commas between."""

    name = "数量"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Parse each; refuse what is no number or out of bounds."""
        if isinstance(value, tuple):
            return value
        one = Whole(1, MOST)
        return tuple(one.convert(part.strip(), param, ctx) for part in str(value).split(","))


@click.command("bench", cls=Command)
@click.option("--tickets", "sizes", type=Sizes(), default=DEFAULT_SIZES, help="工单数，逗号分开")
@click.option("--full", is_flag=True, help="再加测 100 万张工单")
@click.option("--passages", type=Whole(1, 1_000_000), default=10_000, help="手册段落数")
@click.option("--seed", type=Whole(0, 1_000_000), default=1, help="生成工单的种子")
@click.option("--folder", type=click.Path(path_type=Path), help="语料的目录（默认 KB_DATA/bench）")
@click.option("--out", type=click.Path(path_type=Path), help="把结果写成 JSON 文件")
@click.option("--only", type=OneOf(STEPS), multiple=True, help="只测这一步，可多次给出")
@click.option("--queries", type=Whole(10, 10_000), default=200, help="每项问多少次（默认 200）")
@click.option("--seconds", type=Whole(1, 3600), default=30, help="HTTP 每段的秒数（默认 30）")
@json_option
@pass_run
def bench_command(
    run: Run,
    sizes: tuple[int, ...],
    full: bool,
    passages: int,
    seed: int,
    folder: Path | None,
    out: Path | None,
    only: tuple[str, ...],
    queries: int,
    seconds: int,
    as_json: bool,
) -> None:
    """测速度：建好语料，本品与同类轮流测，印出表格；只测量，不评判。"""
    from indexer.bench.running import RunPlan, run_bench
    from indexer.bench.step import Amounts

    plan = RunPlan(
        sizes=tuple(dict.fromkeys((*sizes, FULL_SIZE) if full else sizes)),
        folder=folder or run.settings.data / FOLDER,
        steps=tuple(name for name in STEPS if not only or name in only),
        passages=passages,
        seed=seed,
        amounts=Amounts(queries=queries, seconds=float(seconds)),
    )
    _check_place(out)
    with showing_progress() as progress:
        report = run_bench(plan, run.settings, clock=run.clock, progress=progress)
    if out is not None:
        out.write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    show(report, report_lines(report), as_json=as_json)


def _check_place(out: Path | None) -> None:
    """Refuse a place that cannot be written to before the measuring, not after it."""
    if out is not None and not out.absolute().parent.is_dir():
        raise InvalidInput(f"没有 {out.absolute().parent} 这个文件夹", field="--out")


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The report as a table: a line a figure, its budget beside it."""
    machine = report["machine"]
    versions = (f"{name} {number}" for name, number in report["versions"].items() if number)
    lines = [
        f"机器：{machine['processor']}，{machine['cores']} 核，内存 {machine['memory_mib']} MiB",
        f"系统：{machine['system']}",
        "版本：" + "，".join(versions),
        f"负载：开始 {_load(report['load_at_start'])}，结束 {_load(report['load_at_end'])}",
        f"语料：种子 {report['seed']}，生成器第 {report['generator']} 版",
    ]
    for size in report["sizes"].values():
        tickets, passages = (size["corpus"][f"indexed_{kind}"] for kind in ("tickets", "passages"))
        lines += ["", f"== {tickets} 张工单、{passages} 个段落 =="]
        rows = [_row(figure) for figures in size["figures"].values() for figure in figures.values()]
        lines += _table([HEADINGS, *rows])
    return lines


HEADINGS = ("", "p50", "p95", "p99", "", "次数", "预算", "说明")
NUMERIC = range(1, 4)


def _load(load: Sequence[float]) -> str:
    return " ".join(f"{each:g}" for each in load) or "不知道"


def _row(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """A figure as cells: one value alone stands where the median would."""
    values = figure.get("values", {})
    if "p50" in values:
        cells = [f"{values[name]:.2f}" for name in ("p50", "p95", "p99")]
    else:
        cells = [_amount(values.get("value", "—")), "", ""]
    count = str(values.get("n", ""))
    unit, budget, note = (figure.get(name, "") for name in ("unit", "budget", "note"))
    return (figure["title"], *cells, unit, count, budget, note)


def _amount(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows in columns; a Chinese character is two columns wide."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            blanks = " " * (width - _width(cell))
            cells.append(blanks + cell if place in NUMERIC else cell + blanks)
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
