"""The audit trail's rows, what waits to become one, and the anchors of what was purged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from kb.audit import (
    ABSENT,
    KEY_NAME,
    PURGED,
    START,
    Anchor,
    AuditRow,
    Deed,
    chain_deeds,
    hash_content,
)
from kb.store.rows import insert, insert_many, parse_row

PAGE = 5_000
GUARDS = (
    *("audit_kept", "audit_added", "audit_stays"),
    *("audit_anchor_true", "audit_anchor_kept", "audit_anchor_stays"),
)


@dataclass(frozen=True)
class Change:
    """What waits to be chained: a changed object, or what was said outright (with ``action``)."""

    object: str
    before_hash: str
    after_hash: str
    who: str = ""
    action: str = ""


@dataclass(frozen=True)
class AuditFilter:
    """Which rows are asked for; "" asks for all. ``object``: a kind, or one object.

    ``before``: older than this row, 0 from the newest on.
    """

    who: str = ""
    action: str = ""
    object: str = ""
    since: str = ""
    until: str = ""
    before: int = 0


def add_note(connection: sqlite3.Connection, thing: str, *, action: str, who: str) -> None:
    """Say outright what is to be in the trail."""
    values = {"object": thing, "noted": 1, "who": who, "action": action}
    insert(connection, "audit_pending", values)


def read_key(connection: sqlite3.Connection) -> bytes:
    """What keys from outside are hashed with; none yet while the schema is being made."""
    row = connection.execute("SELECT value FROM secret WHERE name = ?", (KEY_NAME,)).fetchone()
    return bytes(row[0]) if row else b""


def has_pending(connection: sqlite3.Connection) -> bool:
    """Whether anything waits to be chained."""
    return connection.execute("SELECT 1 FROM audit_pending LIMIT 1").fetchone() is not None


def take_pending(connection: sqlite3.Connection) -> list[Change]:
    """What waits, in the order it came about, and waits no longer.

    Changes of one object are one, from the first state to the last; what is as it was is none.
    """
    notes: dict[int, Change] = {}
    places: dict[str, int] = {}
    hashes: dict[int, tuple[str, str]] = {}
    rows = connection.execute("SELECT * FROM audit_pending ORDER BY seq")
    for seq, thing, before, after, noted, who, action in rows:
        if noted:
            notes[seq] = Change(thing, ABSENT, ABSENT, who, action)
            continue
        place = places.setdefault(thing, seq)
        first = hashes[place][0] if place in hashes else _hash(before)
        hashes[place] = (first, _hash(after))
    connection.execute("DELETE FROM audit_pending")
    changes = {
        place: Change(thing, *hashes[place])
        for thing, place in places.items()
        if hashes[place][0] != hashes[place][1]
    }
    return [change for _, change in sorted((notes | changes).items())]


def _hash(content: str | None) -> str:
    return ABSENT if content is None else hash_content(content)


def add_deeds(connection: sqlite3.Connection, deeds: Iterable[Deed]) -> None:
    """Add rows to the chain; the transaction must hold the write lock already."""
    insert_many(connection, "audit", list(chain_deeds(deeds, read_head(connection))))


def read_head(connection: sqlite3.Connection) -> Anchor:
    """The newest row, where a chain goes on."""
    row = connection.execute("SELECT seq, chain_hash FROM audit ORDER BY seq DESC LIMIT 1")
    found = row.fetchone()
    return Anchor(*found) if found else read_anchor(connection) or START


def read_anchor(connection: sqlite3.Connection) -> Anchor | None:
    """Up to where the trail was purged; None when it never was."""
    found = connection.execute(
        "SELECT through, chain_hash FROM audit_anchor ORDER BY through DESC LIMIT 1"
    ).fetchone()
    return Anchor(*found) if found else None


def follow_rows(connection: sqlite3.Connection, *, up_to: int) -> Iterator[AuditRow]:
    """All rows from the oldest to ``up_to``, page by page, so that nobody waits for the reader."""
    last = -1
    with _any_text(connection):
        while page := connection.execute(
            "SELECT * FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (last, up_to, PAGE),
        ).fetchall():
            yield from (AuditRow(*row) for row in page)
            last = page[-1]["seq"]


@contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read text that somebody made no text at all."""
    usual = connection.text_factory
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        connection.text_factory = usual


def read_hash(connection: sqlite3.Connection, seq: int) -> str | None:
    """The chain's hash at a row; None when the row is not there."""
    found = connection.execute("SELECT chain_hash FROM audit WHERE seq = ?", (seq,)).fetchone()
    return found[0] if found else None


def count_rows(connection: sqlite3.Connection) -> int:
    """How many rows the trail has."""
    return int(connection.execute("SELECT count(*) FROM audit").fetchone()[0])


def last_written(connection: sqlite3.Connection) -> int:
    """The number of the last row ever written, as SQLite keeps it beside the table."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    return int(found[0]) if found else 0


def missing_guards(connection: sqlite3.Connection) -> list[str]:
    """The triggers that should keep rows as they are and do not stand."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    there = {name for (name,) in rows}
    return [name for name in GUARDS if name not in there]


def has_purge(connection: sqlite3.Connection, anchor: Anchor) -> bool:
    """Whether the chain tells of the purge that an anchor was left by."""
    found = connection.execute(
        "SELECT 1 FROM audit WHERE action = ? AND object = ? AND before_hash = ?",
        (PURGED, f"audit:{anchor.through}", anchor.chain_hash),
    ).fetchone()
    return found is not None


def plan_purge(connection: sqlite3.Connection, *, before: str) -> Anchor | None:
    """The last of the oldest rows that are all older than an instant; None when there is none."""
    found = connection.execute(
        "SELECT seq, chain_hash FROM audit WHERE at < :before AND seq <"
        " coalesce((SELECT min(seq) FROM audit WHERE at >= :before), 1 << 62)"
        " ORDER BY seq DESC LIMIT 1",
        {"before": before},
    ).fetchone()
    return Anchor(*found) if found else None


def purge(connection: sqlite3.Connection, anchor: Anchor, *, at: str) -> int:
    """Remove the rows up to an anchor and leave it; how many they were."""
    values = {"through": anchor.through, "chain_hash": anchor.chain_hash, "at": at}
    insert(connection, "audit_anchor", values)
    return connection.execute("DELETE FROM audit WHERE seq <= ?", (anchor.through,)).rowcount


_CLAUSES = {
    "who": "who = :who",
    "action": "action = :action",
    "object": "(object = :object OR (object >= :object || ':' AND object < :object || ';'))",
    "since": "at >= :since",
    "until": "at < :until",
    "before": "seq < :before",
}


def list_rows(connection: sqlite3.Connection, wanted: AuditFilter, *, limit: int) -> list[AuditRow]:
    """The newest rows that are asked for."""
    asked = {each.name: getattr(wanted, each.name) for each in fields(AuditFilter)}
    clauses = [_CLAUSES[name] for name, value in asked.items() if value] or ["1 = 1"]
    rows = connection.execute(
        f"SELECT * FROM audit WHERE {' AND '.join(clauses)} ORDER BY seq DESC LIMIT :limit",
        {**asked, "limit": limit},
    )
    return [parse_row(row, AuditRow) for row in rows]
