"""Names are found by their hashes, and nothing else is."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from indexer.names import find_rows, hash_names

NAMES = ("w断网", "c断网", "sduan wang", "", "🙂", "\ud800")


def test_every_name_is_found_at_its_row_and_no_other_name_is() -> None:
    hashes = np.sort(hash_names(NAMES))
    rows = find_rows(hashes, [*NAMES, "w断", "s"])
    assert (hashes[rows[: len(NAMES)]] == hash_names(NAMES)).all()
    assert rows[len(NAMES) :].tolist() == [-1, -1]


def test_nothing_is_found_among_no_names() -> None:
    assert find_rows(hash_names([]), ["w断网"]).tolist() == [-1]
    assert find_rows(hash_names(["w断网"]), []).tolist() == []


def test_another_process_gives_the_same_hashes() -> None:
    code = "from indexer.names import hash_names; print(hash_names(['w断网'])[0])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert int(found.stdout) == hash_names(["w断网"])[0]
