"""Here is the file of a segment: which documents and terms are in it, looked up in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.arrays import read_arrays
from indexer.postings import KINDS, Postings

KEY = "key"
"""The field that names a document."""


class SegmentArrays:
    """A segment's file opened for reading: the same whatever is deleted later."""

    def __init__(self, path: Path) -> None:
        """Map the file."""
        arrays = read_arrays(path)
        self.arrays = arrays
        self.keys: npt.NDArray[np.bytes_] = arrays["keys"]
        self.size = len(self.keys)
        self.kinds = {
            kind: Postings(
                {
                    name.removeprefix(f"{kind}."): array
                    for name, array in arrays.items()
                    if name.startswith(f"{kind}.")
                }
            )
            for kind in KINDS
        }

    def find_key(self, key: str) -> int:
        """Number of the document with this key, -1 when there is none."""
        order, encoded = self.arrays["key_order"], key.encode()
        place = int(np.searchsorted(self.keys, encoded, sorter=order))
        if place < self.size and self.keys[order[place]] == encoded:
            return int(order[place])
        return -1

    def find_all(self, keys: Sequence[str], *, and_longer: bool) -> list[int]:
        """Numbers of the documents with one of these keys, or with any that begins with one.

        All are looked up at once: numpy copies the segment's keys for each look-up.
        """
        order, encoded = self.arrays["key_order"], [key.encode() for key in keys]
        if not encoded:
            return []
        firsts = np.searchsorted(self.keys, np.array(encoded), sorter=order)
        if and_longer:
            after = np.array([key + b"\xff" for key in encoded])
            ends = np.searchsorted(self.keys, after, sorter=order)
        else:
            ends = np.searchsorted(self.keys, np.array(encoded), side="right", sorter=order)
        ranges = zip(firsts.tolist(), ends.tolist(), strict=True)
        return [
            number for first, end in ranges if end > first for number in order[first:end].tolist()
        ]

    def find_term(self, field: str, text: bytes) -> int:
        """Number of a term in its field, -1 when no document holds it."""
        if field == KEY:
            return self.find_key(text.decode())
        postings = self.kinds[field]
        row = postings.first_from(text)
        return row if row < len(postings) and postings.term(row) == text else -1

    def terms_from(self, field: str, prefix: bytes) -> Iterator[bytes]:
        """The terms of a field from ``prefix`` on, in order."""
        if field == KEY:
            return (key for key in sorted(self.keys.tolist()) if key >= prefix)
        postings = self.kinds[field]
        return (postings.term(row) for row in range(postings.first_from(prefix), len(postings)))

    def of_term(
        self, field: str, text: bytes
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Documents that hold a term, and how telling it is there; raise KeyError for none."""
        number = self.find_term(field, text)
        if number < 0:
            raise KeyError((field, text))
        if field == KEY:
            return np.array([number], np.int32), np.ones(1, np.float32)
        return self.kinds[field].of(number)
