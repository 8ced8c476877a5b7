"""How long a changed word takes until it answers, and how long it takes to try a change first.

    python -m tests.bench.vocabulary DATA    # a data folder as kb init --with-samples makes it

A follower runs beside, as ``kb serve`` has one. Nothing here passes or fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from indexer.engine import Engine, open_engine
from indexer.impact import ImpactStudy
from kb.database import Database, open_database
from kb.editor import publish_at_once
from kb.rewording import Proposal, propose, publish
from kb.settings import Settings, read_settings
from kb.store import handbook, vocabulary
from kb.store.vocabulary import Signed
from kb.times import now_beijing
from kb.vocabulary import format_rows

PATIENCE = 120.0
CHANGES = {
    "同义词，不添词典": ("synonyms", "WIFI6X,MESH6"),
    "词典：很少见的词": ("words", "墙角那根"),
    "词典：二十张工单里有一张": ("words", "客户要求"),
    "词典：十张里有一张": ("words", "都没"),
    "词典：十张里有四张": ("words", "元套餐"),
}
"""What is tried: the kind and the row added; shares are those of ``kb bench``'s tickets."""


@dataclass(frozen=True)
class Bench:
    """One served copy of a data folder."""

    settings: Settings
    database: Database
    engine: Engine

    def propose(self, kind: str, row: str) -> Proposal:
        """The vocabulary in force with one row more."""
        number = vocabulary.newest_number(self.database.connection)
        table = vocabulary.read_tables(self.database.connection, number)[kind]
        return propose(self.database, {kind: [*format_rows(kind, table), row]}, base=number)

    def save(self, proposal: Proposal) -> tuple[float, float]:
        """Seconds from the save until the engine answers with it, and until all tickets are cut by
        it."""
        started = time.perf_counter()
        number = publish(self.database, proposal, Signed("bench", "测量"), now=now_beijing())
        in_force = float("inf")
        while time.perf_counter() - started < PATIENCE:
            language = self.engine.opened().language
            if language.version == language.cut == number:
                in_force = min(in_force, time.perf_counter() - started)
                if language.base == number:
                    return in_force, time.perf_counter() - started
            time.sleep(0.01)
        return in_force, float("inf")


@contextmanager
def served(data: Path) -> Iterator[Bench]:
    """A copy of the folder with a follower beside it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "data"
        shutil.copytree(data, copy)
        settings = read_settings({"KB_DATA": str(copy)})
        database = open_database(settings.database)
        engine = open_engine(settings, database)
        command = [sys.executable, "-m", "kb", "index", "--follow"]
        follower = subprocess.Popen(command, env={"KB_DATA": str(copy)}, stdout=subprocess.DEVNULL)
        try:
            time.sleep(5)
            yield Bench(settings, database, engine)
        finally:
            follower.terminate()
            follower.wait()


def tried(bench: Bench) -> Iterator[tuple[str, Callable[[Database], object]]]:
    """What is tried without being kept: an article's draft, and each change of the vocabulary."""
    article = handbook.read_article(bench.database.connection, "P060101")
    draft = replace(article, revision=replace(article.revision, title="红灯怎么办"))
    yield "条目草稿", lambda scratch: publish_at_once(scratch, draft, now=now_beijing())
    for name, (kind, row) in CHANGES.items():
        yield name, partial(_publish, bench.propose(kind, row))


def _publish(proposal: Proposal, scratch: Database) -> int:
    return publish(scratch, proposal, Signed("bench", "试"), now=now_beijing())


def main() -> None:
    """Print a line a measurement."""
    with served(Path(sys.argv[1])) as bench:
        status = bench.engine.status()
        sys.stdout.write(f"{status.passages} 个段落，{status.tickets} 张工单\n")
        study = ImpactStudy(bench.settings, bench.database, bench.engine)
        for name, trial in tried(bench):
            study.study(trial, now=now_beijing(), with_recent=False)
            found = study.study(trial, now=now_beijing(), with_recent=False)
            sys.stdout.write(
                f"试算 {name}：{found.seconds:.2f} 秒，问 {found.foreseen.judged} 条\n"
            )
        for name, (kind, row) in CHANGES.items():
            in_force, whole = bench.save(bench.propose(kind, row))
            sys.stdout.write(f"生效 {name}：{in_force:.2f} 秒，旧工单全部重切 {whole:.2f} 秒\n")


if __name__ == "__main__":
    main()
