"""From documents to counted terms and vectors, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from indexer.analysis import Analyzer
from indexer.bulk import BulkAnalyzer, BulkTerms, Codes
from indexer.counting import Counts, count_terms
from indexer.documents import Document
from indexer.encoder import Encoder, StaticEncoder, Vectors
from indexer.term_vectors import TermVectors

BATCH = 1_000


@dataclass(frozen=True)
class Cut:
    """A batch of documents: what they are apart from their texts, counted terms by kind, vectors.

    ``days``: shape (documents, 2), valid from and until. ``prints``: fingerprints.
    """

    keys: Sequence[str]
    labels: Sequence[str]
    days: Codes
    prints: Codes
    counts: Mapping[str, Counts]
    vectors: Vectors

    def __len__(self) -> int:
        """Documents."""
        return len(self.keys)


class Cutter:
    """Cuts batches; terms keep their numbers from one to the next."""

    def __init__(self, analyzer: Analyzer, encoder: Encoder | None) -> None:
        """``encoder``: None leaves the vectors out, shape (documents, 0)."""
        self._bulk = BulkAnalyzer(analyzer)
        self._encoder = encoder
        self._ours: TermVectors | None = None
        if isinstance(encoder, StaticEncoder):
            self._ours = TermVectors(self._bulk, encoder)

    @property
    def terms_of(self) -> Mapping[str, Callable[[Codes], list[bytes]]]:
        """For each kind what gives the terms of (increasing) codes, in UTF-8."""
        return {"words": self._bulk.word_terms, "pairs": self._bulk.pair_terms}

    def cut_all(self, documents: Iterable[Document]) -> Iterator[Cut]:
        """Cut documents, BATCH at a time."""
        source = iter(documents)
        while batch := list(islice(source, BATCH)):
            yield self.cut(batch)

    def cut(self, documents: Sequence[Document]) -> Cut:
        """Count the terms of each field and compute the vectors."""
        terms = self._bulk.cut(list(chain.from_iterable(each.fields for each in documents)))
        counts = {
            "words": count_terms(terms.words, len(documents)),
            "pairs": count_terms(terms.pairs, len(documents)),
        }
        return Cut(
            keys=[document.key for document in documents],
            labels=[document.label for document in documents],
            days=np.array([(each.valid_from, each.valid_until) for each in documents], np.int64),
            prints=np.array([each.fingerprint for each in documents], np.int64),
            counts=counts,
            vectors=self._encode(documents, terms, counts),
        )

    def _encode(
        self, documents: Sequence[Document], terms: BulkTerms, counts: Mapping[str, Counts]
    ) -> Vectors:
        if self._encoder is None:
            return np.zeros((len(documents), 0), np.float32)
        if self._ours is None:
            return self._encoder.encode([document.text for document in documents])
        return self._ours.encode(terms, counts, len(documents))
