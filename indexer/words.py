"""The word index: the one module that names Whoosh.

Whoosh keeps the postings (term → documents and counts), segments and deletions; scoring reads
whole posting lists from here as arrays. The schema is always passed when an index is opened, so
no pickled schema is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from whoosh.codec.whoosh3 import W3LeafMatcher
from whoosh.fields import ID, FieldType, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.formats import Existence
from whoosh.index import FileIndex

FIELDS = ("question_words", "question_pairs", "answer_words", "answer_pairs")
KEY = "key"
INDEX_NAME = "MAIN"

Postings = tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]


class TermsField(FieldType):  # type: ignore[misc]
    """A field that takes terms already cut, as a mapping from term to count."""

    def __init__(self) -> None:
        """Keep which documents hold a term and how often; no positions."""
        self.format = Existence()
        self.scorable = True
        self.stored = False
        self.unique = False
        self.column_type = None

    def index(
        self, value: Mapping[str, int], **_: object
    ) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Whoosh's form of the postings of one document: term, count, weight, no value."""
        return ((term.encode(), count, float(count), b"") for term, count in sorted(value.items()))


def _schema() -> Any:
    schema = Schema(**{KEY: ID(unique=True, stored=True)})
    for name in FIELDS:
        schema.add(name, TermsField())
    return schema


@dataclass(frozen=True)
class Segment:
    """One segment of an opened index; documents are numbered from 0 within it."""

    name: str
    size: int
    deleted: frozenset[int]
    _reader: Any

    def postings(self, field: str, term: str) -> Postings | None:
        """Documents that hold ``term`` and its count in each; deleted ones are still listed."""
        reader, encoded = self._reader, term.encode()
        if (field, encoded) not in reader:
            return None
        return _whole_list(reader._terms.matcher(field, encoded, reader.schema[field].format))


def _whole_list(matcher: Any) -> Postings:
    """A posting list as arrays, block by block where the codec allows."""
    documents: list[npt.NDArray[np.int32]] = []
    counts: list[npt.NDArray[np.float32]] = []
    while isinstance(matcher, W3LeafMatcher) and matcher.is_active():
        matcher.id(), matcher.weight()
        documents.append(np.array(matcher._ids, np.int32))
        counts.append(np.array(matcher._weights, np.float32))
        matcher._next_block()
    while matcher.is_active():
        documents.append(np.array([matcher.id()], np.int32))
        counts.append(np.array([matcher.weight()], np.float32))
        matcher.next()
    return np.concatenate(documents), np.concatenate(counts)


def create_index(folder: Path) -> None:
    """Make an empty index in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    FileIndex.create(FileStorage(str(folder)), _schema(), INDEX_NAME)


class WordIndex:
    """An index opened for reading: a fixed set of segments."""

    def __init__(self, folder: Path) -> None:
        """Open the newest state of the index in ``folder``."""
        storage = FileStorage(str(folder))
        self._reader = FileIndex(storage, _schema(), INDEX_NAME).reader()
        self.segments = segments_of(self._reader)

    def close(self) -> None:
        """Release the files."""
        self._reader.close()


def segments_of(reader: Any) -> list[Segment]:
    """The segments behind a Whoosh reader."""
    leaves = [leaf for leaf, _ in reader.leaf_readers()]
    return [
        Segment(
            name=leaf.segment().segment_id(),
            size=leaf.doc_count_all(),
            deleted=frozenset(leaf.segment().deleted_docs()),
            _reader=leaf,
        )
        for leaf in leaves
        if leaf.doc_count_all()
    ]


def _without_empty(_: Any, segments: list[Any]) -> list[Any]:
    return [segment for segment in segments if segment.doc_count()]


class WordWriter:
    """One commit: drop keys, add documents; nothing is seen before ``commit``."""

    def __init__(self, folder: Path) -> None:
        """Lock the index for writing (whoosh.index.LockError when another holds it)."""
        storage = FileStorage(str(folder))
        self._writer = FileIndex(storage, _schema(), INDEX_NAME).writer(limitmb=256)

    @property
    def segment_name(self) -> str:
        """Name the new segment will have."""
        name: str = self._writer.newsegment.segment_id()
        return name

    def drop(self, keys: Sequence[str]) -> int:
        """Mark the documents with these keys as deleted; return how many there were."""
        return sum(self._writer.delete_by_term(KEY, key) for key in keys)

    def add(self, key: str, fields: Mapping[str, Mapping[str, int]]) -> None:
        """Add one document: for each field its terms with their counts."""
        self._writer.add_document(**{KEY: key}, **fields)

    def commit(self) -> None:
        """Make the change visible at once; segments are never merged, empty ones are let go."""
        self._writer.commit(mergetype=_without_empty)

    def cancel(self) -> None:
        """Give up the change and the lock."""
        self._writer.cancel()
