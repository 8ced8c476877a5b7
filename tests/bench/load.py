"""A drill: agents type and close for half an hour, then three hundred ask at once.

``python -m tests.bench.load --data FOLDER`` works on a copy of a data folder; without ``--data`` it
makes a desk of ``--tickets`` generated tickets, as ``kb bench`` does. The desk has accounts, each
agent is signed in, and ``kb serve`` runs as in production. Bars: p95 and p99 of everything an agent
waits for, no error, memory, open files and threads of the server after warming up, and after the
burst nothing but answers and 503 with ``Retry-After``, and soon as fast as before.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from indexer.bench.corpus import CorpusPlan, prepare_corpus
from kb.database import open_database
from kb.settings import read_settings
from kb.signing_in import Place, open_sign_in
from kb.times import now_beijing
from tests.bench.burst import Burst, burst
from tests.bench.gauges import Gauges, Growth, Watcher, by_minute, growth
from tests.bench.ledger import KINDS, Count, Ledger, is_whole
from tests.bench.page_agents import Browser, PageAgent, Watch
from tests.bench.service import Service
from tests.web.people import add_person

P95, P99 = 400.0, 800.0
GROWTH = 0.05
RECOVERY = 5.0
FLAT = 10
"""Files or threads: what comes and goes with requests."""
FOLLOWED = ("event", "closing")
WARM = 300.0
"""Seconds until a server is warm; of a short run a third."""


@dataclass(frozen=True)
class Plan:
    """``pause``: seconds between two acts of an agent, so that each asks once in
    four seconds; ``watching``: after the burst."""

    agents: int = 50
    minutes: float = 30.0
    pause: float = 3.6
    at_once: int = 300
    watching: float = 20.0
    every: float = 5.0


@dataclass
class Report:
    """What the drill showed."""

    plan: Plan
    took: dict[str, list[float]]
    errors: dict[str, int]
    refused: list[str]
    closed: int
    counts: list[Count]
    is_whole: bool
    burst: Burst
    gauges: list[Gauges] = field(default_factory=list)

    @property
    def warm(self) -> float:
        """Seconds after which the server is warm."""
        return min(WARM, self.plan.minutes * 60 / 3)

    @property
    def all_took(self) -> list[float]:
        """Milliseconds of every answer of the half hour."""
        return [each for kind in self.took.values() for each in kind]

    def growth_of(self, gauges: Gauges, name: str) -> Growth:
        """How a value of a process grew while the agents worked."""
        return growth(gauges.looks, name, warm=self.warm)

    @property
    def is_right(self) -> bool:
        """Nothing failed and nothing is lost, however long it took."""
        lost = sum(each.lost + each.doubled for each in self.counts)
        return self.is_whole and not (lost or self.errors or self.refused or self.burst.faults)

    def bars(self) -> dict[str, bool]:
        """Each bar, and whether it was held."""
        found = {"没有出错、没有丢失": self.is_right}
        for kind, took in sorted(self.took.items()):
            p95, p99 = percentiles(took)[1:]
            found[f"{kind} p95 ≤ {P95:.0f}、p99 ≤ {P99:.0f} ms"] = p95 <= P95 and p99 <= P99
        for gauges in self.gauges:
            found[f"{gauges.name} RSS 增长 < {GROWTH:.0%}"] = (
                self.growth_of(gauges, "rss").share < GROWTH
            )
            for name in ("files", "threads"):
                grown = self.growth_of(gauges, name)
                found[f"{gauges.name} {name} 不增加"] = grown.after - grown.before <= FLAT
        recovered = self.burst.recovered(bar=P95)
        found[f"齐发后 {RECOVERY:.0f} 秒内恢复"] = recovered is not None and recovered <= RECOVERY
        return found


def percentiles(took: Sequence[float]) -> tuple[float, float, float]:
    """p50, p95 and p99."""
    if len(took) < 2:
        return (took[0],) * 3 if took else (0.0,) * 3
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return cuts[49], cuts[94], cuts[98]


def run_load(data: Path, plan: Plan, **settings: str) -> Report:
    """Let agents work on a data folder of the drill's own, then ask all at once."""
    ledger, watch = Ledger(), Watch()
    tokens = sign_in_people(data, plan.agents)
    texts = read_texts(data)
    service = Service(data, data.parent / "serve.log", **settings)
    service.start()
    try:
        gauges = [Gauges(f"进程 {each}", child) for each, child in enumerate(service.workers, 1)]
        gauges += [Gauges("索引更新", child) for child in service.writers]
        crew = _work(service, plan, tokens, texts, ledger, watch, gauges)
        found = _burst(service, plan, tokens, texts)
    finally:
        service.stop()
    return Report(
        plan,
        dict(watch.took),
        dict(watch.errors),
        [said for agent in crew for said in agent.refused],
        sum(agent.closed for agent in crew),
        [
            each
            for kind, each in zip(KINDS, ledger.reconcile(data / "kb.db"), strict=True)
            if kind in FOLLOWED
        ],
        is_whole(data / "kb.db"),
        found,
        gauges,
    )


