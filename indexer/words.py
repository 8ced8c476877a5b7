"""The word index: the one module that names Whoosh.

Whoosh keeps the segments, the deletions, the table of contents and the query language. Its codec
here stores a segment as one file of arrays (``indexer.postings``), written in one go instead of
term by term, which the scorer reads in place. The schema is always passed when an index is opened,
so no pickled schema is trusted. A table of contents ends with a SHA-256 of what stands before it,
and is not unpickled unless that is right.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from whoosh.codec import base
from whoosh.fields import ID, FieldType, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.formats import Existence
from whoosh.index import TOC, FileIndex, LockError
from whoosh.matching import ListMatcher
from whoosh.reading import TermInfo
from whoosh.writing import SegmentWriter

from indexer.arrays import EXTENSION, Arrays, write_arrays
from indexer.postings import KINDS
from indexer.segment_arrays import KEY, SegmentArrays
from kb.errors import IndexDamaged
from kb.failpoints import reach

T = TypeVar("T")
ATTEMPTS = 5
"""To read a table of contents."""
INDEX_NAME = "MAIN"
DIGEST = hashlib.sha256().digest_size


class TermsField(FieldType):  # type: ignore[misc]
    """A field whose terms are cut before they come here; a query's text is one term."""

    def __init__(self) -> None:
        """Keep which documents hold a term and how telling it is there; no positions."""
        self.format = Existence()
        self.scorable = True
        self.stored = False
        self.unique = False
        self.column_type = None
        self.analyzer = None


def _schema() -> Any:
    schema = Schema(**{KEY: ID(unique=True, stored=True)})
    for name in KINDS:
        schema.add(name, TermsField())
    return schema


class ArraySegment(base.Segment):  # type: ignore[misc]
    """One segment: what Whoosh's table of contents keeps of it."""

    def __init__(self, index_name: str) -> None:
        """A new segment without documents."""
        super().__init__(index_name)
        self.size = 0
        self.deleted: set[int] = set()

    def codec(self) -> ArrayCodec:
        """The codec that reads it."""
        return ArrayCodec()

    def should_assemble(self) -> bool:
        """It is one file already."""
        return False

    def set_doc_count(self, doccount: int) -> None:
        """Tell how many documents there are."""
        self.size = doccount

    def doc_count_all(self) -> int:
        """Documents, deleted ones too."""
        return self.size

    def deleted_count(self) -> int:
        """Documents that are deleted."""
        return len(self.deleted)

    def deleted_docs(self) -> Iterator[int]:
        """Numbers of the deleted documents."""
        return iter(sorted(self.deleted))

    def delete_document(self, docnum: int, delete: bool = True) -> None:
        """Mark a document as deleted, or not."""
        if delete:
            self.deleted.add(docnum)
        else:
            self.deleted.discard(docnum)

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted."""
        return docnum in self.deleted


class ArrayCodec(base.Codec):  # type: ignore[misc]
    """Whoosh's way to the arrays of a segment. Documents are added by ``WordWriter``."""

    length_stats = False

    def new_segment(self, _: Any, indexname: str) -> ArraySegment:
        """A segment to fill."""
        return ArraySegment(indexname)

    def per_document_writer(self, *_: object) -> Any:
        """Whoosh's writer asks for one; segments are written whole."""
        return _Closed()

    def field_writer(self, *_: object) -> Any:
        """Whoosh's writer asks for one; segments are written whole."""
        return _Closed()

    def terms_reader(self, storage: Any, segment: ArraySegment) -> ArrayTerms:
        """Terms and postings of a segment."""
        return ArrayTerms(segment_path(Path(storage.folder), segment))

    def per_document_reader(self, storage: Any, segment: ArraySegment) -> ArrayDocuments:
        """Keys and deletions of a segment."""
        return ArrayDocuments(segment_path(Path(storage.folder), segment), segment)


class _Closed:
    is_closed = True

    def close(self) -> None:
        """Nothing was opened."""


def segment_path(folder: Path, segment: ArraySegment) -> Path:
    """The file of a segment."""
    return folder / f"{segment.segment_id()}{EXTENSION}"


