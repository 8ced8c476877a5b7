"""How each class is talked about: a naive Bayes table over the features of its texts.

Multinomial naive Bayes (McCallum & Nigam 1998) over words, pairs of characters and pairs of
syllables, pooled over a class's articles and newest tickets. It knows nothing of single neighbours
and so errs elsewhere than they do.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.analysis import Analyzer, normal_form
from indexer.arrays import read_arrays, write_arrays
from indexer.trade import SHORTEST, read_features
from kb.errors import IndexMismatch
from kb.store import handbook, tickets

TABLE_FILE = "class_words.arrays"
TICKETS_A_CLASS = 60
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
    """The table. ``codes``: the classes in order; ``rows``: of each feature its row in ``logs``;
    ``logs``: shape (features, classes), log probability of a feature in a class."""

    codes: tuple[str, ...]
    rows: dict[str, int]
    logs: npt.NDArray[np.float32]

    def score(self, features: Iterable[str]) -> Scores:
        """For each class the log likelihood of known features, damped by how many they are."""
        asked = sorted(set(features))
        found = [self.rows[name] for name in asked if name in self.rows]
        total: Scores = self.logs[found].sum(axis=0, dtype=np.float64)
        return total / math.sqrt(max(len(asked), SHORTEST))


def read_class_texts(connection: sqlite3.Connection) -> Iterator[ClassText]:
    """The texts of each class: articles that serve it alone, and its newest tickets."""
    for article in handbook.read_articles(connection):
        revision = article.revision
        codes = revision.categories
        if len(codes) == 1 and len(codes[0]) == CLASS_DIGITS:
            for name in (revision.title, *revision.keywords):
                yield ClassText(codes[0], name, NAMED)
            yield ClassText(codes[0], "\n".join((*revision.steps, revision.body)), DONE)
    for said in tickets.read_newest_of_classes(connection, most=TICKETS_A_CLASS):
        yield ClassText(said.category, said.description, SAID)
        yield ClassText(said.category, said.done, DONE)


def learn_class_words(texts: Iterable[ClassText], analyzer: Analyzer) -> ClassWords:
    """Count the features of each class."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in texts:
        for feature in set(read_features(normal_form(item.text), analyzer.words(item.text))):
            counts[item.code][feature] += item.weight  # type: ignore[assignment]
    codes = tuple(sorted(counts))
    totals: Counter[str] = Counter()
    for counted in counts.values():
        totals.update(counted)
    names = sorted(name for name, weight in totals.items() if weight >= LEAST)
    return ClassWords(
        codes, {name: row for row, name in enumerate(names)}, _logs(codes, names, counts)
    )


def _logs(
    codes: Sequence[str], names: Sequence[str], counts: dict[str, Counter[str]]
) -> npt.NDArray[np.float32]:
    matrix = np.array(
        [[counts[code].get(name, 0.0) for name in names] for code in codes], np.float32
    ).reshape(len(codes), len(names))
    seen = matrix.sum(axis=1, keepdims=True, dtype=np.float64)
    logs = np.log((matrix + UNSEEN) / (seen + UNSEEN * max(len(names), 1)))
    return np.ascontiguousarray(logs.T, np.float32)


def save_class_words(folder: Path, table: ClassWords) -> None:
    """Write the table into a generation's folder."""
    names = "\n".join(table.rows).encode()
    write_arrays(
        folder / TABLE_FILE,
        {
            "codes": np.array([code.encode() for code in table.codes], f"S{CLASS_DIGITS}"),
            "names": np.frombuffer(names, np.uint8),
            "logs": table.logs,
        },
    )


@lru_cache(maxsize=2)
def open_class_words(folder: Path) -> ClassWords:
    """The table of a generation, which never changes in it; raise IndexMismatch without one."""
    if not (folder / TABLE_FILE).is_file():
        raise IndexMismatch("索引里没有各类投诉的用词表")
    arrays = read_arrays(folder / TABLE_FILE)
    names = arrays["names"].tobytes().decode().split("\n")
    return ClassWords(
        codes=tuple(code.decode() for code in arrays["codes"].tolist()),
        rows={name: row for row, name in enumerate(names) if name},
        logs=arrays["logs"],
    )
