"""Which documents a change of the dictionary cuts otherwise, found in the index itself.

A text is cut otherwise only where it holds a word that was added or taken away, and a text that
holds a word holds every pair of its neighbouring characters: all of them are indexed.
"""

from __future__ import annotations

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
from indexer.language import CutChange
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


def renew_class_words(
    folder: Path, database: Database, analyzer: Analyzer, *, old: int, new: int, is_recut: bool
) -> None:
    """Give version ``new`` its table of class words: learnt anew if texts are cut otherwise.

    Tables older than ``old`` are let go: no reader opens them any more.
    """
    if is_recut:
        table = learn_class_words(read_class_texts(database.connection), analyzer)
        save_class_words(folder, table, version=new)
    else:
        target = class_words_file(folder, new)
        target.unlink(missing_ok=True)
        target.hardlink_to(class_words_file(folder, old))
    kept = {class_words_file(folder, version) for version in (old, new)}
    for path in folder.glob("class_words-*.arrays"):
        if path not in kept:
            path.unlink()
