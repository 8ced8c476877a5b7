"""One collection of documents (the handbook's passages, or the tickets): words and vectors.

A commit writes the rows and vectors of its new documents beside the word index, named after the
segment, before the segment becomes visible: words and vectors can never be of different days.
Their names start with what they hold, because Whoosh clears away files that start like its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.encoder import Encoder, Vectors
from indexer.progress import Progress, quiet
from indexer.words import FIELDS, WordIndex, WordWriter

OPEN_END = np.int32(2**31 - 1)
ENCODE_BATCH = 2_000
MOST_SEGMENTS = 32
SMALL_SEGMENT = 500
"""Documents up to which a segment is written anew when there are too many."""


@dataclass(frozen=True)
class Document:
    """What is indexed of one passage or ticket.

    ``question``: how a caller would say it; ``answer``: what is told or done. ``label``: code of
    its third-level class, or "". ``valid_from``, ``valid_until``: days as date.toordinal(), the
    end exclusive.
    """

    key: str
    question: str
    answer: str
    label: str = ""
    valid_from: int = 0
    valid_until: int = int(OPEN_END)


@dataclass(frozen=True)
class Rows:
    """Facts of the documents of one or more segments, a row each; ``lengths`` in FIELDS' order."""

    keys: npt.NDArray[np.str_]
    labels: npt.NDArray[np.str_]
    lengths: npt.NDArray[np.int32]
    valid_from: npt.NDArray[np.int32]
    valid_until: npt.NDArray[np.int32]


class Collection:
    """A collection opened for reading: a fixed state, whatever is committed later.

    ``alive``: False where a document was deleted. ``vectors``: shape (documents, dimension), or
    (documents, 0) when it was written without an encoder.
    """

    def __init__(self, folder: Path) -> None:
        """Open the newest state in ``folder``."""
        self.words = WordIndex(folder)
        segments = self.words.segments
        parts = [_read_rows(folder, segment.name) for segment in segments]
        self.rows = _join(parts)
        sizes = [segment.size for segment in segments]
        self.offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.alive = np.ones(int(self.offsets[-1]), bool)
        for segment, offset in zip(segments, self.offsets[:-1], strict=True):
            self.alive[[int(offset) + number for number in segment.deleted]] = False
        self.vectors = _join_vectors(folder, [segment.name for segment in segments])

    def __len__(self) -> int:
        """Documents that are not deleted."""
        return int(self.alive.sum())

    def close(self) -> None:
        """Release the files."""
        self.words.close()


def scattered_keys(folder: Path) -> list[str]:
    """Keys of the documents in small segments, once there are more than MOST_SEGMENTS.

    Each commit adds a segment. Writing these documents anew gathers them in one; the segments
    they leave empty are let go.
    """
    words = WordIndex(folder)
    try:
        if len(words.segments) <= MOST_SEGMENTS:
            return []
        return [
            str(key)
            for segment in words.segments
            if segment.size <= SMALL_SEGMENT
            for number, key in enumerate(_read_rows(folder, segment.name).keys.tolist())
            if number not in segment.deleted
        ]
    finally:
        words.close()


def commit_documents(
    folder: Path,
    documents: Sequence[Document],
    *,
    drop: Sequence[str],
    analyzer: Analyzer,
    encoder: Encoder | None,
    progress: Progress = quiet,
) -> None:
    """Delete the keys in ``drop`` and of ``documents``, add ``documents``, in one commit."""
    writer = WordWriter(folder)
    try:
        writer.drop([*drop, *(document.key for document in documents)])
        rows: list[dict[str, Counter[str]]] = []
        for place, document in enumerate(documents, 1):
            fields = field_terms(document, analyzer)
            writer.add(document.key, fields)
            rows.append(fields)
            if place % 100 == 0 or place == len(documents):
                progress("写入词索引", place, len(documents))
        if documents:
            _write_rows(folder, writer.segment_name, documents, rows)
            vectors = _encode(documents, encoder, progress)
            np.save(folder / f"vectors.{writer.segment_name}.npy", vectors)
    except BaseException:
        writer.cancel()
        raise
    writer.commit()


def field_terms(document: Document, analyzer: Analyzer) -> dict[str, Counter[str]]:
    """The terms of each field with their counts. A word of two characters is also a pair."""
    fields: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
    for side, text in (("question", document.question), ("answer", document.answer)):
        for term in analyzer.terms(text):
            if term.is_word:
                fields[f"{side}_words"][term.text] += 1
            if not term.is_word or len(term.text) == 2:
                fields[f"{side}_pairs"][term.text] += 1
    return fields


def _encode(documents: Sequence[Document], encoder: Encoder | None, progress: Progress) -> Vectors:
    if encoder is None:
        return np.zeros((len(documents), 0), np.float32)
    parts: list[Vectors] = []
    for start in range(0, len(documents), ENCODE_BATCH):
        batch = documents[start : start + ENCODE_BATCH]
        parts.append(encoder.encode([f"{each.question}\n{each.answer}" for each in batch]))
        progress("计算向量", min(start + ENCODE_BATCH, len(documents)), len(documents))
    return np.concatenate(parts)


def _write_rows(
    folder: Path,
    segment: str,
    documents: Sequence[Document],
    terms: Sequence[dict[str, Counter[str]]],
) -> None:
    lengths = [[sum(fields[name].values()) for name in FIELDS] for fields in terms]
    np.savez(
        folder / f"rows.{segment}.npz",
        keys=np.array([document.key for document in documents]),
        labels=np.array([document.label for document in documents], dtype="U6"),
        lengths=np.array(lengths, np.int32),
        valid_from=np.array([document.valid_from for document in documents], np.int32),
        valid_until=np.array([document.valid_until for document in documents], np.int32),
    )


def _read_rows(folder: Path, segment: str) -> Rows:
    with np.load(folder / f"rows.{segment}.npz", allow_pickle=False) as file:
        return Rows(**{name: file[name] for name in Rows.__dataclass_fields__})


def _join(parts: Sequence[Rows]) -> Rows:
    if not parts:
        text, number = np.array([], dtype="U1"), np.array([], np.int32)
        return Rows(text, text, np.zeros((0, len(FIELDS)), np.int32), number, number)
    return Rows(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Rows.__dataclass_fields__
        }
    )


def _join_vectors(folder: Path, segments: Sequence[str]) -> Vectors:
    parts = [np.load(folder / f"vectors.{name}.npy", mmap_mode="r") for name in segments]
    if not parts:
        return np.zeros((0, 0), np.float32)
    if len(parts) == 1:
        whole: Vectors = parts[0]
        return whole
    return np.concatenate(parts)
