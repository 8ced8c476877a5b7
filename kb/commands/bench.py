"""``kb bench``: speed, ours and others' in one run, with what the figures depend on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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
@click.option("--passages", type=Whole(1, 1_000_000), default=10_000, help="手册段落数（默认 10000）")
@click.option("--seed", type=Whole(0, 1_000_000), default=1, help="生成工单的种子（默认 1）")
@click.option("--folder", type=click.Path(path_type=Path), help="存放语料的目录（默认 KB_DATA/bench）")
@click.option("--out", type=click.Path(path_type=Path), help="把结果写成 JSON 文件")
@click.option("--only", type=OneOf(STEPS), multiple=True, help="只测这一步，可多次给出")
@click.option("--queries", type=Whole(10, 10_000), default=200, help="每项问多少次（默认 200）")
@click.option("--seconds", type=Whole(1, 3600), default=15, help="每段 HTTP 压测的秒数（默认 15）")
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
        f"机器：{machine['processor']}，{machine['cores']} 核，内存 {machine['memory_mib']} MiB，"
        f"{machine['system']}",
        "版本：" + "，".join(versions),
        f"负载：开始 {_load(report['load_at_start'])}，结束 {_load(report['load_at_end'])}；"
        f"种子 {report['seed']}，生成器第 {report['generator']} 版",
    ]
    for size in report["sizes"].values():
        corpus = size["corpus"]
        lines += ["", f"== {corpus['indexed_tickets']} 张工单、{corpus['indexed_passages']} 个段落 =="]
        for figures in size["figures"].values():
            lines += list(_figure_lines(figures))
    return lines


def _load(load: tuple[float, ...]) -> str:
    return " ".join(f"{each:g}" for each in load) or "不知道"


def _figure_lines(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for figure in figures.values():
        values = figure.get("values", {})
        unit = figure.get("unit", "")
        if "p50" in values:
            said = (
                f"p50 {values['p50']:.2f}  p95 {values['p95']:.2f}  p99 {values['p99']:.2f} {unit}"
                f"（{values['n']} 次）"
            )
        elif "value" in values:
            value = values["value"]
            said = f"{value:,.10g} {unit}" if isinstance(value, int | float) else str(value)
        else:
            said = "—"
        budget = f"  预算：{figure['budget']}" if figure.get("budget") else ""
        note = f"  [{figure['note']}]" if figure.get("note") else ""
        yield f"{figure['title']}  {said.rstrip()}{budget}{note}"
