"""Taking queued changes into the current generation: one commit, no rebuild."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from indexer.collection import commit_documents, scattered_keys
from indexer.documents import Document, article_document, limit_document, parse_key, ticket_document
from indexer.encoder import Encoder
from indexer.engine import open_language
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
from indexer.snapshot import Language
from kb.database import Database
from kb.errors import IndexMismatch, IndexMissing
from kb.settings import Settings
from kb.store import handbook, queue, tickets

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
        return _sync(settings, database, language or open_language(settings, database))


def follow(
    settings: Settings,
    database: Database,
    *,
    stop: Callable[[], bool],
) -> None:
    """Hold the writer's lock and sync whenever something is queued, until ``stop()`` is true.

    A generation built with other words or another encoder is picked up at the next change.
    """
    with writing(settings.index):
        language = open_language(settings, database)
        while not stop():
            if queue.count_queued(database.connection):
                digest = handbook.vocabulary_digest(database.connection)
                if digest != language.vocabulary_digest:
                    language = open_language(settings, database)
                try:
                    _sync(settings, database, language)
                except (IndexMissing, IndexMismatch):
                    time.sleep(PAUSE_SECONDS * 20)
            time.sleep(PAUSE_SECONDS)


def _sync(settings: Settings, database: Database, language: Language) -> SyncReport:
    started = time.monotonic()
    folder = read_current(settings.index)
    manifest = read_manifest(folder, vocabulary_digest=language.vocabulary_digest)
    encoder = _writing_encoder(language, manifest.encoder, manifest.encoder_reason)
    state = read_state(folder)
    changes = queue.read_queue(database.connection)
    if not changes:
        return SyncReport(0, 0, 0.0)
    changed_objects = {(change.kind, change.object_id) for change in changes}
    for part in (PASSAGES, TICKETS):
        scattered = map(parse_key, scattered_keys(folder / part))
        changed_objects |= {(key.kind, key.identity) for key in scattered}
    passages, passage_drops = _passage_changes(database, changed_objects)
    cases, case_drops = _ticket_changes(database, changed_objects)
    for part, documents, drops in (
        (PASSAGES, passages, passage_drops),
        (TICKETS, cases, case_drops),
    ):
        if documents or drops:
            commit_documents(
                folder / part,
                documents,
                drop=drops,
                analyzer=language.analyzer,
                encoder=encoder,
            )
    last = changes[-1].seq
    write_state(folder, State(seq=last, commits=state.commits + 1))
    with database.transaction() as connection:
        queue.clear_queue(connection, up_to=last)
    changed = len(passages) + len(cases)
    removed = max(len(changed_objects) - changed, 0)
    return SyncReport(changed, removed, time.monotonic() - started)


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
