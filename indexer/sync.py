"""Taking queued changes into the current generation: one commit, no rebuild."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from indexer.analysis import Analyzer
from indexer.collection import Collection, commit_documents, scattered_keys
from indexer.documents import Document, article_document, limit_document, parse_key, ticket_document
from indexer.encoder import Encoder
from indexer.generation import (
    PASSAGES,
    TICKETS,
    State,
    read_current,
    read_manifest,
    read_state,
    write_state,
    writing,
)
from indexer.language import Language, compare_cuts, open_language, renew_language
from indexer.recutting import Relearning, keys_cut_anew
from kb.database import Database
from kb.errors import IndexMismatch, IndexMissing
from kb.settings import Settings
from kb.store import handbook, queue, tickets, vocabulary

PAUSE_SECONDS = 0.05
"""Between two looks at the queue: a change waits half of it on average."""
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


def follow(
    settings: Settings,
    database: Database,
    *,
    stop: Callable[[], bool],
) -> None:
    """Hold the writer's lock and sync whenever something is queued or the vocabulary changed,
    until ``stop()`` is true.

    A generation built with another encoder is picked up at the next change. New class words take
    seconds to learn: that goes on beside, and nothing waits for it.
    """
    with writing(settings.index):
        language = open_language(settings, database)
        synced = 0
        relearning: Relearning | None = None
        while not stop():
            if relearning and relearning.is_done():
                relearning.finish()
                relearning = None
            newest = vocabulary.newest_number(database.connection)
            if newest != synced or queue.count_queued(database.connection):
                language = renew_language(language, database, version=newest, cut=newest)
                try:
                    folder = read_current(settings.index)
                    take_in(folder, database, language)
                    synced = newest
                    relearning = relearning or Relearning.owed(folder, database, language.analyzer)
                except (IndexMissing, IndexMismatch):
                    time.sleep(PAUSE_SECONDS * 20)
                    language = open_language(settings, database)
            time.sleep(PAUSE_SECONDS)


def take_in(folder: Path, database: Database, language: Language) -> SyncReport:
    """Bring a generation up to the database: take in what is queued, and cut anew what the words
    of ``language`` cut otherwise; the class words of before go on serving. Raise IndexMismatch."""
    started = time.monotonic()
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
    write_state(folder, State(last, state.commits + 1, language.cut, state.class_words))
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
        passages, passage_drops = _passage_changes(database, changed)
        cases, case_drops = _ticket_changes(database, changed)
        self._write(PASSAGES, passages, passage_drops)
        self._write(TICKETS, cases, case_drops)
        return len(passages) + len(cases)

    def _write(self, part: str, documents: list[Document], drops: list[str]) -> None:
        if documents or drops:
            commit_documents(
                self.folder / part,
                documents,
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


def _passage_changes(database: Database, changed: Objects) -> tuple[list[Document], list[str]]:
    """Documents of the changed articles and limits, and every key of theirs to drop."""
    connection = database.connection
    articles = sorted(name for kind, name in changed if kind == "article")
    limits = {name for kind, name in changed if kind == "time_limit"}
    if not articles and not limits:
        return [], []
    categories = handbook.read_categories(connection)
    documents = [
        article_document(article, categories)
        for article in (handbook.read_indexable(connection, articles) if articles else ())
    ]
    drops = [
        f"a|{article}|{revision.number}"
        for article in articles
        for revision in handbook.read_revisions(connection, article)
    ]
    stored = handbook.read_limits(connection)
    documents += [limit_document(stored[name]) for name in sorted(limits) if name in stored]
    for name in limits:
        newest = stored[name].revision if name in stored else MOST_LIMIT_REVISIONS
        drops += [f"l|{name}|{number}" for number in range(1, newest + 1)]
    return documents, drops


MOST_LIMIT_REVISIONS = 50


def _ticket_changes(database: Database, changed: Objects) -> tuple[list[Document], list[str]]:
    numbers = sorted(name for kind, name in changed if kind == "ticket")
    documents = [
        ticket_document(ticket)
        for start in range(0, len(numbers), 500)
        for ticket in tickets.read_indexable(database.connection, numbers[start : start + 500])
    ]
    return documents, [f"t|{number}|" for number in numbers]
