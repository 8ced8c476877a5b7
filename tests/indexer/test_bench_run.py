"""A corpus made once, and a whole run of ``kb bench`` over a few hundred tickets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.analysis import ANALYSIS_VERSION
from indexer.bench.building import measure_building
from indexer.bench.corpus import (
    STAMP,
    Corpus,
    CorpusPlan,
    base_stamp,
    prepare_corpus,
    working_copy,
)
from indexer.bench.generator import (
    generate_tickets,
)
from indexer.bench.running import STEPS, RunPlan, ask_for, run_bench
from indexer.bench.step import Amounts, Bench
from indexer.generation import read_current
from indexer.progress import quiet
from kb.commands import bench as command
from kb.database import open_database
from kb.settings import Settings, read_settings
from kb.store import tickets
from kb.times import now_beijing
from tests.conftest import START as NOW


@pytest.fixture(scope="module")
def corpora(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of corpora whose base is there already: nothing is trained again."""
    folder = tmp_path_factory.mktemp("corpora")
    shutil.copytree(prepared_data, folder / "base")
    settings = read_settings({})
    stamp = {"data": base_stamp(settings), "index": {"analysis": ANALYSIS_VERSION}}
    (folder / "base" / STAMP).write_text(json.dumps(stamp), "utf-8")
    return folder


@pytest.fixture(scope="module")
def corpus(corpora: Path) -> Corpus:
    """A small corpus that was there already."""
    prepare(corpora)
    return prepare(corpora)


SMALL = CorpusPlan(tickets=300, passages=360, seed=1)


def prepare(folder: Path, plan: CorpusPlan = SMALL) -> Corpus:
    return prepare_corpus(plan, folder, read_settings({}), now=NOW, progress=quiet)


def test_a_corpus_is_made_once_and_made_anew_when_its_stamp_does_not_fit(corpora: Path) -> None:
    other = replace(SMALL, passages=SMALL.passages + 10)
    first = prepare(corpora, other)
    assert first.is_fresh
    assert first.build["passages"] == other.passages
    marker = read_current(first.settings.index) / "seen"
    marker.touch()
    second = prepare(corpora, other)
    assert not second.is_fresh
    assert marker.exists()
    third = prepare(corpora)
    assert third.is_fresh
    assert not marker.exists()
    assert third.build["passages"] == SMALL.passages


def test_an_index_of_another_analysis_is_built_anew_over_the_same_tickets(corpora: Path) -> None:
    first = prepare(corpora)
    path = first.settings.data / STAMP
    stamp = json.loads(path.read_text("utf-8"))
    stamp["index"]["analysis"] = "of another day"
    path.write_text(json.dumps(stamp), "utf-8")
    again = prepare(corpora)
    assert again.is_fresh
    assert again.filled == first.filled
    assert again.build["tickets"] == first.build["tickets"]


def test_measuring_leaves_the_corpus_as_it_was(corpus: Corpus) -> None:
    before = corpus.settings.database.read_bytes()
    with working_copy(corpus) as settings:
        assert settings.data != corpus.settings.data
        database = open_database(settings.database)
        with database.transaction() as connection:
            case = next(generate_tickets(corpus.material, 1, seed=9))
            tickets.load_tickets(
                connection,
                [
                    (
                        replace(case.ticket, ticket_no="TS20231101999999"),
                        replace(case.outcome, ticket_no="TS20231101999999"),
                    )
                ],
            )
        database.close()
    assert not settings.data.exists()
    assert corpus.settings.database.read_bytes() == before


def test_a_kept_corpus_is_built_once_more_to_time_the_build(corpus: Corpus, tmp_path: Path) -> None:
    assert not corpus.is_fresh
    with working_copy(corpus) as settings:
        bench = bench_over(corpus, settings, tmp_path)
        figures = {figure.key: figure for figure in measure_building(bench)}
        assert read_current(settings.index).is_dir()
    assert float(figures["build.rate"].values["value"]) > 0
    assert float(figures["build.index_mib"].values["value"]) > 0


def bench_over(corpus: Corpus, settings: Settings, scratch: Path) -> Bench:
    return Bench(
        corpus=corpus,
        settings=settings,
        amounts=Amounts(),
        complaints=ask_for(corpus, 10),
        scratch=scratch,
        clock=lambda: NOW,
    )


TINY = Amounts(
    queries=12, checks=4, seconds=2.0, agents=3, pause=0.3, changes=2, starts=1, most_seconds=2.0
)
KEYS = {
    "build": {"build.rate", "build.analysis", "build.index_mib"},
    "words": {"words.exact.ours", "words.exact.ours.pivot", "words.whole.ours", "words.long.fts5"},
    "vectors": {"vectors.ours", "vectors.numpy", "vectors.recall"},
    "suggest": {"suggest.warm", "suggest.first", "suggest.writing", "stage.words", "stage.record"},
    "changes": {"changes.visible"},
    "start": {"start.engine", "start.serve"},
    "http": {"http.idle", "http.writing", "http.visible", "http.rate"},
}


@pytest.fixture(scope="module")
def report(corpora: Path) -> Iterator[dict[str, object]]:
    """One whole run over a few hundred tickets, with a real server and a real follower."""
    plan = RunPlan(sizes=(SMALL.tickets,), folder=corpora, passages=360, amounts=TINY)
    yield run_bench(plan, read_settings({}), clock=now_beijing, progress=quiet)
    assert not list(corpora.glob("*.work-*"))


def test_a_whole_run_reports_every_step(report: dict[str, object]) -> None:
    told = json.loads(json.dumps(report))
    size = told["sizes"][str(SMALL.tickets)]
    assert size["corpus"]["indexed_passages"] == 360
    assert set(size["figures"]) == set(STEPS)
    for step, keys in KEYS.items():
        assert keys <= set(size["figures"][step]), step
    figures = {key: value for each in size["figures"].values() for key, value in each.items()}
    assert figures["words.exact.ours.pivot"]["values"]["value"] == 1.0
    assert figures["vectors.recall"]["values"]["value"] == 1.0
    for key in ("suggest.warm", "changes.visible", "http.idle", "words.whole.ours"):
        values = figures[key]["values"]
        assert 0 < values["p50"] <= values["p95"] <= values["p99"], key
    assert figures["http.idle"]["note"].endswith("出错 0 次")
    assert {"machine", "versions", "load_at_start", "load_at_end", "seed"} <= set(told)


def test_the_table_has_a_line_for_every_figure(report: dict[str, object]) -> None:
    lines = command.report_lines(report)
    sizes = json.loads(json.dumps(report))["sizes"]
    figures = [each for step in sizes[str(SMALL.tickets)]["figures"].values() for each in step]
    titles = [
        value["title"]
        for step in sizes[str(SMALL.tickets)]["figures"].values()
        for value in step.values()
    ]
    assert len(titles) == len(figures)
    for title in titles:
        assert any(line.startswith(title) for line in lines), title


def test_the_command_offers_the_steps_there_are() -> None:
    assert tuple(STEPS) == command.STEPS