class ArrayTerms(base.TermsReader):  # type: ignore[misc]
    """Whoosh's view of the terms of one segment."""

    def __init__(self, path: Path) -> None:
        """``path`` is opened when something is asked for."""
        self._path = path

    @cached_property
    def _segment(self) -> SegmentArrays:
        return SegmentArrays(self._path)

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        """Whether a document holds (field, term)."""
        return self._segment.find_term(*term) >= 0

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """All (field, term), in order."""
        for field in sorted((KEY, *KINDS)):
            yield from self.terms_from(field, b"")

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """The (field, term) of a field from ``prefix`` on, in order."""
        return ((fieldname, term) for term in self._segment.terms_from(fieldname, prefix))

    def items(self) -> Iterator[tuple[tuple[str, bytes], Any]]:
        """All ((field, term), statistics)."""
        return (((field, text), self.term_info(field, text)) for field, text in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], Any]]:
        """The ((field, term), statistics) of a field from ``prefix`` on."""
        return (
            ((field, text), self.term_info(field, text))
            for field, text in self.terms_from(fieldname, prefix)
        )

    def term_info(self, fieldname: str, text: bytes) -> Any:
        """Statistics of a term; raise KeyError when there is none."""
        documents, weights = self._segment.of_term(fieldname, text)
        return TermInfo(
            weight=float(weights.sum()),
            df=len(documents),
            minlength=1,
            maxlength=1,
            maxweight=float(weights.max()),
            minid=int(documents[0]),
            maxid=int(documents[-1]),
        )

    def frequency(self, fieldname: str, text: bytes) -> float:
        """Sum of the term's saturations."""
        return float(self._segment.of_term(fieldname, text)[1].sum())

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """Documents that hold the term."""
        return len(self._segment.of_term(fieldname, text)[0])

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> Any:
        """A walk along the term's documents; raise KeyError when there is none."""
        documents, weights = self._segment.of_term(fieldname, text)
        return ListMatcher(
            documents.tolist(),
            weights.tolist(),
            format=format_,
            scorer=scorer,
            term=(fieldname, text),
            terminfo=self.term_info(fieldname, text),
        )

    def indexed_field_names(self) -> list[str]:
        """Fields that have terms."""
        return [KEY, *KINDS]


class ArrayDocuments(base.PerDocumentReader):  # type: ignore[misc]
    """Whoosh's view of the documents of one segment."""

    def __init__(self, path: Path, segment: ArraySegment) -> None:
        """``path`` is opened when something is asked for."""
        self._path = path
        self._info = segment

    @cached_property
    def _segment(self) -> SegmentArrays:
        return SegmentArrays(self._path)

    def doc_count(self) -> int:
        """Documents that are not deleted."""
        return self._info.size - len(self._info.deleted)

    def doc_count_all(self) -> int:
        """Documents, deleted ones too."""
        return self._info.size

    def has_deletions(self) -> bool:
        """Whether any document is deleted."""
        return bool(self._info.deleted)

    def is_deleted(self, docnum: int) -> bool:
        """Whether a document is deleted."""
        return docnum in self._info.deleted

    def deleted_docs(self) -> Iterator[int]:
        """Numbers of the deleted documents."""
        return self._info.deleted_docs()

    def stored_fields(self, docnum: int) -> dict[str, str]:
        """The key of a document."""
        return {KEY: self._segment.keys[docnum].decode()}

    def doc_field_length(self, _docnum: int, _fieldname: str, _default: int = 0) -> int:
        """Lengths are part of the saturations already."""
        return 1

    def field_length(self, _: str) -> int:
        """Lengths are part of the saturations already."""
        return self._info.size

    def min_field_length(self, _: str) -> int:
        """Lengths are part of the saturations already."""
        return 1

    def max_field_length(self, _: str) -> int:
        """Lengths are part of the saturations already."""
        return 1


class _Storage(FileStorage):  # type: ignore[misc]
    """The files of an index; a table of contents is sealed before it has its name."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """Seal a table of contents, flush it, and put it in place."""
        path = Path(self.folder, oldname)
        with path.open("rb+") as file:
            digest = hashlib.sha256(file.read()).digest()
            file.write(digest)
            file.flush()
            os.fsync(file.fileno())
        reach("index.contents")
        super().rename_file(oldname, newname, safe=safe)


def create_index(folder: Path) -> None:
    """Make an empty index in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    FileIndex.create(_Storage(str(folder)), _schema(), INDEX_NAME)


