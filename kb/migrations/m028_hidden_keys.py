"""Keys from outside leave the audit trail: a keyed hash stands in their place."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator

from sqlite_utils import Database

from kb.audit import GENESIS, AuditRow, Deed, chain_deeds, hide_key
from kb.audit import Anchor as Head

PAGE = 5_000


def apply(db: Database) -> None:
    """Keys from outside leave the audit trail: a keyed hash stands in their place.

    Rows written before are chained anew from the first that held such a key, and the trail tells
    so; heads written down elsewhere before this step do not fit any more.
    """
    with db.atomic():
        key = secrets.token_bytes(32)
        db.conn.execute("INSERT INTO secret (name, value) VALUES ('audit-object', ?)", (key,))
        first = next(
            (row for row in _rows(db.conn, -1) if hide_key(row.object, key) != row.object), None
        )
        if first is not None:
            _chain_anew(db.conn, first.seq, key)


def _rows(connection: sqlite3.Connection, after: int) -> Iterator[AuditRow]:
    while page := connection.execute(
        "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (after, PAGE)
    ).fetchall():
        yield from (AuditRow(*row) for row in page)
        after = page[-1][0]


def _chain_anew(connection: sqlite3.Connection, first: int, key: bytes) -> None:
    (guard,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'audit_kept'"
    ).fetchone()
    connection.execute("DROP TRIGGER audit_kept")
    before = connection.execute(
        "SELECT chain_hash FROM (SELECT seq, chain_hash FROM audit UNION ALL"
        " SELECT through, chain_hash FROM audit_anchor) WHERE seq = ?",
        (first - 1,),
    ).fetchone()
    head = Head(first - 1, before[0] if before else GENESIS)
    for row in _rows(connection, first - 1):
        values = vars(row) | {"object": hide_key(row.object, key)}
        deed = Deed(*(values[name] for name in Deed.__dataclass_fields__))
        (new,) = chain_deeds([deed], head)
        connection.execute(
            "UPDATE audit SET object = ?, chain_hash = ? WHERE seq = ?",
            (new.object, new.chain_hash, new.seq),
        )
        head = Head(new.seq, new.chain_hash)
    connection.execute(guard)
    connection.execute(
        "INSERT INTO audit_pending (object, noted, who, action) VALUES (?, 1, 'system', ?)",
        (f"audit:{first}", "audit.keys_hidden"),
    )
