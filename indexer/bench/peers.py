"""Other engines over the same terms: the one module that names them. Each may be missing.

All of them get one field of words that are cut already, and every query as the same words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from indexer.bench.exact import K1, B

Tokens = Sequence[str]


class Tokenised(Protocol):
    """A corpus whose documents are cut into words."""

    @property
    def dropped(self) -> frozenset[int]:
        """Numbers of the documents deleted after they were written."""

    def __len__(self) -> int:
        """Documents, deleted ones included."""

    def lines(self) -> Iterable[str]:
        """Each document as words joined by blanks, in order of their numbers."""


Searcher = Callable[[Tokens, int], Sequence[int]]
"""Terms and a count → numbers of that many best documents, best first."""


@dataclass(frozen=True)
class Peer:
    """One other engine. ``most``: documents above which it is not asked: it would take hours."""

    name: str
    title: str
    most: int
    build: Callable[[Tokenised, Path], Searcher]


def build_whoosh(corpus: Tokenised, folder: Path) -> Searcher:
    """Stock Whoosh: its own codec, BM25F searcher and OR query."""
    from whoosh.analysis import SpaceSeparatedTokenizer
    from whoosh.fields import NUMERIC, TEXT, Schema
    from whoosh.index import create_in
    from whoosh.query import Or, Term
    from whoosh.scoring import BM25F

    words = TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False)
    schema = Schema(number=NUMERIC(stored=True, unique=True, numtype=int), words=words)
    index = create_in(str(folder), schema)
    writer = index.writer(limitmb=256)
    for number, line in enumerate(corpus.lines()):
        writer.add_document(number=number, words=line)
    writer.commit()
    writer = index.writer()
    for number in sorted(corpus.dropped):
        writer.delete_by_term("number", number)
    writer.commit(merge=False)
    searcher = index.searcher(weighting=BM25F(B=B, K1=K1))

    def search(terms: Tokens, count: int) -> list[int]:
        query = Or([Term("words", term) for term in terms])
        return [hit["number"] for hit in searcher.search(query, limit=count)]

    return search


def build_tantivy(corpus: Tokenised, folder: Path) -> Searcher:
    """tantivy: the OR of the terms, without counting all matches."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", stored=True, indexed=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    schema = builder.build()
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(heap_size=128_000_000, num_threads=1)
    for number, line in enumerate(corpus.lines()):
        writer.add_document(tantivy.Document(number=number, words=line))
    writer.commit()
    for number in sorted(corpus.dropped):
        writer.delete_documents_by_term("number", number)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(terms: Tokens, count: int) -> list[int]:
        clauses = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", term, "freq"))
            for term in terms
        ]
        query = tantivy.Query.boolean_query(clauses)
        hits = searcher.search(query, limit=count, count=False).hits
        return [searcher.doc(address)["number"][0] for _, address in hits]

    return search


def build_bm25s(corpus: Tokenised, backend: str) -> Searcher:
    """bm25s: a score for every word of every document, worked out when it is built.

    It cannot delete: the documents that are left are what it is built from.
    """
    import bm25s

    left = [number for number in range(len(corpus)) if number not in corpus.dropped]
    tokens = [
        line.split(" ")
        for number, line in enumerate(corpus.lines())
        if number not in corpus.dropped
    ]
    model = bm25s.BM25(method="lucene", k1=K1, b=B, backend=backend)
    model.index(tokens, show_progress=False)
    known: Collection[str] = model.vocab_dict

    def search(terms: Tokens, count: int) -> list[int]:
        asked = [term for term in terms if term in known]
        if not asked:
            return []
        places, scores = model.retrieve(
            [asked], k=min(count, len(left)), show_progress=False, n_threads=1
        )
        pairs = zip(places[0].tolist(), scores[0].tolist(), strict=True)
        return [left[place] for place, score in pairs if score > 0]

    return search


def build_fts5(corpus: Tokenised, folder: Path) -> Searcher:
    """SQLite's FTS5 with its bm25()."""
    connection = sqlite3.connect(folder / "fts5.db")
    connection.execute(
        "CREATE VIRTUAL TABLE document USING fts5("
        "words, detail = column, tokenize = \"unicode61 remove_diacritics 0 tokenchars '.-'\")"
    )
    connection.executemany(
        "INSERT INTO document (rowid, words) VALUES (?, ?)", enumerate(corpus.lines(), 1)
    )
    connection.executemany(
        "DELETE FROM document WHERE rowid = ?", [(number + 1,) for number in corpus.dropped]
    )
    connection.execute("INSERT INTO document (document) VALUES ('optimize')")
    connection.commit()

    def search(terms: Tokens, count: int) -> list[int]:
        asked = " OR ".join(f'"{term}"' for term in terms)
        rows = connection.execute(
            "SELECT rowid FROM document WHERE document MATCH ? ORDER BY bm25(document) LIMIT ?",
            (asked, count),
        )
        return [rowid - 1 for (rowid,) in rows]

    return search


PEERS = (
    Peer("whoosh", "Whoosh 自带评分", 100_000, build_whoosh),
    Peer("tantivy", "tantivy", 10_000_000, build_tantivy),
    Peer("bm25s_numba", "bm25s（numba）", 100_000, lambda corpus, _: build_bm25s(corpus, "numba")),
    Peer("bm25s_numpy", "bm25s（numpy）", 100_000, lambda corpus, _: build_bm25s(corpus, "numpy")),
    Peer("fts5", "SQLite FTS5", 100_000, build_fts5),
)
"""Contenders of the word lane."""


def build_faiss(vectors: npt.NDArray[np.float32]) -> Callable[[npt.NDArray[np.float32], int], Any]:
    """faiss Flat over the same vectors, one thread."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))

    def search(vector: npt.NDArray[np.float32], count: int) -> list[int]:
        _, places = index.search(vector[None, :], count)
        return [place for place in places[0].tolist() if place >= 0]

    return search


def one_thread() -> AbstractContextManager[str]:
    """Hold numpy to one thread where that can be done; the text says what holds."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext("numpy 线程数未限定，faiss 1 线程")
    return _OneThread(threadpool_limits(limits=1))


class _OneThread(AbstractContextManager[str]):
    def __init__(self, limits: AbstractContextManager[object]) -> None:
        self._limits = limits

    def __enter__(self) -> str:
        self._limits.__enter__()
        return "各 1 线程"

    def __exit__(self, *error: object) -> None:
        self._limits.__exit__(None, None, None)
