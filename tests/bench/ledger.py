"""What the agents of a drill were told was kept, beside what the database holds."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

KINDS: dict[str, tuple[str, str]] = {
    "ticket": (
        "工单",
        (
            "SELECT ticket.ticket_no, title FROM ticket JOIN ticket_event USING (ticket_no)"
            " WHERE action = 'created' AND agent GLOB '演练*'"
        ),
    ),
    "session": (
        "建议会话",
        "SELECT id, ticket_no FROM suggestion_session WHERE agent GLOB '演练*'",
    ),
    "impression": (
        "曝光",
        (
            "SELECT impression.id, impression.id FROM impression"
            " JOIN suggestion_session ON suggestion_session.id = session_id"
            " WHERE agent GLOB '演练*'"
        ),
    ),
    "displayed": (
        "已显示",
        (
            "SELECT impression_id, impression_id FROM suggestion_event"
            " WHERE action = 'displayed' AND agent GLOB '演练*'"
        ),
    ),
    "event": (
        "操作",
        (
            "SELECT event_key, impression_id || action FROM suggestion_event"
            " WHERE action IN ('clicked', 'answer_copied') AND agent GLOB '演练*'"
        ),
    ),
    "link": (
        "关联",
        (
            "SELECT impression_id, ticket_no || closing FROM ticket_knowledge_link"
            " WHERE linked_by GLOB '演练*'"
        ),
    ),
    "closing": (
        "办结",
        (
            "SELECT ticket_no, ticket_no FROM ticket_event JOIN ticket_outcome"
            " USING (ticket_no, closing) WHERE action = 'closed' AND agent GLOB '演练*'"
        ),
    ),
}
EDITED: dict[str, tuple[str, str]] = {
    "revision": ("版本", "SELECT reason, reason FROM revision WHERE reason GLOB '演练*'"),
    "published": (
        "发布",
        (
            "SELECT reason, reason FROM revision WHERE reason GLOB '演练*'"
            " AND status NOT IN ('draft', 'in_review')"
        ),
    ),
    "vocabulary": (
        "词表",
        "SELECT reason, reason FROM vocabulary_version WHERE reason GLOB '演练*'",
    ),
    "imported": (
        "导入",
        "SELECT external_id, external_id FROM ticket WHERE external_source = 'drill'",
    ),
}
"""Each kind of row with its Chinese name, and a query for (identity, what it may be there once
for) of all rows the agents of drills made."""


@dataclass(frozen=True)
class Count:
    """One kind of row. ``extra``: kept, though nobody was told so."""

    name: str
    acknowledged: int
    kept: int
    lost: int
    doubled: int
    extra: int


class Ledger:
    """Identities the agents were told of; safe to use from many threads."""

    def __init__(self, kinds: Mapping[str, tuple[str, str]] = KINDS) -> None:
        """``kinds``: what is written down and compared."""
        self._lock = threading.Lock()
        self._kinds = kinds
        self._known: dict[str, list[str]] = {kind: [] for kind in kinds}

    def total(self, kinds: Iterable[str]) -> int:
        """How much of some kinds was acknowledged so far."""
        with self._lock:
            return sum(len(self._known[kind]) for kind in kinds)

    def add(self, kind: str, identities: Iterable[str]) -> None:
        """Write down what was acknowledged just now."""
        with self._lock:
            self._known[kind].extend(identities)

    def reconcile(self, database: Path) -> list[Count]:
        """Compare with a database. What is acknowledged while it is read does not count yet."""
        with self._lock:
            known = {kind: list(names) for kind, names in self._known.items()}
        connection = sqlite3.connect(database, timeout=60)
        try:
            return [self._count(connection, kind, known[kind]) for kind in self._kinds]
        finally:
            connection.close()

    def _count(self, connection: sqlite3.Connection, kind: str, told: list[str]) -> Count:
        name, sql = self._kinds[kind]
        rows = connection.execute(sql).fetchall()
        kept, once = {row[0] for row in rows}, Counter(row[1] for row in rows)
        known = set(told)
        return Count(
            name,
            len(told),
            len(rows),
            lost=len(known - kept),
            doubled=sum(count - 1 for count in once.values()) + len(told) - len(known),
            extra=len(kept - known),
        )


def is_whole(database: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file, references included."""
    connection = sqlite3.connect(database)
    try:
        said = connection.execute("PRAGMA integrity_check").fetchall()
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        connection.close()
    return said == [("ok",)] and broken == []
