"""Training the desk's encoder on its own handbook, tickets and synonyms; keep the better of two."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from indexer.analysis import Analyzer
from indexer.documents import article_document, split_sections
from indexer.encoder import StaticEncoder
from indexer.families import is_held_out
from indexer.progress import Progress
from indexer.sources import CURRENT_ENCODER, current_encoder, read_vocabulary
from indexer.training import TrainingPlan, TrainingSet, train_encoder
from kb.database import Database
from kb.settings import Settings
from kb.store import handbook, indexable, tickets
from kb.ticket import Ticket
from kb.vocabulary import Vocabulary

Pair = tuple[str, str]
HELD_OUT_PARTS = 10


@dataclass(frozen=True)
class TrainReport:
    """What a training brought. ``held_out_*``: MRR@10 of finding the partner of a held-out text
    among all held-out partners, before (None without an encoder) and after."""

    encoder: str
    pairs: int
    held_out_before: float | None
    held_out_after: float
    kept: str


def train_desk_encoder(
    settings: Settings,
    database: Database,
    analyzer: Analyzer,
    *,
    now: datetime,
    progress: Progress,
) -> TrainReport:
    """Train on nine tenths of the pairs, compare on the rest, keep the better encoder.

    A pair is held out by its own text, so that no earlier training has seen it either. The one
    that wins is used as it was measured: no second training on all pairs.
    """
    pairs, texts = read_pairs(database, read_vocabulary(database))
    held = [pair for pair in pairs if is_held_out(pair, parts=HELD_OUT_PARTS)]
    kept = [pair for pair in pairs if not is_held_out(pair, parts=HELD_OUT_PARTS)]
    training = TrainingSet(
        texts=[analyzer.tokens(text) for text in texts],
        pairs=[(analyzer.tokens(left), analyzer.tokens(right)) for left, right in kept],
    )
    folder = settings.encoders / f"new-{now.strftime('%Y%m%d%H%M%S')}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    train_encoder(folder, training, TrainingPlan(), progress=progress)
    new = StaticEncoder(folder, analyzer)
    after = partner_rank(new, held)
    old_folder = current_encoder(settings)
    before = None
    if old_folder is not None:
        before = partner_rank(StaticEncoder(old_folder, analyzer), held)
    if before is not None and before >= after:
        shutil.rmtree(folder)
        identity = StaticEncoder(old_folder or folder, analyzer).identity
        return TrainReport(identity, len(kept), before, after, "old")
    _adopt(settings, folder, new.identity)
    return TrainReport(new.identity, len(kept), before, after, "new")


def train(
    settings: Settings, database: Database, *, now: datetime, progress: Progress
) -> TrainReport:
    """``kb train``: train anew and keep the better encoder. Rebuild the index afterwards."""
    analyzer = Analyzer(read_vocabulary(database))
    return train_desk_encoder(settings, database, analyzer, now=now, progress=progress)


def _adopt(settings: Settings, folder: Path, identity: str) -> None:
    final = settings.encoders / identity
    shutil.rmtree(final, ignore_errors=True)
    folder.rename(final)
    temporary = settings.encoders / "CURRENT.new"
    temporary.write_text(identity, "utf-8")
    temporary.replace(settings.encoders / CURRENT_ENCODER)


def read_pairs(database: Database, vocabulary: Vocabulary) -> tuple[list[Pair], list[str]]:
    """Pairs that mean the same, and all texts: from the handbook's structure, the tickets (same
    class, what was said and what was done), outcomes (a complaint and the article that settled it
    for good) and the synonyms."""
    connection = database.connection
    categories = handbook.read_categories(connection)
    articles = handbook.read_articles(connection)
    pairs: list[Pair] = []
    texts: list[str] = []
    by_class: dict[str, str] = {}
    by_article: dict[str, str] = {}
    for article in articles:
        document = article_document(article, categories)
        texts.append(document.text)
        keywords = "，".join(article.revision.keywords)
        steps = "\n".join(article.revision.steps)
        sections = split_sections(article.revision.body)
        by_article[article.id] = f"{article.title}\n{steps or keywords}"
        pairs.append((article.title, steps or document.resolution))
        pairs.append((keywords, article.title))
        if "怎么认" in sections:
            pairs.append((sections["怎么认"], f"{article.title}\n{keywords}"))
        for code in article.revision.categories:
            if len(code) == 6:
                by_class.setdefault(code, f"{article.title}\n{keywords}")
    cases: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in indexable.read_indexable(connection):
        said = "\n".join(filter(None, (ticket.title, ticket.description)))
        done = "\n".join(filter(None, (ticket.root_cause, ticket.fix, ticket.resolution)))
        texts.append(f"{said}\n{done}")
        pairs.append((said, done))
        if ticket.category in by_class:
            pairs.append((said, by_class[ticket.category]))
        if ticket.category:
            cases[ticket.category].append(ticket)
    for group in cases.values():
        pairs += [
            (left.description, right.description)
            for left, right in zip(group, group[1:] + group[:1], strict=True)
            if left is not right and left.description and right.description
        ]
    pairs += [
        (said, by_article[article])
        for said, article in tickets.read_proven_articles(connection)
        if article in by_article
    ]
    for words in vocabulary.synonyms:
        pairs += [(word, words[0]) for word in words[1:]]
    return [pair for pair in pairs if all(pair)], texts


def partner_rank(encoder: StaticEncoder, pairs: Sequence[Pair]) -> float:
    """MRR@10 of each left text finding its own right text among all right texts."""
    if not pairs:
        return 0.0
    lefts = encoder.encode([left for left, _ in pairs])
    rights = encoder.encode([right for _, right in pairs])
    scores = lefts @ rights.T
    own = np.diag(scores)[:, None]
    ranks = 1 + (scores > own).sum(axis=1)
    return float(np.where(ranks <= 10, 1 / ranks, 0).mean())
