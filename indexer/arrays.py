"""Named numpy arrays in one file, read by mapping it: workers share the pages, nothing is copied.

Layout: eight bytes with the length of the header, SHA-256 of the header, the header (JSON: name →
dtype, shape, offset; bytes of all arrays), the arrays, each at a multiple of ALIGNMENT, SHA-256 of
all arrays. The header is checked whenever a file is opened; the arrays are read through once, until
the file's stamp (``indexer.mapping``) is another.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from indexer.mapping import MappedFile, Stamp, map_file, read_stamp
from indexer.sealed import read_sealed, write_sealed
from kb.errors import IndexDamaged

ALIGNMENT = 64
DIGEST = hashlib.sha256().digest_size
START = 8 + DIGEST
READ_AT_ONCE = 1 << 20
EXTENSION = ".arrays"
CHECKED = "checked.json"

Arrays = Mapping[str, npt.NDArray[Any]]

_checked: set[Stamp] = set()
"""Files of this process whose arrays were read through and found whole."""


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write ``arrays`` to ``path`` and flush them to the disk."""
    places: dict[str, tuple[str, list[int], int]] = {}
    offset = 0
    for name, array in arrays.items():
        places[name] = (array.dtype.str, list(array.shape), offset)
        offset += _padded(array.nbytes)
    text = json.dumps({"arrays": places, "bytes": offset}).encode()
    text += b" " * (_padded(len(text) + START) - len(text) - START)
    digest = hashlib.sha256()
    with _whole_or_none(path) as file:
        file.write(len(text).to_bytes(8, "little") + hashlib.sha256(text).digest() + text)
        for array in arrays.values():
            data = np.ascontiguousarray(array)
            held = data.data if data.nbytes else b""
            gap = b"\0" * (_padded(data.nbytes) - data.nbytes)
            for piece in (held, gap):
                digest.update(piece)
                file.write(piece)
        file.write(digest.digest())
        file.flush()
        os.fsync(file.fileno())
    _checked.add(read_stamp(path))


@contextmanager
def _whole_or_none(path: Path) -> Iterator[BinaryIO]:
    """A file to write; nothing of it stays when that fails: a full disk must not get fuller."""
    try:
        with path.open("wb") as file:
            yield file
    except OSError:
        path.unlink(missing_ok=True)
        raise


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Map the arrays of a file; raise IndexDamaged when it is not as it was written."""
    try:
        data = map_file(path)
        start, header = _read_header(data)
    except FileNotFoundError:
        raise IndexDamaged(f"{path.name} 不见了") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise IndexDamaged(f"{path.name} 读不出来") from None
    if data.stamp not in _checked and not is_whole(path):
        raise IndexDamaged(f"{path.name} 与校验和不符")
    return {
        name: np.frombuffer(
            data, dtype, int(np.prod(shape, dtype=np.int64)), start + offset
        ).reshape(shape)
        for name, (dtype, shape, offset) in header["arrays"].items()
    }


def _read_header(data: MappedFile) -> tuple[int, dict[str, Any]]:
    """Where the arrays start, and the header; raise ValueError when it or the size is wrong."""
    length = int.from_bytes(data[:8], "little")
    if not 0 < length <= len(data) - START - DIGEST:
        raise ValueError(length)
    text = data[START : START + length]
    if hashlib.sha256(text).digest() != data[8:START]:
        raise ValueError("header")
    header: dict[str, Any] = json.loads(text)
    if len(data) != START + length + header["bytes"] + DIGEST:
        raise ValueError("size")
    return START + length, header


def is_whole(path: Path) -> bool:
    """Whether every byte of a file is as it was written: it is read through."""
    try:
        stamp = read_stamp(path)
        if _is_as_written(path):
            _checked.add(stamp)
            return True
    except OSError:
        pass
    return False


def _is_as_written(path: Path) -> bool:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        told = file.read(DIGEST)
        size = path.stat().st_size
        if not 0 < length <= size - START - DIGEST:
            return False
        if hashlib.sha256(file.read(length)).digest() != told:
            return False
        return _digest(file, size - START - length - DIGEST) == file.read()


def _digest(file: BinaryIO, size: int) -> bytes:
    digest = hashlib.sha256()
    while size > 0 and (piece := file.read(min(size, READ_AT_ONCE))):
        digest.update(piece)
        size -= len(piece)
    return digest.digest()


def is_checked(path: Path) -> bool:
    """Whether a file is one that was read through and found whole."""
    try:
        return read_stamp(path) in _checked
    except OSError:
        return False


@contextmanager
def remembering(folder: Path) -> Iterator[None]:
    """Know which files of a generation were checked by other processes, and tell them of new ones.

    What is told is a help only: a file that is not named is read through.
    """
    try:
        told = {Stamp(*each) for each in read_sealed(folder / CHECKED)["stamps"]}
    except (IndexDamaged, KeyError, TypeError):
        told = set()
    _checked.update(told)
    yield
    with suppress(OSError):  # of a full disk, or a folder that is being cleared away
        stamps = {read_stamp(path) for path in folder.rglob(f"*{EXTENSION}")} & _checked
        if stamps - told:
            write_sealed(folder / CHECKED, {"stamps": sorted(stamps)})


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
