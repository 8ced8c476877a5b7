"""Named numpy arrays in one file, read by mapping it: workers share the pages, nothing is copied.

Layout: eight bytes with the length of the header, the header (JSON: name → dtype, shape, offset),
then the arrays, each at a multiple of ALIGNMENT.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ALIGNMENT = 64

Arrays = Mapping[str, npt.NDArray[Any]]


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write ``arrays`` to ``path`` and flush them to the disk."""
    header: dict[str, tuple[str, list[int], int]] = {}
    offset = 0
    for name, array in arrays.items():
        header[name] = (array.dtype.str, list(array.shape), offset)
        offset += _padded(array.nbytes)
    text = json.dumps(header).encode()
    text += b" " * (_padded(len(text) + 8) - len(text) - 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            data = np.ascontiguousarray(array)
            file.write(data.data if data.nbytes else b"")
            file.write(b"\0" * (_padded(data.nbytes) - data.nbytes))
        file.flush()
        os.fsync(file.fileno())


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Map the arrays of a file; raise OSError or ValueError when it is not whole."""
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    length = int.from_bytes(data[:8], "little")
    header: dict[str, tuple[str, list[int], int]] = json.loads(data[8 : 8 + length])
    return {
        name: np.frombuffer(
            data, dtype, int(np.prod(shape, dtype=np.int64)), 8 + length + offset
        ).reshape(shape)
        for name, (dtype, shape, offset) in header.items()
    }


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
