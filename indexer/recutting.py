"""Which documents a change of the dictionary cuts otherwise, found in the index itself; and class
words learnt anew beside it.

A text is cut otherwise only where it holds a word that was added or taken away, and a text that
holds a word holds every pair of its neighbouring characters: all of them are indexed.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.class_words import (
    class_words_file,
    learn_class_words,
    read_class_texts,
    save_class_words,
)
from indexer.collection import Collection, OpenSegment
from indexer.generation import read_state, write_state
from indexer.language import CutChange, compare_cuts
from indexer.postings import hash_term
from kb.database import Database

Places = npt.NDArray[np.int64]


def keys_cut_anew(collection: Collection, change: CutChange) -> list[str]:
    """Keys of the documents that hold a changed word, and of few that do not; or of all."""
    if change.is_whole:
        return collection.keys(np.flatnonzero(collection.alive))
    found = [np.zeros(0, np.int64)]
    for segment in collection.segments:
        found += [_places_of(segment, word) + segment.offset for word in change.words]
    places = np.unique(np.concatenate(found))
    return collection.keys(np.setdiff1d(places, collection.dead))


def _places_of(segment: OpenSegment, word: str) -> Places:
    """Numbers within the segment of the documents that hold every pair of a word's characters."""
    pairs = [word[place : place + 2].encode() for place in range(len(word) - 1)]
    hashes = np.array([hash_term(pair) for pair in pairs], np.uint64)
    postings = segment.data.kinds["pairs"]
    rows = postings.find(pairs, hashes)
    if not len(rows) or (rows < 0).any():
        return np.zeros(0, np.int64)
    lists = [postings.of(int(row))[0] for row in rows]
    return np.asarray(reduce(np.intersect1d, sorted(lists, key=len)), np.int64)


class Relearning:
    """Class words for the words a generation is cut by, learnt in a thread of its own.

    Only ``finish``, called by the writer, makes them serve.
    """

    def __init__(self, folder: Path, database: Database, analyzer: Analyzer) -> None:
        """Begin at once."""
        state = read_state(folder)
        self._folder, self._database, self._analyzer = folder, database, analyzer
        self._old, self._new = state.class_words, state.vocabulary
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @classmethod
    def owed(cls, folder: Path, database: Database, analyzer: Analyzer) -> Relearning | None:
        """Begin if the table that serves is one of other words; None when none is owed."""
        state = read_state(folder)
        if state.class_words == state.vocabulary:
            return None
        return cls(folder, database, analyzer)

    def is_done(self) -> bool:
        """Whether ``finish`` would not wait."""
        return not self._thread.is_alive()

    def finish(self) -> None:
        """Let the table serve and drop older ones; raise what went wrong."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        state = read_state(self._folder)
        write_state(self._folder, replace(state, commits=state.commits + 1, learnt=self._new))
        kept = {class_words_file(self._folder, each) for each in (self._old, self._new)}
        for path in self._folder.glob("class_words-*.arrays"):
            if path not in kept:
                path.unlink()

    def _run(self) -> None:
        try:
            self._learn()
        except Exception as error:  # noqa: BLE001 (raised again by the writer, in finish)
            self._error = error
        finally:
            self._database.close()

    def _learn(self) -> None:
        """Write the table: learnt anew if texts are cut otherwise, else the old one linked."""
        if compare_cuts(self._database, self._old, self._new):
            texts = read_class_texts(self._database.connection)
            table = learn_class_words(texts, self._analyzer)
            save_class_words(self._folder, table, version=self._new)
            return
        target = class_words_file(self._folder, self._new)
        target.unlink(missing_ok=True)
        target.hardlink_to(class_words_file(self._folder, self._old))
