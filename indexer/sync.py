"""Taking queued changes into the current generation, commit by commit, no rebuild.

A word that tens of thousands of tickets hold is in force with the first commit, which cuts the
passages by it; tickets follow in batches, and what is queued meanwhile goes along.
"""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.analysis import Analyzer
from indexer.arrays import remembering
from indexer.collection import Collection, commit_documents, scattered_keys
from indexer.documents import (
    Document,
    article_document,
    limit_document,
    object_start,
    parse_key,
    ticket_document,
)
from indexer.encoder import Encoder
from indexer.generation import (
    PASSAGES,
    TICKETS,
    State,
    check_usable,
    read_current,
    read_manifest,
    read_state,
    write_state,
    writing,
)
from indexer.language import Language, compare_all, compare_cuts, open_language
from indexer.recutting import Relearning, keys_cut_anew
from kb.database import Database
from kb.errors import IndexMismatch
from kb.failpoints import reach
from kb.settings import Settings
from kb.store import handbook, indexable, queue

PARTS = (PASSAGES, TICKETS)
KINDS_OF = {PASSAGES: ("article", "time_limit"), TICKETS: ("ticket",)}
"""What objects the documents of a part are of."""
Objects = AbstractSet[tuple[str, str]]
"""(kind, id) of what is to be written anew."""
RECUT_AT_ONCE = 4_000
"""Tickets cut anew in one commit: a second's work, which a change queued meanwhile waits for."""


@dataclass(frozen=True)
class SyncReport:
    """What a sync did: documents written anew, and objects dropped from the index; ``left``:
    tickets still to be cut by the words in force."""

    changed: int
    removed: int
    seconds: float
    left: int = 0


def sync_index(
    settings: Settings, database: Database, *, language: Language | None = None
) -> SyncReport:
    """Take the queue into the current generation; raise IndexMissing, IndexMismatch, IndexBusy.

    ``language``: one that is open already and of the database's words.
    """
    with writing(settings.index):
        opened = language or open_language(settings, database)
        folder = read_current(settings.index)
        report = take_in(folder, database, opened)
        relearning = Relearning.owed(folder, database, opened.analyzer)
        if relearning:
            relearning.finish()
        return report


def take_in(folder: Path, database: Database, language: Language) -> SyncReport:
    """Bring a generation up to the database: take in what is queued, and cut anew what the words
    of ``language`` cut otherwise; the class words of before go on serving.

    Raise IndexMismatch, IndexDamaged.
    """
    started, intake = time.monotonic(), Intake(folder, database)
    reports = [intake.step(language)]
    while reports[-1].left:
        reports.append(intake.step(language))
    changed = sum(report.changed for report in reports)
    removed = sum(report.removed for report in reports)
    return SyncReport(changed, removed, time.monotonic() - started)