def _work(
    service: Service,
    plan: Plan,
    tokens: Sequence[str],
    texts: Sequence[str],
    ledger: Ledger,
    watch: Watch,
    gauges: Sequence[Gauges],
) -> list[PageAgent]:
    crew = [
        PageAgent(
            Browser(service.port, token, watch), ledger, texts, number=number, pause=plan.pause
        )
        for number, token in enumerate(tokens)
    ]
    watcher = Watcher(gauges, every=plan.every)
    watcher.start()
    for agent in crew:
        agent.start()
    time.sleep(plan.minutes * 60)
    for agent in crew:
        agent.stop()
    for agent in crew:
        agent.join()
    watcher.stop()
    return crew


def _burst(service: Service, plan: Plan, tokens: Sequence[str], texts: Sequence[str]) -> Burst:
    def browsers(count: int) -> list[Browser]:
        return [Browser(service.port, tokens[each % len(tokens)], Watch()) for each in range(count)]

    crowd, watchers = browsers(plan.at_once), browsers(min(10, plan.agents))
    for browser in watchers:
        browser.open_desk()
    for browser in crowd:
        browser.share_form(watchers[0])
    return burst(crowd, watchers, texts, seconds=plan.watching, pause=0.5)


def sign_in_people(data: Path, count: int) -> list[str]:
    """Make agents with an account; the tokens of their sign-ins."""
    database = open_database(read_settings({"KB_DATA": str(data)}).database)
    now, place = now_beijing(), Place("127.0.0.1", "drill")
    add_person(database, "演练管理员", "administrator", now=now)
    crew = [add_person(database, f"演练{each:02d}", "agent", now=now) for each in range(count)]
    with database.transaction() as connection:
        tokens = [open_sign_in(connection, account, place, now=now) for account in crew]
    database.close()
    return tokens


def read_texts(data: Path, most: int = 2000) -> list[str]:
    """What callers said in tickets of this desk, mixed."""
    connection = sqlite3.connect(data / "kb.db")
    rows = connection.execute(
        "SELECT description FROM ticket WHERE length(description) BETWEEN 6 AND 300"
        " ORDER BY ticket_no DESC LIMIT 20000"
    ).fetchall()
    connection.close()
    texts = [row[0] for row in rows]
    random.Random(1).shuffle(texts)
    return texts[:most]


@contextmanager
def working_copy(data: Path) -> Iterator[Path]:
    """A copy beside the folder, gone afterwards: on the same disk, whose speed counts."""
    folder = data.with_name(f"{data.name}.drill-{os.getpid()}")
    shutil.copytree(data, folder / "data", ignore=shutil.ignore_patterns("words-*.txt"))
    try:
        yield folder / "data"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def corpus_of(tickets: int) -> Path:
    """The folder of a generated desk, made or found, as ``kb bench`` makes it."""
    settings = read_settings(os.environ)
    plan = CorpusPlan(tickets, passages=10_000, seed=1)

    def tell(stage: str, done: int, total: int) -> None:
        if done == total:
            click.echo(f"{stage} {total}", err=True)

    made = prepare_corpus(plan, settings.data / "bench", settings, now=now_beijing(), progress=tell)
    return made.settings.data


