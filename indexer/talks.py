"""Many texts as the gate of the trade reads them: what ``TalkReader.read`` gives of each, and the
facts that ``measure_facts`` gives of that, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from indexer.bulk import Codes
from indexer.dictionary import general_counts
from indexer.queries import QueryBuilder
from indexer.text_features import BATCH, TextFeatures, once_a_text
from indexer.trade import INDIFFERENT, KINDS, SHORTEST, STRANGE, TELLING, TalkReader, may_lean

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Talks:
    """Some texts. ``said``: shape (texts, features), 1 where a text has the feature of ``names``;
    ``leaning``: for each kind the features that may lean; ``spoken``: the same for its ``words`` of
    two characters or more; ``nouns``: which of them are; ``keyness``, ``lengths``: of each text."""

    names: Sequence[str]
    said: csr_matrix
    leaning: Mask
    words: Sequence[str]
    spoken: csr_matrix
    nouns: Mask
    keyness: Floats
    lengths: Floats

    def of(self, rows: Codes) -> Talks:
        """Some of the texts, or the same several times."""
        return Talks(
            self.names,
            self.said[rows],
            self.leaning,
            self.words,
            self.spoken[rows],
            self.nouns,
            self.keyness[rows],
            self.lengths[rows],
        )

    @property
    def shares(self) -> Floats:
        """What one feature of each text counts for (``trade.feature_share``)."""
        shares: Floats = 2.0 / np.sqrt(np.maximum(np.diff(self.said.indptr), SHORTEST))
        return shares

    def facts(self, leans: Floats, is_own: Mask) -> Floats:
        """FACTS of each text, shape (texts, facts), by the lean of each feature and by which of
        the words our desk says."""
        new = self.spoken @ (self.nouns & ~is_own)
        words = np.diff(self.spoken.indptr)
        return np.column_stack(
            [
                *(fact for kind in range(len(KINDS)) for fact in self._sum_leans(kind, leans)),
                self.lengths,
                np.log1p(new),
                new / (words + 2),
                self.keyness / 10,
                self.spoken @ is_own == 0,
                self.said[:, self.names.index(STRANGE)].toarray().ravel(),
            ]
        )

    def _sum_leans(self, kind: int, leans: Floats) -> tuple[Floats, Floats, Floats]:
        texts = self.said.shape[0]
        may = self.leaning[kind][self.said.indices]
        rows = np.repeat(np.arange(texts), np.diff(self.said.indptr))[may]
        found = leans[self.said.indices[may]]
        ours, others = np.maximum(found - INDIFFERENT, 0), np.maximum(-found - INDIFFERENT, 0)
        balance = _add_up(rows, ours - others, texts)
        several = np.sqrt(np.maximum(np.bincount(rows, minlength=texts), TELLING))
        return _sum_top(rows, ours, texts), _sum_top(rows, others, texts), balance / several


def _sum_top(rows: Codes, values: Floats, texts: int) -> Floats:
    """The sum of the TELLING largest values of each text."""
    kept = np.flatnonzero(values)
    order = kept[np.lexsort((-values[kept], rows[kept]))]
    rows = rows[order]
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows)
    telling = ranks < TELLING
    return _add_up(rows[telling], values[order][telling], texts)


def read_talks(texts: Sequence[str], builder: QueryBuilder, reader: TalkReader) -> Talks:
    """Read ``texts`` as queries, put right as callers' words are."""
    features = TextFeatures(reader.analyzer)
    found: dict[str, list[tuple[Codes, Codes]]] = {kind: [] for kind in (*KINDS, "")}
    for start in range(0, len(texts), BATCH):
        meant = [builder.correct(text) for text in texts[start : start + BATCH]]
        read = features.read(meant)
        for kind, occurrences in (*read.by_kind.items(), ("", read.words)):
            codes, owners = once_a_text(occurrences, len(meant))
            found[kind].append((codes, owners + start))
    words = list(features.words)
    spoken = _matrix(*_join(found.pop("")), (len(texts), len(words)))
    names: list[str] = []
    columns: list[tuple[Codes, Codes]] = []
    for kind, parts in found.items():
        codes, owners = _join(parts)
        met, places = np.unique(codes, return_inverse=True)
        columns.append((places + len(names), owners))
        names += features.names(kind, met)
    strange = np.flatnonzero(spoken @ np.array(reader.strange(words), float))
    columns.append((np.full(len(strange), len(names)), strange))
    names.append(STRANGE)
    longer = np.array([len(word) > 1 for word in words])
    return Talks(
        names=names,
        said=_matrix(*_join(columns), (len(texts), len(names))),
        leaning=_leaning(names),
        words=[word for word in words if len(word) > 1],
        spoken=spoken[:, np.flatnonzero(longer)].tocsr(),
        nouns=np.array([general_counts().is_noun(word) for word in words if len(word) > 1], bool),
        keyness=_sum_keyness(spoken, np.array(reader.keyness(words))),
        lengths=np.log1p(np.diff(spoken.indptr)),
    )


def _leaning(names: Sequence[str]) -> Mask:
    kinds = np.array([name[0] if may_lean(name) else "" for name in names])
    leaning: Mask = np.array(list(KINDS))[:, np.newaxis] == kinds
    return leaning


def _join(parts: Sequence[tuple[Codes, Codes]]) -> tuple[Codes, Codes]:
    none = np.zeros(0, np.int64)
    return (
        np.concatenate([none, *(codes for codes, _ in parts)]),
        np.concatenate([none, *(owners for _, owners in parts)]),
    )


def _matrix(columns: Codes, rows: Codes, shape: tuple[int, int]) -> csr_matrix:
    return csr_matrix((np.ones(len(columns)), (rows, columns)), shape=shape)


def _sum_keyness(spoken: csr_matrix, keyness: Floats) -> Floats:
    """The sum of the TELLING highest of each text's words, which may be below 0."""
    texts = spoken.shape[0]
    rows = np.repeat(np.arange(texts), np.diff(spoken.indptr))
    values = keyness[spoken.indices]
    order = np.lexsort((-values, rows))
    telling = np.arange(len(rows)) - spoken.indptr[rows] < TELLING
    return _add_up(rows[telling], values[order][telling], texts)


def _add_up(rows: Codes, values: Floats, texts: int) -> Floats:
    """The sum of each text's values."""
    return np.bincount(rows, values, texts).astype(np.float64)