class Intake:
    """Takes changes into one generation; between two commits it remembers what is still to be cut
    anew. One killed in between begins again with that."""

    def __init__(self, folder: Path, database: Database) -> None:
        """Nothing is read yet."""
        self.folder = folder
        self._database = database
        self._cut: int | None = None
        self._left: list[str] = []

    @property
    def left(self) -> int:
        """Tickets still to be cut by the words of the last step's language."""
        return len(self._left)

    def step(self, language: Language) -> SyncReport:
        """One commit: what is queued, and of what is cut otherwise all passages, and as many
        tickets as go at once; if there are more, the first commit leaves them all to the next.

        Raise IndexMismatch, IndexDamaged.
        """
        with remembering(self.folder):
            return self._step(language)

    def _step(self, language: Language) -> SyncReport:
        started, folder = time.monotonic(), self.folder
        check_usable(folder)
        manifest = read_manifest(folder)
        encoder = _writing_encoder(language, manifest.encoder, manifest.encoder_reason)
        state = read_state(folder)
        changes = queue.read_queue(self._database.connection)
        if not changes and state.cut == language.cut and not self._is_owed(state):
            return SyncReport(0, 0, 0.0)
        objects = {(change.kind, change.object_id) for change in changes}
        keys, left = self._choose(state, language)
        objects |= {(key.kind, key.identity) for key in map(parse_key, keys)}
        changed = Commit(folder, language.analyzer, encoder).objects(self._database, objects)
        last = changes[-1].seq if changes else state.seq
        reach("index.state")
        write_state(folder, _next_state(state, last, language.cut, left=len(left)))
        reach("index.queue")
        with self._database.transaction() as connection:
            queue.clear_queue(connection, up_to=last)
        self._cut, self._left = language.cut, left
        removed = max(len(objects) - changed, 0)
        return SyncReport(changed, removed, time.monotonic() - started, len(left))

    def _is_owed(self, state: State) -> bool:
        return bool(self._left or state.toward)

    def _choose(self, state: State, language: Language) -> tuple[list[str], list[str]]:
        """Keys of the documents to write anew now, apart from what is queued, and the keys of the
        tickets that are left to later commits."""
        keys = [key for part in PARTS for key in scattered_keys(self.folder / part)]
        if self._goes_on(state, language):
            return [*keys, *self._left[:RECUT_AT_ONCE]], self._left[RECUT_AT_ONCE:]
        recut = compare_all(self._database, {state.vocabulary, *state.toward}, language.cut)
        if not recut:
            return keys, []
        passages, tickets = (keys_cut_anew(Collection(self.folder / part), recut) for part in PARTS)
        if len(tickets) <= RECUT_AT_ONCE:
            return [*keys, *passages, *tickets], []
        return [*keys, *passages], tickets

    def _goes_on(self, state: State, language: Language) -> bool:
        """Whether what is left is left of the words of this language."""
        if self._cut is None or state.cut != self._cut:
            return False
        return not compare_cuts(self._database, self._cut, language.cut)


def _next_state(state: State, seq: int, cut: int, *, left: int) -> State:
    """The state after a commit by the words of version ``cut``, ``left`` tickets not among it."""
    after = State(seq, state.commits + 1, cut, state.class_words)
    if not left:
        return after
    toward = (*(each for each in state.toward if each != cut), cut)
    return replace(after, vocabulary=state.vocabulary, toward=toward, left=left)


@dataclass(frozen=True)
class Commit:
    """Writes what the database holds of changed objects into a generation's collections."""

    folder: Path
    analyzer: Analyzer
    encoder: Encoder | None

    def objects(self, database: Database, changed: Objects) -> int:
        """Write these objects anew; return how many documents there are of them."""
        passages = self._write(database, changed, PASSAGES)
        reach("index.parts")
        return passages + self._write(database, changed, TICKETS)

    def _write(self, database: Database, changed: Objects, part: str) -> int:
        drops = [object_start(*each) for each in sorted(changed) if each[0] in KINDS_OF[part]]
        if not drops:
            return 0
        return commit_documents(
            self.folder / part,
            read_changed(database, changed, part),
            drop=drops,
            analyzer=self.analyzer,
            encoder=self.encoder,
        )


def _writing_encoder(language: Language, identity: str, reason: str) -> Encoder | None:
    """The encoder the generation was built with; IndexMismatch when it is not the one at hand."""
    if not identity:
        return None
    if language.encoder is None or language.encoder.identity != identity:
        raise IndexMismatch(language.encoder_reason or reason or "编码器与索引不符")
    return language.encoder


def read_changed(database: Database, changed: Objects, part: str) -> list[Document]:
    """What the database holds of the changed objects of a part."""
    connection = database.connection
    named = {
        kind: sorted(name for each, name in changed if each == kind) for kind in KINDS_OF[part]
    }
    if part == TICKETS:
        numbers = named["ticket"]
        return [
            ticket_document(ticket)
            for start in range(0, len(numbers), 500)
            for ticket in indexable.read_indexable(connection, numbers[start : start + 500])
        ]
    articles, limits = named["article"], named["time_limit"]
    if not articles and not limits:
        return []
    categories, stored = handbook.read_categories(connection), handbook.read_limits(connection)
    documents = [
        article_document(article, categories)
        for article in (handbook.read_indexable(connection, articles) if articles else ())
    ]
    return documents + [limit_document(stored[name]) for name in limits if name in stored]
