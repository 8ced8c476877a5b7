"""What the index and the encoder are made from: the desk's vocabulary, encoder and documents."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indexer.analysis import Analyzer
from indexer.documents import Document, article_document, limit_document, ticket_document
from indexer.encoder import Encoder, LibraryEncoder, StaticEncoder
from indexer.generation import TICKETS
from kb.database import Database
from kb.errors import EncoderUnavailable
from kb.settings import Settings
from kb.store import handbook, indexable, vocabulary
from kb.vocabulary import Vocabulary, parse_vocabulary

CURRENT_ENCODER = "CURRENT"


def read_vocabulary(database: Database) -> Vocabulary:
    """The desk's vocabulary in force."""
    number = vocabulary.newest_number(database.connection)
    return parse_vocabulary(vocabulary.read_tables(database.connection, number))


def current_encoder(settings: Settings) -> Path | None:
    """Folder of the desk's own encoder in use; None before the first training."""
    pointer = settings.encoders / CURRENT_ENCODER
    return settings.encoders / pointer.read_text("utf-8").strip() if pointer.is_file() else None


def open_encoder(settings: Settings, analyzer: Analyzer) -> Encoder:
    """The encoder the settings ask for; raise EncoderUnavailable when it cannot be had."""
    if settings.encoder:
        return LibraryEncoder(settings.encoder)
    folder = current_encoder(settings)
    if folder is None:
        raise EncoderUnavailable("还没有训练过编码器，请运行 kb train")
    return StaticEncoder(folder, analyzer)


def read_documents(database: Database, part: str) -> tuple[Iterable[Document], int]:
    """Everything to index now of PASSAGES or TICKETS, and how many that are."""
    connection = database.connection
    if part == TICKETS:
        return map(ticket_document, indexable.read_texts(connection)), indexable.count_indexable(
            connection
        )
    categories = handbook.read_categories(connection)
    passages = [
        article_document(article, categories) for article in handbook.read_indexable(connection)
    ]
    passages += [limit_document(limit) for limit in handbook.read_limits(connection).values()]
    return passages, len(passages)
