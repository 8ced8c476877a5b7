"""Segments as files of arrays: what Whoosh reads of them is what was written."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from whoosh.index import LockError
from whoosh.query import And, Not, Or, Prefix, Term

from indexer.analysis import Analyzer
from indexer.arrays import EXTENSION, read_arrays, write_arrays
from indexer.collection import Collection, commit_documents, create_collection
from indexer.documents import Document
from indexer.postings import KINDS, WordWeights
from indexer.scoring import WordScorer
from indexer.words import WordWriter, open_reader, read_segments, save_segment, writing_words
from kb.errors import IndexDamaged
from kb.vocabulary import Vocabulary

DOCUMENTS = [
    Document("t|1|", "宽带断网", "光猫亮红灯，宽带用不了"),
    Document("t|2|", "话费多扣", "这个月话费多了三十块"),
    Document("t|3|", "宽带慢", "晚上看视频卡，5G也慢", resolution="换光猫"),
]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(Vocabulary())


@pytest.fixture
def folder(tmp_path: Path, analyzer: Analyzer) -> Path:
    create_collection(tmp_path, WordWeights())
    commit_documents(tmp_path, DOCUMENTS, drop=(), analyzer=analyzer, encoder=None)
    return tmp_path


def found(folder: Path, query: object) -> set[str]:
    from whoosh.searching import Searcher

    reader = open_reader(folder)
    with Searcher(reader) as searcher:
        return {hit["key"] for hit in searcher.search(query, limit=None)}


def test_readers_find_the_newest_commit_while_one_follows_another(folder: Path) -> None:
    is_over = threading.Event()

    def commit() -> None:
        while not is_over.is_set():
            with writing_words(folder):
                pass

    writer = threading.Thread(target=commit)
    writer.start()
    try:
        sizes = {sum(part.doc_count() for part in read_segments(folder)) for _ in range(500)}
    finally:
        is_over.set()
        writer.join()
    assert sizes == {len(DOCUMENTS)}


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {
        "names": np.array([b"a", b"long name"]),
        "table": np.arange(12, dtype=np.float32).reshape(3, 4),
        "none": np.zeros((0, 7), np.int32),
        "flags": np.array([True, False]),
    }
    write_arrays(tmp_path / "file", arrays)
    held = read_arrays(tmp_path / "file")
    assert held.keys() == arrays.keys()
    for name, array in arrays.items():
        assert held[name].dtype == array.dtype
        assert np.array_equal(held[name], array)
        assert held[name].shape == array.shape


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_arrays(path, {"table": np.arange(1000)})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(IndexDamaged):
        read_arrays(path)


def test_whooshs_query_language_reads_the_segments(folder: Path) -> None:
    assert found(folder, Term("words", "宽带")) == {"t|1|", "t|3|"}
    assert found(folder, And([Term("words", "宽带"), Term("pairs", "光猫")])) == {"t|1|", "t|3|"}
    assert found(folder, And([Term("words", "宽带"), Not(Term("pairs", "红灯"))])) == {"t|3|"}
    assert found(folder, Or([Term("words", "5g"), Term("pairs", "话费")])) == {"t|2|", "t|3|"}
    assert found(folder, Prefix("pairs", "红")) == {"t|1|"}
    assert found(folder, Term("key", "t|2|")) == {"t|2|"}
    assert found(folder, Term("words", "没有的词")) == set()


def test_every_term_is_listed_once_in_byte_order(folder: Path, analyzer: Analyzer) -> None:
    reader = open_reader(folder)
    for kind in KINDS:
        terms = list(reader.lexicon(kind))
        assert terms == sorted(set(terms))
    words = {
        word
        for document in DOCUMENTS
        for text in document.fields
        for word in analyzer.fields_of(text)[0]
    }
    assert {term.decode() for term in reader.lexicon("words")} == words
    reader.close()


def test_a_deleted_document_is_not_found(folder: Path, analyzer: Analyzer) -> None:
    commit_documents(folder, [], drop=["t|1|", "t|nothing|"], analyzer=analyzer, encoder=None)
    assert found(folder, Term("words", "宽带")) == {"t|3|"}
    assert len(Collection(folder)) == 2


def test_a_segment_left_empty_is_let_go_with_its_file(folder: Path, analyzer: Analyzer) -> None:
    before = set(folder.glob(f"*{EXTENSION}"))
    changed = [Document(document.key, "换了说法") for document in DOCUMENTS]
    commit_documents(folder, changed, drop=(), analyzer=analyzer, encoder=None)
    after = set(folder.glob(f"*{EXTENSION}"))
    assert len(before) == len(after) == 1
    assert before != after


def test_an_opened_collection_outlives_the_files_it_was_opened_on(
    folder: Path, analyzer: Analyzer
) -> None:
    held = Collection(folder)
    changed = [Document(document.key, "换了说法") for document in DOCUMENTS]
    commit_documents(folder, changed, drop=(), analyzer=analyzer, encoder=None)
    assert np.count_nonzero(WordScorer(held).score({("宽带", True): 1.0})) == 2


def test_segments_that_have_not_changed_are_taken_over(folder: Path, analyzer: Analyzer) -> None:
    before = Collection(folder)
    commit_documents(
        folder, [Document("t|4|", "新的")], drop=["t|2|"], analyzer=analyzer, encoder=None
    )
    after = Collection(folder, before)
    assert after.segments[0].data is before.segments[0].data
    assert len(before) == 3
    assert len(after) == 3
    assert after.keys(np.flatnonzero(after.alive)) == ["t|1|", "t|3|", "t|4|"]


def test_a_second_writer_is_refused_and_a_cancelled_one_leaves_nothing(folder: Path) -> None:
    files = set(folder.iterdir())
    writer = WordWriter(folder)
    with pytest.raises(LockError):
        WordWriter(folder)
    writer.drop(["t|1|"])
    writer.add(save_segment(folder, {"keys": np.array([b"t|9|"])}))
    writer.cancel()
    assert found(folder, Term("words", "宽带")) == {"t|1|", "t|3|"}
    assert {path for path in folder.iterdir() if "LOCK" not in path.name} == {
        path for path in files if "LOCK" not in path.name
    }
