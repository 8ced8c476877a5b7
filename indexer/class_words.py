"""How each class is talked about: a naive Bayes table over the features of its texts.

Multinomial naive Bayes (McCallum & Nigam 1998) over words, pairs of characters and pairs of
syllables, pooled over a class's articles and newest tickets. It knows nothing of single neighbours
and so errs elsewhere than they do.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer
from indexer.arrays import read_arrays, write_arrays
from indexer.names import Hashes, find_rows, hash_names
from indexer.text_features import FeatureCounts
from indexer.trade import SHORTEST
from kb.store import handbook, indexable

TABLE_FILE = "class_words-{version}.arrays"
"""A table a version of the vocabulary: each cuts texts into features of its own."""
TICKETS_A_CLASS = 60
ARTICLES_A_CLASS = 30
SAID = 1.0
NAMED = 3.0
DONE = 0.3
"""What a text counts: what callers say, what a class is called, what was told or done."""
LEAST = 1.0
"""Weight over all texts from which a feature is kept."""
UNSEEN = 0.1
CLASS_DIGITS = 6

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassText:
    """One text of a class with its weight."""

    code: str
    text: str
    weight: float


@dataclass(frozen=True)
class ClassWords:
    """The table. ``codes``: the classes in order; ``names``: hashes of the features, increasing;
    ``logs``: shape (features, classes), log of a feature's smoothed count in a class; ``scales``:
    log of a class's total, so that the difference of the two is a log probability."""

    codes: tuple[str, ...]
    names: Hashes
    logs: npt.NDArray[np.float16]
    scales: npt.NDArray[np.float64]

    def score(self, features: Iterable[str]) -> Scores:
        """For each class the log likelihood of known features, damped by how many they are."""
        asked = sorted(set(features))
        rows = find_rows(self.names, asked)
        known = rows[rows >= 0]
        total: Scores = self.logs[known].sum(axis=0, dtype=np.float64) - len(known) * self.scales
        return total / math.sqrt(max(len(asked), SHORTEST))


def read_class_texts(connection: sqlite3.Connection) -> Iterator[ClassText]:
    """The texts of each class: articles that serve it alone, and its newest tickets."""
    read: Counter[str] = Counter()
    for article in handbook.read_articles(connection):
        revision = article.revision
        codes = revision.categories
        if len(codes) == 1 and len(codes[0]) == CLASS_DIGITS:
            read[codes[0]] += 1
            if read[codes[0]] > ARTICLES_A_CLASS:
                continue
            for name in (revision.title, *revision.keywords):
                yield ClassText(codes[0], name, NAMED)
            yield ClassText(codes[0], "\n".join((*revision.steps, revision.body)), DONE)
    for said in indexable.read_newest_of_classes(connection, most=TICKETS_A_CLASS):
        yield ClassText(said.category, said.description, SAID)
        yield ClassText(said.category, said.done, DONE)


def learn_class_words(texts: Iterable[ClassText], analyzer: Analyzer) -> ClassWords:
    """Count the features of each class."""
    held = list(texts)
    codes = tuple(sorted({item.code for item in held}))
    numbers = {code: number for number, code in enumerate(codes)}
    counts = FeatureCounts(analyzer, len(codes), sorted({item.weight for item in held}))
    counts.add(
        [item.text for item in held],
        [numbers[item.code] for item in held],
        [item.weight for item in held],
    )
    names, table = counts.table(LEAST)
    hashes = hash_names(names)
    order = np.argsort(hashes)
    scales = np.log(table.sum(axis=0, dtype=np.float64) + UNSEEN * max(len(table), 1))
    logs = np.log(table + np.float32(UNSEEN)).astype(np.float16)
    return ClassWords(codes, hashes[order], logs[order], scales)


def save_class_words(folder: Path, table: ClassWords, *, version: int) -> None:
    """Write the table of a version of the vocabulary into a generation's folder."""
    write_arrays(
        class_words_file(folder, version),
        {
            "codes": np.array([code.encode() for code in table.codes], f"S{CLASS_DIGITS}"),
            "names": table.names,
            "logs": table.logs,
            "scales": table.scales,
        },
    )


def class_words_file(folder: Path, version: int) -> Path:
    """Where a generation keeps the table of a version of the vocabulary."""
    return folder / TABLE_FILE.format(version=version)


@lru_cache(maxsize=4)
def open_class_words(folder: Path, version: int) -> ClassWords:
    """The table that a generation has for a version; raise IndexDamaged without one."""
    arrays = read_arrays(class_words_file(folder, version))
    codes = tuple(code.decode() for code in arrays["codes"].tolist())
    return ClassWords(codes, arrays["names"], arrays["logs"], arrays["scales"])
