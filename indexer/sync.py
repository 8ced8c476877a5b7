"""Taking queued changes into the current generation: one commit, no rebuild."""

from __future__ import annotations

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
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
from indexer.language import Language, compare_cuts, open_language
from indexer.recutting import Relearning, keys_cut_anew
from kb.database import Database
from kb.errors import IndexMismatch
from kb.failpoints import reach
from kb.settings import Settings
from kb.store import handbook, queue, tickets

KINDS_OF = {PASSAGES: ("article", "time_limit"), TICKETS: ("ticket",)}
"""What objects the documents of a part are of."""
Objects = AbstractSet[tuple[str, str]]
"""(kind, id) of what is to be written anew."""


@dataclass(frozen=True)
class SyncReport:
    """What a sync did: documents written anew, and objects dropped from the index."""

    changed: int
    removed: int
    seconds: float


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
    with remembering(folder):
        return _take_in(folder, database, language)


def _take_in(folder: Path, database: Database, language: Language) -> SyncReport:
    started = time.monotonic()
    check_usable(folder)
    manifest = read_manifest(folder)
    encoder = _writing_encoder(language, manifest.encoder, manifest.encoder_reason)
    state = read_state(folder)
    changes = queue.read_queue(database.connection)
    if not changes and state.vocabulary == language.cut:
        return SyncReport(0, 0, 0.0)
    changed_objects = {(change.kind, change.object_id) for change in changes}
    recut = compare_cuts(database, state.vocabulary, language.cut)
    for part in (PASSAGES, TICKETS):
        keys = scattered_keys(folder / part)
        if recut:
            keys += keys_cut_anew(Collection(folder / part), recut)
        changed_objects |= {(key.kind, key.identity) for key in map(parse_key, keys)}
    commit = Commit(folder, language.analyzer, encoder)
    changed = commit.objects(database, changed_objects)
    last = changes[-1].seq if changes else state.seq
    reach("index.state")
    write_state(folder, State(last, state.commits + 1, language.cut, state.class_words))
    reach("index.queue")
    with database.transaction() as connection:
        queue.clear_queue(connection, up_to=last)
    removed = max(len(changed_objects) - changed, 0)
    return SyncReport(changed, removed, time.monotonic() - started)


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
            for ticket in tickets.read_indexable(connection, numbers[start : start + 500])
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
