"""Where in the tables somebody's personal data stands, and taking it out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from kb.store.rows import placeholders

REPLACEMENT = "〔已删除〕"
LEFT_ALONE = frozenset(
    {"audit", "audit_pending", "audit_anchor", "secret", "_sqlite_migrations", "sqlite_sequence"}
    | {"vocabulary", "vocabulary_version", "vocabulary_content"}
    | {"card_review", "account", "old_password", "account_link", "sign_in", "sign_in_attempt"}
    | {"api_token", "recovery_code"}
)
"""Tables never rewritten: the trail and learners' grades can only be added to, words belong to the
vocabulary's editors, accounts to those who administer them."""
STAFF = frozenset(
    {"agent", "author", "reviewer", "actor", "editor", "owner", "assignee", "linked_by"}
    | {"assigned_by", "changed_by", "started_by", "closed_by", "who"}
)
"""Columns that name those who work here."""
TIED = {
    "ticket": ("title", "description", "customer_demand", "root_cause", "resolution"),
    "ticket_event": ("detail",),
    "suggestion_session": ("query_masked",),
    "search_record": ("query_masked", "query_used"),
}
"""Texts tied to a ticket, where the mask of its caller's number may stand."""


def _columns(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    for (table,) in rows.fetchall():
        if table in LEFT_ALONE:
            continue
        for column in connection.execute(f"PRAGMA table_info({table})").fetchall():
            if column["type"] == "TEXT" and column["name"] not in STAFF:
                yield table, column["name"]


def count_forms(connection: sqlite3.Connection, forms: Sequence[str]) -> dict[str, int]:
    """Rows in which a form stands, by ``table.column``."""
    found = {}
    for table, column in _columns(connection):
        clause = " OR ".join(f"instr({column}, ?)" for _ in forms)
        row = connection.execute(f"SELECT count(*) FROM {table} WHERE {clause}", forms).fetchone()
        if row[0]:
            found[f"{table}.{column}"] = int(row[0])
    return found


def erase_forms(connection: sqlite3.Connection, forms: Sequence[str]) -> None:
    """Put the replacement where a form stands, in every text."""
    for place in count_forms(connection, forms):
        table, column = place.split(".")
        for form in forms:
            connection.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?)",
                (form, REPLACEMENT, form),
            )


def find_hash(connection: sqlite3.Connection, number_hash: str) -> tuple[list[str], list[str]]:
    """The tickets and the calls of a number."""
    tickets = connection.execute(
        "SELECT ticket_no FROM ticket WHERE number_hash = ? ORDER BY ticket_no", (number_hash,)
    )
    calls = connection.execute("SELECT call_id FROM call WHERE number_hash = ?", (number_hash,))
    return [number for (number,) in tickets], [call for (call,) in calls]


def erase_hash(connection: sqlite3.Connection, number_hash: str, *, mask: str) -> None:
    """Let a number's tickets be nobody's, also where its mask is written; drop its calls."""
    tickets, calls = find_hash(connection, number_hash)
    for table, columns in TIED.items():
        changes = ", ".join(f"{name} = replace({name}, :mask, :instead)" for name in columns)
        connection.executemany(
            f"UPDATE {table} SET {changes} WHERE ticket_no = :ticket_no",
            [{"mask": mask, "instead": REPLACEMENT, "ticket_no": number} for number in tickets],
        )
    connection.execute(
        "UPDATE ticket SET number_hash = '', service_number = '', version = version + 1"
        f" WHERE ticket_no IN ({placeholders(tickets)})",
        tickets,
    )
    connection.execute(f"DELETE FROM call WHERE call_id IN ({placeholders(calls)})", calls)


def forget_answers(connection: sqlite3.Connection, ticket_nos: Sequence[str]) -> int:
    """Drop the kept answers of calls that tell of these tickets; how many."""
    known = set(ticket_nos)
    rows = connection.execute("SELECT key, response FROM idempotency").fetchall()
    gone = [(key,) for key, response in rows if any(number in response for number in known)]
    connection.executemany("DELETE FROM idempotency WHERE key = ?", gone)
    return len(gone)


def compact(connection: sqlite3.Connection) -> None:
    """Write the file anew, so that nothing of what was removed is left in its pages."""
    connection.execute("VACUUM")
