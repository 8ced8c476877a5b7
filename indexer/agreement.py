"""Does the index hold what the database holds? Each document is compared by its fingerprint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from indexer.collection import Collection
from indexer.documents import Document, Key, parse_key
from indexer.generation import PASSAGES, TICKETS, read_current, read_state
from indexer.sources import read_documents
from indexer.sync import read_changed
from kb.database import Database
from kb.settings import Settings
from kb.store import queue

ATTEMPTS = 3
"""Looks at what differs: a change may be taken in between two reads."""


@dataclass(frozen=True)
class Divergence:
    """Keys of documents (``a|article|revision``, ``l|limit|revision``, ``t|ticket|``).

    ``missing``: in the database only; ``extra``: in the index only; ``doubled``: more than once in
    the index; ``stale``: with another text than the database has.
    """

    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """All of them, in order."""
        return sorted({*self.missing, *self.extra, *self.doubled, *self.stale})


@dataclass(frozen=True)
class _Held:
    """What an index holds: fingerprint by key, and how often each key is there."""

    prints: dict[str, int]
    counts: Counter[str]


def find_divergence(settings: Settings, database: Database) -> Divergence:
    """Compare every document; what waits in the queue is not meant to agree yet.

    Raise IndexMissing, IndexDamaged.
    """
    held = _read_index(settings)
    wanted: dict[str, int] = {}
    for part in (PASSAGES, TICKETS):
        documents, _ = read_documents(database, part)
        wanted |= {each.key: each.fingerprint for each in documents}
    found = _compare(wanted, held, set(wanted) | set(held.counts))
    for _ in range(ATTEMPTS):
        if not found.keys:
            break
        found = _look_again(settings, database, found.keys)
    return found


def mend_divergence(database: Database, found: Divergence, *, now: datetime) -> int:
    """Ask for everything that differs to be indexed anew; return how many objects that are."""
    objects = sorted({(key.kind, key.identity) for key in map(parse_key, found.keys)})
    with database.transaction() as connection:
        for kind, identity in objects:
            queue.enqueue(connection, kind, identity, now=now)
    return len(objects)


def _look_again(settings: Settings, database: Database, keys: list[str]) -> Divergence:
    """Which of these still differ, without those that are being changed."""
    waiting = _waiting(settings, database)
    held = _read_index(settings)
    asked = {key for key in keys if _object(parse_key(key)) not in waiting}
    objects = {_object(parse_key(key)) for key in asked}
    documents: Iterator[Document] = chain.from_iterable(
        read_changed(database, objects, part) for part in (PASSAGES, TICKETS)
    )
    wanted = {each.key: each.fingerprint for each in documents}
    return _compare(wanted, held, asked)


def _object(key: Key) -> tuple[str, str]:
    return key.kind, key.identity


def _waiting(settings: Settings, database: Database) -> set[tuple[str, str]]:
    taken_in = read_state(read_current(settings.index)).seq
    changes = queue.read_queue(database.connection)
    return {(each.kind, each.object_id) for each in changes if each.seq > taken_in}


def _read_index(settings: Settings) -> _Held:
    folder = read_current(settings.index)
    held = _Held({}, Counter())
    for part in (PASSAGES, TICKETS):
        collection = Collection(folder / part)
        alive = collection.alive
        for segment in collection.segments:
            living = alive[segment.places]
            keys = [key.decode() for key in segment.data.keys[living].tolist()]
            held.counts.update(keys)
            held.prints.update(
                zip(keys, segment.data.arrays["prints"][living].tolist(), strict=True)
            )
    return held


def _compare(wanted: dict[str, int], held: _Held, keys: set[str]) -> Divergence:
    found = Divergence()
    for key in sorted(keys):
        if key not in held.counts:
            if key in wanted:
                found.missing.append(key)
        elif key not in wanted:
            found.extra.append(key)
        elif held.counts[key] > 1:
            found.doubled.append(key)
        elif held.prints[key] != wanted[key]:
            found.stale.append(key)
    return found
