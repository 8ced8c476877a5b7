"""Building a whole generation: train if there is no encoder, index everything, switch over."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.analysis import ANALYSIS_VERSION, Analyzer
from indexer.arrays import remembering
from indexer.class_words import learn_class_words, read_class_texts, save_class_words
from indexer.collection import Collection, commit_documents, create_collection
from indexer.encoder import Encoder, LibraryEncoder, StaticEncoder
from indexer.generation import (
    FORMAT,
    PASSAGES,
    TICKETS,
    Manifest,
    State,
    drop_unfinished,
    make_current,
    name_generation,
    write_manifest,
    write_state,
    writing,
)
from indexer.heap import uncollected
from indexer.kept_vectors import KeptEncoder
from indexer.learning import train_desk_encoder
from indexer.postings import WordWeights
from indexer.progress import Progress
from indexer.queries import QueryBuilder
from indexer.scoring import WordScorer
from indexer.sources import current_encoder, open_encoder, read_documents
from indexer.trade import TalkReader, TradeGate, save_gate
from indexer.trade_learning import learn_gate
from indexer.trade_texts import read_trade_texts
from indexer.workers import Source, Workers, open_workers
from kb.database import Database
from kb.errors import EncoderUnavailable
from kb.handbook import read_talk
from kb.settings import Settings
from kb.store import indexable, queue, tickets
from kb.store.vocabulary import newest_number, read_tables
from kb.times import format_instant
from kb.vocabulary import Vocabulary, parse_vocabulary

WEIGHTS = {
    PASSAGES: WordWeights(k1=0.6, steps=0.4, resolution=0.4),
    TICKETS: WordWeights(k1=0.6, resolution=2.0),
}
"""The word lane of the desk, as ``python -m tests.bench.field_weights`` learns it: a ticket is also
found by what was done; an article's steps say less than its title and what callers say."""
PARALLEL_FROM = 20_000
"""Tickets from which a build starts processes to index them."""
MOST_WORKERS = 4
KEPT = "kept"
"""Folder of the vectors computed by models of the library."""


@dataclass(frozen=True)
class BuildReport:
    """What a build made."""

    generation: str
    passages: int
    tickets: int
    encoder: str
    seconds: float


def build_index(
    settings: Settings, database: Database, *, now: datetime, progress: Progress
) -> BuildReport:
    """Build a generation beside the current one and switch to it; raise IndexBusy.

    Changes queued while it builds stay queued: the sync that follows takes them in.
    """
    with writing(settings.index), uncollected():
        return build_generation(settings, database, now=now, progress=progress)


def build_generation(
    settings: Settings, database: Database, *, now: datetime, progress: Progress
) -> BuildReport:
    """The same for who holds the writer's lock already."""
    started = time.monotonic()
    drop_unfinished(settings.index)
    version = newest_number(database.connection)
    vocabulary = parse_vocabulary(read_tables(database.connection, version))
    analyzer = Analyzer(vocabulary)
    encoder, reason = _encoder_or_reason(settings, database, analyzer, now, progress)
    seq = queue.last_queued(database.connection)
    name = name_generation(settings.index, now, seq)
    folder = settings.index / name
    for part, weights in WEIGHTS.items():
        create_collection(folder / part, weights)
    with _workers(database, vocabulary, encoder) as workers:
        write = _Writing(database, folder, analyzer, encoder, progress)
        sizes = {PASSAGES: write.collection(PASSAGES)}
        class_texts = read_class_texts(database.connection)
        table = learn_class_words(class_texts, analyzer)
        save_class_words(folder, table, version=version)
        save_gate(folder, _learn_gate(settings, database, vocabulary, analyzer, folder))
        if workers is None:
            sizes[TICKETS] = write.collection(TICKETS)
        else:
            total = indexable.count_indexable(database.connection)
            sizes[TICKETS] = workers.finish(folder / TICKETS, progress, total)
    if isinstance(encoder, KeptEncoder):
        encoder.drop_unasked()
    manifest = Manifest(
        generation=name,
        format=FORMAT,
        analysis_version=ANALYSIS_VERSION,
        encoder=encoder.identity if encoder else "",
        encoder_reason=reason,
        dimension=encoder.dimension if encoder else 0,
        created_at=format_instant(now),
    )
    write_state(folder, State(seq=seq, commits=1, vocabulary=version))
    with remembering(folder):
        write_manifest(folder, manifest)
    make_current(settings.index, folder)
    with database.transaction() as connection:
        queue.clear_queue(connection, up_to=seq)
    seconds = time.monotonic() - started
    return BuildReport(name, sizes[PASSAGES], sizes[TICKETS], manifest.encoder, seconds)


def _learn_gate(
    settings: Settings,
    database: Database,
    vocabulary: Vocabulary,
    analyzer: Analyzer,
    folder: Path,
) -> TradeGate:
    passages = Collection(folder / PASSAGES)
    reader = TalkReader(WordScorer(passages), len(passages), analyzer)
    texts = read_trade_texts(database.connection, vocabulary, read_talk(settings.handbook))
    return learn_gate(texts, QueryBuilder(analyzer, vocabulary), reader)


@dataclass(frozen=True)
class _Writing:
    """Writes whole collections in this process."""

    database: Database
    folder: Path
    analyzer: Analyzer
    encoder: Encoder | None
    progress: Progress

    def collection(self, part: str) -> int:
        """Index all of a part; return how many documents."""
        documents, total = read_documents(self.database, part)
        return commit_documents(
            self.folder / part,
            documents,
            drop=(),
            analyzer=self.analyzer,
            encoder=self.encoder,
            progress=self.progress,
            total=total,
        )


@contextmanager
def _workers(
    database: Database, vocabulary: Vocabulary, encoder: Encoder | None
) -> Iterator[Workers | None]:
    """Processes that have begun to cut the tickets of a large build, else None.

    A model of the library keeps to this process: it has threads of its own.
    """
    numbers = tickets.read_ticket_nos(database.connection)
    if len(numbers) < PARALLEL_FROM or not isinstance(encoder, StaticEncoder | None):
        yield None
        return
    source = Source(database.path, vocabulary, encoder.folder if encoder else None)
    with open_workers(source, count=min(os.cpu_count() or 1, MOST_WORKERS)) as workers:
        workers.start(numbers)
        yield workers


def _has_own_encoder(settings: Settings, analyzer: Analyzer) -> bool:
    folder = current_encoder(settings)
    try:
        return folder is not None and bool(StaticEncoder(folder, analyzer).identity)
    except EncoderUnavailable:
        return False


def _encoder_or_reason(
    settings: Settings,
    database: Database,
    analyzer: Analyzer,
    now: datetime,
    progress: Progress,
) -> tuple[Encoder | None, str]:
    """The encoder, trained first if there is none; or None and why there is none."""
    try:
        if not settings.encoder and not _has_own_encoder(settings, analyzer):
            train_desk_encoder(settings, database, analyzer, now=now, progress=progress)
        encoder = open_encoder(settings, analyzer)
    except (EncoderUnavailable, ImportError) as error:
        return None, str(error)
    if isinstance(encoder, LibraryEncoder):
        return KeptEncoder(encoder, settings.encoders / KEPT, progress), ""
    return encoder, ""
