"""Triggers that note every change of an audited table, in the transaction that makes it.

They are made anew from the columns there are whenever a migration changed some.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

AUDITED: Mapping[str, tuple[str, ...]] = {
    "account": (),
    "account_link": (),
    "api_token": (),
    "approval": (),
    "article": (),
    "article_source": (),
    "call": (),
    "category": (),
    "certificate": (),
    "class_change": (),
    "drill": (),
    "experiment": (),
    "export_request": (),
    "figure": (),
    "gap_mark": (),
    "glossary": ("term",),
    "handbook_import": (),
    "limit_change": (),
    "path_learner": (),
    "ranker": (),
    "ranker_switch": (),
    "recovery_code": (),
    "review_task": (),
    "revision": (),
    "secret": (),
    "session_decision": (),
    "suggestion_event": (),
    "ticket": (),
    "ticket_knowledge_link": ("ticket_no", "closing", "target_type", "target_id"),
    "ticket_outcome": (),
    "time_limit": (),
    "vocabulary": (),
    "vocabulary_version": (),
    "week_path": (),
}
"""Tables whose every change is audited, with what names a row where it has no primary key."""
RECORDS = frozenset({"card_review", "outcome_trace", "revision_event", "ticket_event"})
"""Tables whose rows say themselves who did what, when: audited when one is changed or removed."""
EXEMPT: Mapping[str, str] = {
    "_sqlite_migrations": "each step is noted as schema:NAME",
    "article_read": "a reader's own marks",
    "audit": "the trail itself",
    "audit_anchor": "the trail itself",
    "audit_pending": "the trail itself",
    "autosave": "what stands in a form, not saved",
    "change_trial": "kept computation, follows from a proposed change",
    "favourite": "a reader's own marks",
    "rate": "counts of a minute, gone in the next",
    "file_base": "follows from article",
    "fix_version": "counted from ticket",
    "gap_evidence": "belongs to gap_mark",
    "idempotency": "answers kept to be sent again",
    "impression": "says itself what was shown, when, to whom",
    "imported_row": "follows from ticket",
    "index_queue": "work for the index",
    "old_password": "belongs to account",
    "path_read": "a reader's own marks",
    "ranker_boost": "belongs to ranker",
    "recent_article": "a reader's own marks",
    "search_record": "says itself who asked what and when",
    "sign_in": "opening and ending one is noted as sign_in:NAME",
    "sign_in_attempt": "a refused one is noted as sign_in:NAME",
    "sqlite_sequence": "SQLite's own",
    "stamp": "numbers that rise with changes",
    "suggestion_session": "says itself who asked what and when",
    "table_base": "follows from the tables",
    "trial": "kept computation, follows from revision",
    "used_link": "kept for a minute",
    "vocabulary_content": "belongs to vocabulary_version",
}
"""Tables that are not audited, and why."""
_UNTOLD = {"suggestion_event": "NEW.action NOT IN ('displayed', 'viewed')"}
"""Which added rows are meant, where not all are."""
_PREFIX = "audit_on_"


def set_capture(connection: sqlite3.Connection) -> None:
    """Make the triggers what the tables of today ask for; changes nothing when they are."""
    wanted = dict(_plan_triggers(connection))
    if _read_triggers(connection) == wanted:
        return
    connection.execute("BEGIN IMMEDIATE")
    drop_capture(connection)
    for sql in wanted.values():
        connection.execute(sql)
    connection.commit()


def drop_capture(connection: sqlite3.Connection) -> None:
    """Remove the triggers, so that a migration can change tables."""
    for name in _read_triggers(connection):
        connection.execute(f"DROP TRIGGER {name}")


def _read_triggers(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB ?",
        (f"{_PREFIX}*",),
    )
    return dict(rows.fetchall())


def _plan_triggers(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for table in (*AUDITED, *sorted(RECORDS)):
        columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
        names = [column["name"] for column in columns]
        keys = AUDITED.get(table) or [column["name"] for column in columns if column["pk"]]
        if table in AUDITED:
            yield _trigger(table, "INSERT", keys, names)
        yield _trigger(table, "UPDATE", keys, names)
        yield _trigger(table, "DELETE", keys, names)


def _trigger(
    table: str, event: str, keys: list[str] | tuple[str, ...], names: list[str]
) -> tuple[str, str]:
    row = "OLD" if event == "DELETE" else "NEW"
    key = _joined(row, keys)
    before = "NULL" if event == "INSERT" else _content("OLD", names)
    after = "NULL" if event == "DELETE" else _content("NEW", names)
    when = _UNTOLD.get(table) if event == "INSERT" else None
    name = f"{_PREFIX}{table}_{event.lower()}"
    return name, (
        f"CREATE TRIGGER {name} AFTER {event} ON {table}{f' WHEN {when}' if when else ''} BEGIN"
        f" INSERT INTO audit_pending (object, before, after)"
        f" VALUES ('{table}:' || {key}, {before}, {after}); END"
    )


def key_of(connection: sqlite3.Connection, table: str) -> str:
    """The SQL that names a row of an audited table."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    keys = AUDITED.get(table) or [column["name"] for column in columns if column["pk"]]
    return _joined(table, keys)


def content_of(connection: sqlite3.Connection, table: str) -> str:
    """The SQL of a row's content, as the trail's hashes are of."""
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return _content(table, [column["name"] for column in columns])


def _joined(row: str, keys: list[str] | tuple[str, ...]) -> str:
    return " || '/' || ".join(f"{row}.{key}" for key in keys)


def _content(row: str, names: list[str]) -> str:
    """A row's content as one text, each value as SQL would write it."""
    return " || ',' || ".join(f"quote({row}.{name})" for name in names)