def describe(report: Report) -> dict[str, Any]:
    """The report as JSON."""
    kinds = {"全部": report.all_took, **dict(sorted(report.took.items()))}
    recovered = report.burst.recovered(bar=P95)
    return {
        "plan": asdict(report.plan),
        "milliseconds": {
            kind: dict(zip(("p50", "p95", "p99"), percentiles(took), strict=True))
            | {"longest": max(took, default=0.0), "n": len(took)}
            for kind, took in kinds.items()
        },
        "errors": report.errors,
        "refused": report.refused[:20],
        "closed": report.closed,
        "ledger": [asdict(each) for each in report.counts],
        "is_whole": report.is_whole,
        "processes": {
            gauges.name: {
                "by_minute": [asdict(look) for look in by_minute(gauges.looks)],
                "growth": {name: report.growth_of(gauges, name).share
                           for name in ("rss", "private", "files", "threads")},
            }
            for gauges in report.gauges
        },
        "burst": {
            "statuses": dict(report.burst.statuses),
            "faults": report.burst.faults,
            "longest_ms": max((each.milliseconds for each in report.burst.at_once), default=0.0),
            "recovered_seconds": recovered,
        },
        "bars": report.bars(),
    }  # fmt: skip


def tell(found: dict[str, Any]) -> None:
    """Print the report."""
    click.echo("| 操作 | 次数 | p50 | p95 | p99 | 最长（毫秒） |\n|---|---|---|---|---|---|")
    for kind, row in found["milliseconds"].items():
        cells = " | ".join(f"{row[name]:.0f}" for name in ("n", "p50", "p95", "p99", "longest"))
        click.echo(f"| {kind} | {cells} |")
    click.echo(f"办结 {found['closed']} 单；出错 {found['errors'] or 0}；{found['refused'][:3]}")
    for each in found["ledger"]:
        click.echo(f"{each['name']}：已确认 {each['acknowledged']}，"
                   f"丢失 {each['lost']}，重复 {each['doubled']}")  # fmt: skip
    for name, process in found["processes"].items():
        click.echo(
            f"\n{name}\n| 分钟 | RSS MiB | 独占 MiB | 打开的文件 | 线程 |\n|---|---|---|---|---|"
        )
        for look in process["by_minute"]:
            click.echo(f"| {look['at'] / 60:.1f} | {look['rss']:.0f} | {look['private']:.0f}"
                       f" | {look['files']} | {look['threads']} |")  # fmt: skip
        told = "，".join(f"{key} {share:+.1%}" for key, share in process["growth"].items())
        click.echo(f"预热后增长：{told}")
    told = found["burst"]
    click.echo(f"\n齐发：{told['statuses']}，不当的答复 {told['faults']}，最长 "
               f"{told['longest_ms']:.0f} 毫秒，恢复 {told['recovered_seconds']} 秒")  # fmt: skip
    for bar, is_held in found["bars"].items():
        click.echo(f"{'✓' if is_held else '✗'} {bar}")


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), help="数据目录，用其副本")
@click.option("--tickets", default=100_000, help="没有 --data 时生成多少张工单")
@click.option("--agents", default=50)
@click.option("--minutes", default=30.0)
@click.option("--pause", default=3.6, help="两个动作之间约几秒")
@click.option("--at-once", default=300, help="最后多少人同时问")
@click.option("--out", type=click.Path(path_type=Path), help="把结果写成 JSON 文件")
def main(
    data: Path | None,
    tickets: int,
    agents: int,
    minutes: float,
    pause: float,
    at_once: int,
    out: Path | None,
) -> None:
    """坐席打字、办结若干分钟，然后许多人同时提问。"""
    plan = Plan(agents, minutes, pause, at_once)
    with working_copy(data or corpus_of(tickets)) as copy:
        found = describe(run_load(copy, plan))
    if out is not None:
        out.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    tell(found)
    sys.exit(0 if all(found["bars"].values()) else 1)


if __name__ == "__main__":
    main()