def read_segments(folder: Path) -> list[ArraySegment]:
    """The segments of the newest commit in ``folder``; raise IndexDamaged."""
    segments: list[ArraySegment] = _newest(folder, lambda index: index._segments())
    return segments


def open_reader(folder: Path) -> Any:
    """A Whoosh reader of the newest commit: for its query language. Close it after use."""
    return _newest(folder, lambda index: index.reader())


def _newest(folder: Path, read: Callable[[FileIndex], T]) -> T:
    """What ``read`` makes of the newest commit; raise IndexDamaged. The writer takes a table of
    contents away as soon as the next is in place: then that one is read."""
    for _ in range(ATTEMPTS):
        try:
            return read(_open(folder))
        except OSError:
            continue
    raise IndexDamaged(f"{folder.name} 的段表不见了")


def _open(folder: Path) -> FileIndex:
    """The index of a folder; raise IndexDamaged when its table of contents is not whole."""
    storage = _Storage(str(folder))
    newest = TOC._latest_generation(storage, INDEX_NAME)
    path = folder / TOC._filename(INDEX_NAME, newest)
    content = path.read_bytes()
    if hashlib.sha256(content[:-DIGEST]).digest() != content[-DIGEST:]:
        raise IndexDamaged(f"{path.name} 与校验和不符")
    return FileIndex(storage, _schema(), INDEX_NAME)


def save_segment(folder: Path, arrays: Arrays) -> ArraySegment:
    """Write the arrays of some documents (``keys`` among them) as a segment nobody sees yet."""
    segment = ArraySegment(INDEX_NAME)
    segment.size = len(arrays["keys"])
    order = np.argsort(arrays["keys"], kind="stable").astype(np.int32)
    write_arrays(segment_path(folder, segment), {**arrays, "key_order": order})
    reach("index.segment")
    return segment


@contextmanager
def writing_words(folder: Path) -> Iterator[WordWriter]:
    """One commit, given up if anything fails in it."""
    writer = WordWriter(folder)
    try:
        yield writer
        writer.commit()
    except BaseException:
        writer.cancel()
        raise


class WordWriter:
    """One commit: drop keys, add whole segments; nothing is seen before ``commit``."""

    def __init__(self, folder: Path) -> None:
        """Lock the index for writing (whoosh.index.LockError when another holds it)."""
        self._folder = folder
        self._added: list[ArraySegment] = []
        index = _newest(folder, lambda index: index)
        self._lock = index.lock("WRITELOCK")
        if not self._lock.acquire():
            raise LockError
        try:
            # not its own lock: it keeps that when the disk is full
            self._writer = SegmentWriter(index, codec=ArrayCodec(), _lk=False)
            self._held: list[ArraySegment] = list(self._writer.segments)
            self._arrays = [SegmentArrays(segment_path(folder, segment)) for segment in self._held]
        except BaseException:
            self._lock.release()
            raise

    def drop(self, keys: Sequence[str], *, and_longer: bool = False) -> int:
        """Mark the documents with these keys as deleted, and those with keys that begin with one
        of them if ``and_longer``; return how many there were."""
        dropped = 0
        for segment, arrays in zip(self._held, self._arrays, strict=True):
            for number in arrays.find_all(keys, and_longer=and_longer):
                dropped += not segment.is_deleted(number)
                segment.delete_document(number)
        return dropped

    def add(self, segment: ArraySegment) -> None:
        """Take in a segment that was written (``save_segment``)."""
        self._added.append(segment)

    def commit(self) -> None:
        """Make the change visible at once; segments are never merged, empty ones are let go."""
        kept = [segment for segment in (*self._held, *self._added) if segment.doc_count()]
        self._writer.commit(mergetype=lambda _writer, _segments: kept)
        self._lock.release()

    def cancel(self) -> None:
        """Give up the lock, and the change unless it can be seen already."""
        contents = TOC._filename(INDEX_NAME, self._writer.generation)
        try:
            if not (self._folder / contents).exists():
                for segment in self._added:
                    segment_path(self._folder, segment).unlink(missing_ok=True)
                for unfinished in self._folder.glob(f"{contents}.*"):
                    unfinished.unlink()
            if not self._writer.is_closed:
                self._writer.cancel()
        finally:
            self._lock.release()
