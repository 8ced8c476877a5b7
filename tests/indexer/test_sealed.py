"""Small files with a checksum, written by many at once; what was checked is noted if it can be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from indexer.arrays import CHECKED, read_arrays, remembering, write_arrays
from indexer.sealed import read_sealed, write_sealed

WRITERS, ROUNDS = 8, 25


def test_writers_of_one_file_do_not_take_each_others_place(tmp_path: Path) -> None:
    path = tmp_path / "told.json"

    def write(writer: int) -> None:
        for number in range(ROUNDS):
            write_sealed(path, {"writer": writer, "number": number})

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert read_sealed(path)["number"] == ROUNDS - 1
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_noted_keeps_nobody_from_reading(tmp_path: Path) -> None:
    write_arrays(tmp_path / "one.arrays", {"numbers": np.arange(8)})
    (tmp_path / CHECKED).mkdir()
    with remembering(tmp_path):
        numbers = read_arrays(tmp_path / "one.arrays")["numbers"]
    assert numbers.tolist() == list(range(8))
    assert sorted(each.name for each in tmp_path.iterdir()) == [CHECKED, "one.arrays"]
