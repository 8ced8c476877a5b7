"""Building a whole generation: train if there is no encoder, index everything, switch over."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.analysis import ANALYSIS_VERSION, Analyzer
from indexer.class_words import learn_class_words, read_class_texts, save_class_words
from indexer.collection import Collection, commit_documents, create_collection
from indexer.cutting import Workers, open_workers
from indexer.encoder import Encoder, LibraryEncoder, StaticEncoder
from indexer.generation import (
    FORMAT,
    PASSAGES,
    TICKETS,
    Manifest,
    State,
    make_current,
    write_manifest,
    write_state,
    writing,
)
from indexer.kept_vectors import KeptEncoder
from indexer.learning import train_desk_encoder
from indexer.postings import WordWeights
from indexer.progress import Progress
from indexer.queries import QueryBuilder
from indexer.scoring import WordScorer
from indexer.sources import current_encoder, open_encoder, read_documents, read_vocabulary
from indexer.trade import TalkReader, TradeGate, save_gate
from indexer.trade_learning import learn_gate
from indexer.trade_texts import read_trade_texts
from kb.database import Database
from kb.errors import EncoderUnavailable
from kb.handbook import read_talk
from kb.settings import Settings
from kb.store import handbook, queue
from kb.times import format_instant
from kb.vocabulary import Vocabulary

WEIGHTS = {
    PASSAGES: WordWeights(k1=0.6, steps=0.4, resolution=0.4),
    TICKETS: WordWeights(k1=0.6, resolution=2.0),
}
"""The word lane of the desk, as ``python -m tests.bench.field_weights`` learns it: a ticket is also
found by what was done; an article's steps say less than its title and what callers say."""
PARALLEL_FROM = 20_000
"""Documents from which a build starts processes to cut texts."""
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
    started = time.monotonic()
    with writing(settings.index):
        vocabulary = read_vocabulary(database)
        analyzer = Analyzer(vocabulary)
        encoder, reason = _encoder_or_reason(settings, database, analyzer, now, progress)
        seq = queue.last_queued(database.connection)
        name = f"gen-{now.strftime('%Y%m%d%H%M%S')}-{seq:08d}"
        folder = settings.index / name
        shutil.rmtree(folder, ignore_errors=True)
        sizes = {}
        for part, weights in WEIGHTS.items():
            create_collection(folder / part, weights)
            documents, total = read_documents(database, part)
            with _workers(vocabulary, encoder, total) as workers:
                sizes[part] = commit_documents(
                    folder / part,
                    documents,
                    drop=(),
                    analyzer=analyzer,
                    encoder=encoder,
                    progress=progress,
                    total=total,
                    workers=workers,
                )
        if isinstance(encoder, KeptEncoder):
            encoder.drop_unasked()
        class_texts = read_class_texts(database.connection)
        save_class_words(folder, learn_class_words(class_texts, analyzer))
        save_gate(folder, _learn_gate(settings, database, vocabulary, analyzer, folder))
        manifest = Manifest(
            generation=name,
            format=FORMAT,
            analysis_version=ANALYSIS_VERSION,
            vocabulary_digest=handbook.vocabulary_digest(database.connection),
            encoder=encoder.identity if encoder else "",
            encoder_reason=reason,
            dimension=encoder.dimension if encoder else 0,
            created_at=format_instant(now),
        )
        write_state(folder, State(seq=seq, commits=1))
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


def _workers(
    vocabulary: Vocabulary, encoder: Encoder | None, total: int
) -> AbstractContextManager[Workers | None]:
    """Processes for a large build; a model of the library keeps to this one, it has threads."""
    if total < PARALLEL_FROM or not isinstance(encoder, StaticEncoder | None):
        return nullcontext()
    count = min(os.cpu_count() or 1, MOST_WORKERS)
    return open_workers(vocabulary, encoder.folder if encoder else None, count=count)


def _encoder_or_reason(
    settings: Settings,
    database: Database,
    analyzer: Analyzer,
    now: datetime,
    progress: Progress,
) -> tuple[Encoder | None, str]:
    """The encoder, trained first if there is none; or None and why there is none."""
    try:
        if not settings.encoder and current_encoder(settings) is None:
            train_desk_encoder(settings, database, analyzer, now=now, progress=progress)
        encoder = open_encoder(settings, analyzer)
    except (EncoderUnavailable, ImportError) as error:
        return None, str(error)
    if isinstance(encoder, LibraryEncoder):
        return KeptEncoder(encoder, settings.encoders / KEPT, progress), ""
    return encoder, ""
