"""From documents to counted terms and vectors, here or in several processes."""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from indexer.analysis import Analyzer
from indexer.documents import Document
from indexer.encoder import Encoder, StaticEncoder, Vectors
from indexer.postings import Counts, count_terms
from kb.vocabulary import Vocabulary

BATCH = 2_000
AHEAD = 3
"""Batches each process may have waiting."""


@dataclass(frozen=True)
class Cut:
    """A batch of documents with their counted terms and vectors."""

    documents: Sequence[Document]
    words: Counts
    pairs: Counts
    vectors: Vectors


def cut_batch(documents: Sequence[Document], analyzer: Analyzer, encoder: Encoder | None) -> Cut:
    """Count the terms of each field and compute the vectors."""
    fields = [[analyzer.fields_of(text) for text in document.fields] for document in documents]
    words = count_terms([[words for words, _ in document] for document in fields])
    pairs = count_terms([[pairs for _, pairs in document] for document in fields])
    return Cut(documents, words, pairs, _encode(documents, encoder, words, pairs))


def _encode(
    documents: Sequence[Document], encoder: Encoder | None, words: Counts, pairs: Counts
) -> Vectors:
    """Vectors of the documents' texts, shape (documents, 0) without an encoder.

    Our own encoder reads the terms counted already; a word of two characters is among the pairs.
    """
    if encoder is None:
        return np.zeros((len(documents), 0), np.float32)
    if isinstance(encoder, StaticEncoder):
        longer = [[len(word) != 2 for word in words.vocabulary], [True] * len(pairs.vocabulary)]
        return encoder.encode_counts((words, pairs), longer)
    return encoder.encode([document.text for document in documents])


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


_here: tuple[Analyzer, Encoder | None] | None = None
"""What a worker process cuts with; set once when it starts."""


def _start_here(vocabulary: Vocabulary, encoder: Path | None) -> None:
    global _here  # noqa: PLW0603 - the pool's way to give each process its own parts
    gc.disable()  # a batch makes no cycles, and looking for them costs a fifth of the time
    analyzer = Analyzer(vocabulary)
    _here = (analyzer, StaticEncoder(encoder, analyzer) if encoder else None)


def _cut_here(documents: Sequence[Document]) -> Cut:
    if _here is None:
        raise RuntimeError("the worker was not started")
    return cut_batch(documents, *_here)


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
    return (cut_batch(batch, analyzer, encoder) for batch in batches)


def _batches(documents: Iterable[Document]) -> Iterator[Sequence[Document]]:
    source = iter(documents)
    while batch := list(islice(source, BATCH)):
        yield batch
