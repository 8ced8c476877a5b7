"""Which row is a name in? Names as sorted hashes, which map from a file: the names are not kept.

A dict of 200,000 strings takes 60 MB and a third of a second to read; their hashes take 1.6 MB. Of
so many, two share one of 64 bits with a chance of one in a billion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

HASH_BYTES = 8

Hashes = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]


def hash_names(names: Iterable[str]) -> Hashes:
    """The hash of each name, the same in every process."""
    digests = (
        blake2b(name.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()
        for name in names
    )
    return np.frombuffer(b"".join(digests), np.int64)


def find_rows(hashes: Hashes, names: Sequence[str]) -> Rows:
    """The place of each name among sorted ``hashes``; -1 for one that is not there."""
    wanted = hash_names(names)
    if not len(hashes):
        return np.full(len(names), -1, np.int64)
    places = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
    return np.where(hashes[places] == wanted, places, -1)
