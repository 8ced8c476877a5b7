"""A drill: kill -9 at any moment loses nothing that was acknowledged and doubles nothing.

``python -m tests.bench.kills --times 500 --served 120``, on a copy of a data folder made by ``kb
init --with-samples``. Most kills hit a process that edits, publishes, closes, imports, changes the
vocabulary and indexes on the database itself; ``--served`` of them hit a real ``kb serve``, its
writer of the index or both, while agents, an editor and an importer work on. After each kill the
database must be whole, the index must agree with it, and all that was acknowledged must be there.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import click

from indexer.agreement import find_divergence
from indexer.generation import read_current
from indexer.integrity import find_damage
from indexer.language import Language, open_language, renew_language
from indexer.sync import sync_index
from kb.database import Database, open_database
from kb.settings import Settings, read_settings
from kb.store import queue, vocabulary
from kb.times import now_beijing
from kb.trail import verify_trail
from tests.bench.drill import fresh_copy, working
from tests.bench.gauges import children_of, processor_seconds
from tests.bench.kill_acts import Acts
from tests.bench.kill_editors import Importer, RemoteEditor
from tests.bench.ledger import EDITED, KINDS, Count, Ledger, is_whole
from tests.bench.service import Service

EVERYTHING = {**KINDS, **EDITED}
READY_SECONDS = 10.0
AGREE_SECONDS = 180.0
AGENTS = 4
WORK = (tuple(KINDS), ("revision", "published", "vocabulary"), ("imported",))
"""What agents, the editor and the importer get done."""
TOLD = 10
"""Kills after which it is said how far it is."""


@dataclass
class Findings:
    """What the drill showed. ``ready``: seconds from each restart until it answered; ``worked``:
    processor time of that; ``agreed``: seconds until the index held what the database holds."""

    counts: list[Count]
    kills: Counter[str] = field(default_factory=Counter)
    ready: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    agreed: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Acknowledged, and not there."""
        return sum(each.lost for each in self.counts)

    @property
    def doubled(self) -> int:
        """There twice, or acknowledged twice."""
        return sum(each.doubled for each in self.counts)

    @property
    def is_clean(self) -> bool:
        """Nothing lost, doubled or broken; how long it took is judged apart."""
        return not (self.lost or self.doubled or self.faults)


class Drill:
    """Kills over one data folder, with one ledger outside of it."""

    def __init__(self, data: Path, *, seed: int = 1, seconds: float = float("inf")) -> None:
        """``data``: a folder of the drill's own; ``seconds``: after which no more are killed."""
        self._ends = time.monotonic() + seconds
        self.settings = read_settings({"KB_DATA": str(data)})
        self.ledger = Ledger(EVERYTHING)
        self.found = Findings([])
        self._rng = random.Random(seed)

    def finish(self) -> Findings:
        """Hold the ledger against the database once more, and follow the audit trail."""
        self.found.counts = self.ledger.reconcile(self.settings.database)
        database = open_database(self.settings.database)
        broken = verify_trail(database.connection).broken
        database.close()
        if broken:
            self._fault(f"audit trail: {broken}")
        return self.found

    def _fault(self, told: str) -> None:
        click.echo(told, err=True)
        self.found.faults.append(told)

    def _check(self, kind: str) -> None:
        """The database is whole, and holds all that was acknowledged."""
        self.found.kills[kind] += 1
        if sum(self.found.kills.values()) % TOLD == 0:
            click.echo(f"{dict(self.found.kills)}，不符 {len(self.found.faults)} 处", err=True)
        place = f"kill {sum(self.found.kills.values())} ({kind})"
        if not is_whole(self.settings.database):
            self._fault(f"{place}: integrity_check")
        for each in self.ledger.reconcile(self.settings.database):
            if each.lost or each.doubled:
                told = f"{place}: {each.name} lost {each.lost}, doubled {each.doubled}"
                self._fault(told)

    def _differs(self, database: Database) -> str:
        """What is wrong with the index, "" when it holds what the database holds."""
        damage = find_damage(read_current(self.settings.index))
        keys = find_divergence(self.settings, database).keys
        return f"damaged {damage[:3]}, {len(keys)} differ {keys[:3]}" if damage or keys else ""

    def kill_writers(self, times: int, *, longest: float) -> None:
        """Kill a process that works on the database itself, ``times`` times."""
        database = open_database(self.settings.database)
        language = open_language(self.settings, database)
        database.close()
        for place in range(times):
            if time.monotonic() > self._ends:
                break
            self._kill_writer(language, place, self._rng.uniform(0.02, longest))
            started = time.monotonic()
            database = open_database(self.settings.database)
            newest = vocabulary.newest_number(database.connection)
            language = renew_language(language, database, version=newest, cut=newest)
            sync_index(self.settings, database, language=language)
            self.found.agreed.append(time.monotonic() - started)
            differs, waits = self._differs(database), queue.count_queued(database.connection)
            if differs or waits:
                self._fault(f"kill {place}: {differs}, {waits} wait")
            database.close()
            self._check("writer")

    def _kill_writer(self, language: Language, place: int, seconds: float) -> None:
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe(duplex=False)
        seed = self._rng.randrange(1 << 30)
        args = (self.settings, language, f"{os.getpid()}-{place}", seed, there)
        child = context.Process(target=_work, args=args)
        child.start()
        there.close()
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0 and child.is_alive():
            self._listen(here, min(left, 0.02))
        child.kill()
        child.join()
        self._listen(here, 0)
        here.close()
        if child.exitcode != -signal.SIGKILL:
            self._fault(f"kill {place}: the writer ended by itself")

    def _listen(self, here: Connection, seconds: float) -> None:
        try:
            while here.poll(seconds):
                kind, names = here.recv()
                self.ledger.add(kind, names)
        except EOFError:
            return

    def kill_server(self, times: int, *, longest: float) -> None:
        """Kill ``kb serve``, its writer of the index, or both, while people work on."""
        service = Service(self.settings.data, self.settings.data.parent / "serve.log")
        service.start()
        try:
            with self._people(service) as importer:
                for _ in range(times):
                    if time.monotonic() > self._ends:
                        break
                    self._strike(service, importer, longest=longest)
        finally:
            service.stop()

    @contextmanager
    def _people(self, service: Service) -> Iterator[Importer]:
        editor = RemoteEditor(service.port, self.ledger, seed=1)
        importer = Importer(self.settings.data, self.ledger)
        with working(service, self.ledger, agents=AGENTS, rounds=None, pause=0.05) as crew:
            editor.start()
            importer.start()
            try:
                yield importer
            finally:
                editor.stop()
                importer.stop()
                editor.join()
                importer.join()
        self.found.faults += editor.refused + [said for agent in crew for said in agent.refused]

    def _strike(self, service: Service, importer: Importer, *, longest: float) -> None:
        self._wait_for_work()
        time.sleep(self._rng.uniform(0.02, longest))
        kind = self._rng.choice(("server", "server", "index", "both", "import"))
        writers = children_of(service.process)
        if kind == "import":
            importer.kill()
        if kind in ("server", "both"):
            service.kill()
        if kind in ("index", "both"):
            _kill_all(writers)
        self._check(kind)
        started = time.monotonic()
        if kind in ("server", "both"):
            self.found.ready.append(service.start())
            self.found.worked.append(processor_seconds(service.process))
        self._wait_for_agreement(kind, started)

    def _wait_for_work(self) -> None:
        """Until one of those who work got something done: who needs long gets the time too."""
        kinds, until = self._rng.choice(WORK), time.monotonic() + AGREE_SECONDS
        before = self.ledger.total(kinds)
        while self.ledger.total(kinds) == before and time.monotonic() < until:
            time.sleep(0.02)

    def _wait_for_agreement(self, kind: str, started: float) -> None:
        database = open_database(self.settings.database)
        until, differs = started + AGREE_SECONDS, ""
        try:
            while time.monotonic() < until:
                differs = self._differs(database)
                if not differs:
                    self.found.agreed.append(time.monotonic() - started)
                    return
                time.sleep(0.1)
        finally:
            database.close()
        self._fault(f"{kind}: {differs}")


