"""From documents to counted terms and vectors, here or in several processes."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from indexer.analysis import Analyzer, characters
from indexer.documents import Document
from indexer.encoder import Encoder, StaticEncoder, Vectors, unit_rows
from indexer.postings import Counts, Tally, TermNumbers
from kb.vocabulary import Vocabulary

BATCH = 500
PAIR = 2
AHEAD = 3
"""Batches each process may have waiting."""


@dataclass(frozen=True)
class Cut:
    """A batch of documents with their counted terms and vectors."""

    documents: Sequence[Document]
    words: Counts
    pairs: Counts
    vectors: Vectors


class Cutter:
    """Cuts batches in one process; terms keep their numbers from batch to batch."""

    def __init__(self, analyzer: Analyzer, encoder: Encoder | None) -> None:
        """``encoder``: None leaves the vectors out, shape (documents, 0)."""
        self._analyzer = analyzer
        self._encoder = encoder
        self._words = TermNumbers()
        self._pairs = TermNumbers()
        self._characters = TermNumbers()
        self._tables: tuple[TermTable, TermTable, TermTable] | None = None
        if isinstance(encoder, StaticEncoder):
            self._tables = (TermTable(encoder), TermTable(encoder), TermTable(encoder))

    def cut(self, documents: Sequence[Document]) -> Cut:
        """Count the terms of each field and compute the vectors."""
        words, pairs, chars = Tally(self._words), Tally(self._pairs), Tally(self._characters)
        fields_of = self._analyzer.fields_of
        for document in documents:
            for text in document.fields:
                found = fields_of(text) if text else ((), ())
                words.add(found[0])
                pairs.add(found[1])
                chars.add("".join(map(characters, found[0])) if self._tables else "")
        source = os.getpid()
        counts = (words.counts(source), pairs.counts(source))
        return Cut(documents, *counts, self._encode(documents, *counts, chars.counts(source)))

    def _encode(
        self, documents: Sequence[Document], words: Counts, pairs: Counts, chars: Counts
    ) -> Vectors:
        """Our own encoder reads the terms counted already; a word of two is among the pairs."""
        if self._encoder is None:
            return np.zeros((len(documents), 0), np.float32)
        if self._tables is None:
            return self._encoder.encode([document.text for document in documents])
        longer = [term if len(term) != PAIR else None for term in words.added]
        of_words, of_pairs, of_chars = self._tables
        sums = of_words.add_up(words, longer) + of_pairs.add_up(pairs, pairs.added)
        return unit_rows(sums + of_chars.add_up(chars, chars.added))


class TermTable:
    """Rows of the encoder's table for the terms of one numbering."""

    def __init__(self, encoder: StaticEncoder) -> None:
        """Nothing is known yet."""
        self._encoder = encoder
        self._rows = np.zeros(0, np.int64)

    def add_up(self, counts: Counts, added: Sequence[str | None]) -> Vectors:
        """For each document the sum of its terms' vectors; a term given as None has none."""
        self._rows = np.concatenate([self._rows, self._encoder.rows_of(added)])
        return self._encoder.add_up(
            self._rows[counts.codes], counts.counts, counts.documents, len(counts.lengths)
        )


class Workers:
    """Processes that cut batches: each has its own analyzer and, if it is ours, encoder."""

    def __init__(self, pool: ProcessPoolExecutor, count: int) -> None:
        """Use an open pool of ``count`` processes."""
        self._pool = pool
        self._count = count

    def cut(self, batches: Iterable[Sequence[Document]]) -> Iterator[Cut]:
        """Cut batches in order, a few ahead of the reader."""
        waiting: deque[Future[Cut]] = deque()
        for batch in batches:
            waiting.append(self._pool.submit(_cut_here, batch))
            if len(waiting) >= self._count * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_here: Cutter | None = None
"""What a worker process cuts with; set once when it starts."""


def _start_here(vocabulary: Vocabulary, encoder: Path | None) -> None:
    global _here  # noqa: PLW0603 - the pool's way to give each process its own parts
    gc.disable()  # a batch makes no cycles, and looking for them costs a fifth of the time
    analyzer = Analyzer(vocabulary)
    _here = Cutter(analyzer, StaticEncoder(encoder, analyzer) if encoder else None)


def _cut_here(documents: Sequence[Document]) -> Cut:
    if _here is None:
        raise RuntimeError("the worker was not started")
    return _here.cut(documents)


@contextmanager
def open_workers(vocabulary: Vocabulary, encoder: Path | None, *, count: int) -> Iterator[Workers]:
    """Start ``count`` processes that cut with this vocabulary and trained encoder."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        count, mp_context=context, initializer=_start_here, initargs=(vocabulary, encoder)
    ) as pool:
        yield Workers(pool, count)


def cut_documents(
    documents: Iterable[Document],
    analyzer: Analyzer,
    encoder: Encoder | None,
    *,
    workers: Workers | None,
) -> Iterator[Cut]:
    """Cut documents batch by batch; in ``workers`` when there are any."""
    batches = _batches(documents)
    if workers is not None:
        return workers.cut(batches)
    return map(Cutter(analyzer, encoder).cut, batches)


def _batches(documents: Iterable[Document]) -> Iterator[Sequence[Document]]:
    source = iter(documents)
    while batch := list(islice(source, BATCH)):
        yield batch
