"""Counts of several processes that serve together are one sum, whoever is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.bench.children import ROOT
from kb.counting import FOLDER, counts, share_counts
from tests.conftest import counted
from tests.web.serving_apart import ASKED, WAITING
from web.metrics import count_request, forget_process


@pytest.fixture
def told(prepared_data: Path, tmp_path: Path) -> list[dict[str, float]]:
    """Metrics by name and labels: with two workers, and after one was killed."""
    data, folder = tmp_path / "data", tmp_path / "counts"
    shutil.copytree(prepared_data, data)
    folder.mkdir()
    command = [sys.executable, "-m", "tests.web.serving_apart", str(data), str(folder)]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [
        {
            line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if not line.startswith("#")
        }
        for text in json.loads(out)
    ]


def test_what_two_processes_counted_is_summed_and_outlives_them(
    told: list[dict[str, float]],
) -> None:
    asked = float(sum(ASKED))
    key = 'method="POST",route="/api/v1/suggestions",status="200"'
    for metrics in told:
        assert metrics[f"kb_request_seconds_count{{{key}}}"] == asked
        assert metrics[f'kb_request_seconds_bucket{{le="+Inf",{key}}}'] == asked
        assert metrics[f"kb_request_seconds_sum{{{key}}}"] > 0
        assert metrics['kb_events_total{event="suggested"}'] == asked
        assert metrics['kb_step_seconds_count{step="record"}'] == asked
        assert metrics['kb_unrecorded_total{kind="search"}'] == 0
        assert metrics["kb_index_losses_total"] == len(ASKED)
        assert metrics["kb_ready"] == 1
    both, one = (metrics["kb_queue_depth"] for metrics in told)
    assert (both, one) == (WAITING * len(ASKED), WAITING)


def test_what_is_looked_at_is_told_once(told: list[dict[str, float]]) -> None:
    for name in ("kb_index_pending", 'kb_mode{mode="hybrid"}', 'kb_disk_free_bytes{folder="data"}'):
        assert [key for key in told[0] if key.startswith(name.partition("{")[0])].count(name) == 1
    assert not [key for key in told[0] if "pid=" in key]


def test_counts_can_be_shared_only_before_the_first(tmp_path: Path) -> None:
    counts()
    with pytest.raises(RuntimeError, match="counted already"):
        share_counts(tmp_path, os.environ)
    assert FOLDER not in os.environ


def test_one_process_counts_without_a_folder() -> None:
    before = counted("kb_request_seconds_count", method="GET", route="/counted", status="200")
    count_request("GET", "/counted", 200, 0.3)
    forget_process(1)
    after = counted("kb_request_seconds_count", method="GET", route="/counted", status="200")
    assert after == before + 1
