"""The meaning lane: cosines of the query with every document, by head first where there are many.

From ROTATE_FROM documents on vectors are rotated when a collection is built, so that their first
HEAD components hold most of every cosine (principal axes; a rotation leaves cosines as they are).
A query scans the heads, a good third of the bytes, and takes exact cosines of the best by head.
``kb bench`` reports the recall of this against the full scan.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from indexer.collection import Collection
from indexer.encoder import Vectors
from indexer.rotation import join_vectors


class MeaningScorer:
    """Cosines with the documents of one opened collection.

    ``is_exact``: whether a scan gives exact cosines, because no vectors were rotated.
    """

    def __init__(self, collection: Collection) -> None:
        """Keep views of the vectors; nothing is read yet."""
        self._segments = collection.segments
        self._rotation = collection.rotation
        self._size = collection.size
        self._dead = collection.dead
        self.dimension = collection.dimension
        self.is_exact = collection.rotation is None

    def scan(self, vector: Vectors) -> Vectors:
        """Cosines of a unit vector with every document, by head where there are heads."""
        query = self._turn(vector)
        cosines = np.zeros(self._size, np.float32)
        for segment in self._segments:
            table = segment.data.arrays["vectors" if self.is_exact else "heads"]
            np.dot(table, query[: table.shape[1]], out=cosines[segment.places])
        cosines[self._dead] = 0
        return cosines

    def exact(self, vector: Vectors, places: npt.NDArray[np.int64]) -> Vectors:
        """Exact cosines of the documents at ``places`` (increasing)."""
        query = self._turn(vector)
        cosines = np.zeros(len(places), np.float32)
        for segment in self._segments:
            within = slice(*np.searchsorted(places, (segment.offset, segment.places.stop)).tolist())
            rows = join_vectors(segment.data.arrays, places[within] - segment.offset)
            cosines[within] = rows @ query
        return cosines

    def _turn(self, vector: Vectors) -> Vectors:
        return vector if self._rotation is None else vector @ self._rotation
