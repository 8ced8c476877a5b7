"""Vectors of a slow encoder, kept batch by batch: a build that was killed goes on where it was.

Two files grow side by side: digests of texts, and their vectors. A batch is flushed to the disk
before the next is computed; what a kill left half written is cut off at the next start. Texts
themselves are not kept, and vectors that a whole build did not ask for are dropped at its end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer.encoder import Encoder, Vectors
from indexer.progress import Progress

DIGEST_BYTES = 16
BATCH = 64
DIGESTS = "digests.bin"
VECTORS = "vectors.bin"


class KeptEncoder:
    """An encoder that computes each text once, whatever happens in between."""

    def __init__(self, encoder: Encoder, folder: Path, progress: Progress) -> None:
        """Keep the vectors of ``encoder`` in a folder of its own under ``folder``."""
        self.identity = encoder.identity
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._progress = progress
        name = hashlib.sha256(encoder.identity.encode()).hexdigest()[:DIGEST_BYTES]
        self._folder = folder / name
        self._folder.mkdir(parents=True, exist_ok=True)
        self._places = self._read_places()
        self._asked: set[bytes] = set()
        self._computed = 0

    def _read_places(self) -> dict[bytes, int]:
        """Place of each kept text's vector; both files are cut to what both hold whole."""
        digests, vectors = self._folder / DIGESTS, self._folder / VECTORS
        for path in (digests, vectors):
            path.touch()
        width = self._width
        whole = min(digests.stat().st_size // DIGEST_BYTES, vectors.stat().st_size // width)
        os.truncate(digests, whole * DIGEST_BYTES)
        os.truncate(vectors, whole * width)
        data = digests.read_bytes()
        return {
            data[start : start + DIGEST_BYTES]: place
            for place, start in enumerate(range(0, len(data), DIGEST_BYTES))
        }

    @property
    def _width(self) -> int:
        return self.dimension * np.dtype(np.float32).itemsize

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of ``texts``: kept ones are read, the others computed and kept."""
        digests = [_digest(text) for text in texts]
        self._asked.update(digests)
        missing = {
            digest: text
            for digest, text in zip(digests, texts, strict=True)
            if digest not in self._places
        }
        waiting = list(missing.items())
        for start in range(0, len(waiting), BATCH):
            self._compute(waiting[start : start + BATCH])
        if not digests:
            return np.zeros((0, self.dimension), np.float32)
        kept = np.memmap(
            self._folder / VECTORS, np.float32, "r", shape=(len(self._places), self.dimension)
        )
        return np.asarray(kept[[self._places[digest] for digest in digests]], np.float32)

    def _compute(self, batch: Sequence[tuple[bytes, str]]) -> None:
        vectors = self._encoder.encode([text for _, text in batch])
        _append(self._folder / VECTORS, np.ascontiguousarray(vectors, np.float32).tobytes())
        _append(self._folder / DIGESTS, b"".join(digest for digest, _ in batch))
        for digest, _ in batch:
            self._places[digest] = len(self._places)
        self._computed += len(batch)
        self._progress("计算向量", self._computed, 0)

    def drop_unasked(self) -> None:
        """Forget the vectors that were not asked for since this was opened."""
        kept = [digest for digest in self._places if digest in self._asked]
        if len(kept) == len(self._places):
            return
        data = memoryview((self._folder / VECTORS).read_bytes())
        starts = [self._places[digest] * self._width for digest in kept]
        rows = [data[start : start + self._width] for start in starts]
        for name in (DIGESTS, VECTORS):
            (self._folder / name).unlink()
        _append(self._folder / VECTORS, b"".join(rows))
        _append(self._folder / DIGESTS, b"".join(kept))
        self._places = {digest: place for place, digest in enumerate(kept)}


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
