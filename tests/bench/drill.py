"""Drills against a served instance: nothing that was acknowledged is lost, nothing is there twice.

Run ``kb init --with-samples`` first, then ``make drill``, or one of
``python -m tests.bench.drill load --agents 50 --minutes 5`` and
``python -m tests.bench.drill kill --times 20``. The data folder is copied first.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from kb.settings import read_settings, shipped_handbook
from tests.bench.desk_agents import DeskAgent
from tests.bench.ledger import Count, Ledger, is_whole
from tests.bench.service import Service


@dataclass
class Drill:
    """What one drill showed."""

    counts: list[Count]
    whole: bool
    closed: int
    asked_again: int
    refused: list[str]
    took: list[float]
    restarts: list[float] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, doubled, kept in silence, refused or broken."""
        faults = sum(each.lost + each.doubled + each.extra for each in self.counts)
        return self.whole and not faults and not self.refused


def sample_texts() -> list[str]:
    """What callers said in the sample tickets."""
    lines = (shipped_handbook() / "samples" / "tickets.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["description"] for line in lines]


@contextmanager
def working(
    service: Service, ledger: Ledger, *, agents: int, rounds: int | None, pause: float
) -> Iterator[list[DeskAgent]]:
    """Agents at work; at the end each finishes the complaint in hand."""
    texts = sample_texts()
    crew = [
        DeskAgent(
            service.port,
            ledger,
            texts[number * 7 :] + texts[: number * 7],
            number=number,
            rounds=rounds,
            pause=pause,
        )
        for number in range(agents)
    ]
    for agent in crew:
        agent.start()
    try:
        yield crew
    finally:
        for agent in crew:
            agent.stop()
        for agent in crew:
            agent.join()


def run_drill(
    data: Path,
    meanwhile: Callable[[Service, list[DeskAgent]], list[float]],
    *,
    agents: int,
    rounds: int | None = None,
    pause: float = 0.0,
) -> Drill:
    """Let agents work on a data folder of the drill's own while ``meanwhile`` happens."""
    service, ledger = Service(data, data.parent / "serve.log"), Ledger()
    service.start()
    try:
        with working(service, ledger, agents=agents, rounds=rounds, pause=pause) as crew:
            restarts = meanwhile(service, crew)
            if rounds is not None:
                for agent in crew:
                    agent.join()
    finally:
        service.stop()
    return Drill(
        counts=ledger.reconcile(data / "kb.db"),
        whole=is_whole(data / "kb.db"),
        closed=sum(agent.closed for agent in crew),
        asked_again=sum(agent.asked_again for agent in crew),
        refused=[said for agent in crew for said in agent.refused],
        took=[each for agent in crew for each in agent.took],
        restarts=restarts,
    )


def wait(seconds: float) -> Callable[[Service, list[DeskAgent]], list[float]]:
    """Let the agents work undisturbed."""

    def pass_time(_service: Service, _crew: list[DeskAgent]) -> list[float]:
        time.sleep(seconds)
        return []

    return pass_time


def kill(times: int, *, between: float) -> Callable[[Service, list[DeskAgent]], list[float]]:
    """Kill the server again and again, at any point of what it does."""

    def strike(service: Service, crew: list[DeskAgent]) -> list[float]:
        rng = random.Random(times)
        restarts = []
        for _ in range(times):
            busy = sum(agent.closed for agent in crew)
            while sum(agent.closed for agent in crew) == busy and any(
                agent.is_alive() for agent in crew
            ):
                time.sleep(0.02)
            time.sleep(between * rng.random())
            service.kill()
            if not is_whole(service.data / "kb.db"):
                raise RuntimeError("integrity_check failed after kill -9")
            restarts.append(service.start())
        return restarts

    return strike


def tell(drill: Drill, *, as_json: bool) -> None:
    """Print what a drill showed."""
    if as_json:
        found = asdict(drill) | {"clean": drill.is_clean, "took": describe(drill.took)}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo("| 行 | 已确认 | 库中 | 丢失 | 重复 | 未确认而已存 |\n|---|---|---|---|---|---|")
    for each in drill.counts:
        values = (each.acknowledged, each.kept, each.lost, each.doubled, each.extra)
        click.echo(f"| {each.name} | {' | '.join(map(str, values))} |")
    click.echo(f"办结 {drill.closed} 单；重问 {drill.asked_again} 次；{describe(drill.took)}")
    if drill.restarts:
        slowest = max(drill.restarts)
        click.echo(f"kill -9 共 {len(drill.restarts)} 次，重启就绪最慢 {slowest:.1f} 秒")
    click.echo(f"integrity_check {'ok' if drill.whole else '有误'}；被拒 {len(drill.refused)} 次")
    for said in drill.refused[:5]:
        click.echo(f"  {said}")


def describe(took: Sequence[float]) -> str:
    """How many answers there were, and how long they took."""
    if len(took) < 2:
        return f"{len(took)} 次请求"
    p95 = statistics.quantiles(took, n=20)[-1]
    return f"{len(took)} 次请求，p50 {statistics.median(took):.0f} ms，p95 {p95:.0f} ms"


@contextmanager
def fresh_copy() -> Iterator[Path]:
    """A copy of the data folder of ``KB_DATA``, gone afterwards."""
    settings = read_settings(os.environ)
    with tempfile.TemporaryDirectory(prefix="kb-drill-") as folder:
        data = Path(folder) / "data"
        shutil.copytree(settings.data, data)
        yield data


@click.group()
def drills() -> None:
    """演练：多名坐席同时工作；服务被反复杀死。"""


@drills.command("load")
@click.option("--agents", default=50)
@click.option("--minutes", default=5.0)
@click.option("--pause", default=1.0, help="两个动作之间约几秒")
@click.option("--json", "as_json", is_flag=True)
def load_command(agents: int, minutes: float, pause: float, as_json: bool) -> None:
    """多名坐席同时工作若干分钟，然后对账。"""
    with fresh_copy() as data:
        drill = run_drill(data, wait(60 * minutes), agents=agents, pause=pause)
    tell(drill, as_json=as_json)
    sys.exit(0 if drill.is_clean else 1)


@drills.command("kill")
@click.option("--agents", default=10)
@click.option("--times", default=20)
@click.option("--json", "as_json", is_flag=True)
def kill_command(agents: int, times: int, as_json: bool) -> None:
    """坐席工作时反复 kill -9 服务，然后对账。"""
    with fresh_copy() as data:
        drill = run_drill(data, kill(times, between=2.0), agents=agents, pause=0.05)
    tell(drill, as_json=as_json)
    sys.exit(0 if drill.is_clean else 1)


if __name__ == "__main__":
    drills()