def _kill_all(processes: Sequence[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _work(settings: Settings, language: Language, name: str, seed: int, told: Connection) -> None:
    def tell(kind: str, names: Sequence[str]) -> None:
        told.send((kind, list(names)))

    Acts(settings, language, name=name, seed=seed, tell=tell).run()


def describe(found: Findings) -> list[str]:
    """The findings as lines."""
    lines = ["| 行 | 已确认 | 库中 | 丢失 | 重复 |", "|---|---|---|---|---|"]
    for each in found.counts:
        row = (each.acknowledged, each.kept, each.lost, each.doubled)
        lines.append(f"| {each.name} | {' | '.join(map(str, row))} |")
    lines.append(f"kill -9 共 {sum(found.kills.values())} 次：{dict(found.kills)}")
    times = {"重启就绪": found.ready, "其中处理器时间": found.worked,
             "索引与数据库一致": found.agreed}  # fmt: skip
    for name, values in times.items():
        if values:
            late = sum(each > READY_SECONDS for each in values)
            middle = sorted(values)[len(values) // 2]
            lines.append(f"{name}：中位 {middle:.1f} 秒，最慢 {max(values):.1f} 秒，"
                         f"超过 {READY_SECONDS:.0f} 秒 {late} 次")  # fmt: skip
    lines.append(f"不符 {len(found.faults)} 处")
    return [*lines, *(f"  {told}" for told in found.faults[:20])]


@click.command()
@click.option("--times", default=500, help="一共杀多少次")
@click.option("--served", default=120, help="其中多少次杀真的 kb serve")
@click.option("--longest", default=1.5, help="最多工作几秒就杀")
@click.option("--minutes", default=120.0, help="最多多久")
@click.option("--out", type=click.Path(path_type=Path), help="把结果写成 JSON 文件")
def main(times: int, served: int, longest: float, minutes: float, out: Path | None) -> None:
    """反复 kill -9，然后对账。"""
    started = now_beijing()
    with fresh_copy() as data:
        drill = Drill(data, seconds=60 * minutes)
        drill.kill_writers(times - served, longest=longest)
        if served:
            drill.kill_server(served, longest=longest)
        found = drill.finish()
    click.echo("\n".join([*describe(found), f"用时 {now_beijing() - started}"]))
    if out is not None:
        told = vars(found) | {"counts": [asdict(each) for each in found.counts]}
        out.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    sys.exit(0 if found.is_clean else 1)


if __name__ == "__main__":
    main()
