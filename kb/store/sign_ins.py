"""Sign-ins that are open, and attempts that failed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from kb.store.rows import insert, parse_row, row_values
from kb.times import format_instant


@dataclass(frozen=True)
class SignIn:
    """One open sign-in. ``id`` names it in lists; the token that opens it is kept as a hash."""

    id: str
    token_hash: str
    account_id: int
    created_at: str
    seen_at: str
    address: str
    browser: str


@dataclass(frozen=True)
class Failures:
    """Failed attempts since some instant: of the name from the address, of either alone."""

    pair: int
    name: int
    address: int


def add_sign_in(connection: sqlite3.Connection, sign_in: SignIn) -> None:
    """Open a sign-in."""
    insert(connection, "sign_in", row_values(sign_in))


def find_sign_in(connection: sqlite3.Connection, token_hash: str) -> SignIn | None:
    """The sign-in a token opens, whatever its age."""
    row = connection.execute("SELECT * FROM sign_in WHERE token_hash = ?", (token_hash,)).fetchone()
    return parse_row(row, SignIn) if row else None


def read_sign_ins(connection: sqlite3.Connection, account_id: int) -> list[SignIn]:
    """The sign-ins of an account, the newest first."""
    rows = connection.execute(
        "SELECT * FROM sign_in WHERE account_id = ? ORDER BY seen_at DESC, created_at DESC",
        (account_id,),
    )
    return [parse_row(row, SignIn) for row in rows]


def touch_sign_in(connection: sqlite3.Connection, sign_in_id: str, *, now: datetime) -> None:
    """Note that a sign-in was used."""
    connection.execute(
        "UPDATE sign_in SET seen_at = ? WHERE id = ?", (format_instant(now), sign_in_id)
    )


def end_sign_in(connection: sqlite3.Connection, sign_in_id: str, *, account_id: int) -> None:
    """End one sign-in of an account."""
    connection.execute(
        "DELETE FROM sign_in WHERE id = ? AND account_id = ?", (sign_in_id, account_id)
    )


def end_sign_ins(connection: sqlite3.Connection, account_id: int, *, but: str = "") -> None:
    """End all sign-ins of an account, but for one."""
    connection.execute("DELETE FROM sign_in WHERE account_id = ? AND id <> ?", (account_id, but))


def end_all(connection: sqlite3.Connection) -> None:
    """End what opens a door without a password: all sign-ins and one-time links."""
    connection.execute("DELETE FROM sign_in")
    connection.execute("DELETE FROM account_link")


def drop_ended(connection: sqlite3.Connection, *, seen_before: datetime) -> None:
    """Forget sign-ins that nobody can use any more."""
    connection.execute("DELETE FROM sign_in WHERE seen_at < ?", (format_instant(seen_before),))


def add_attempt(
    connection: sqlite3.Connection, name_hash: str, address: str, *, now: datetime
) -> None:
    """Note an attempt as failed, before it is known how it turns out."""
    connection.execute(
        "INSERT INTO sign_in_attempt (name_hash, address, at) VALUES (?, ?, ?)",
        (name_hash, address, format_instant(now)),
    )


def clear_attempts(connection: sqlite3.Connection, name_hash: str, address: str) -> None:
    """Forget the failures of a name from an address, after it signed in from there."""
    connection.execute(
        "DELETE FROM sign_in_attempt WHERE name_hash = ? AND address = ?", (name_hash, address)
    )


def clear_name(connection: sqlite3.Connection, name_hash: str) -> None:
    """Forget the failures of a name from everywhere."""
    connection.execute("DELETE FROM sign_in_attempt WHERE name_hash = ?", (name_hash,))


def count_failures(
    connection: sqlite3.Connection, name_hash: str, address: str, *, since: datetime
) -> Failures:
    """The failed attempts after ``since``.

    Those of the name from the address count from the first, until none came after ``since``.
    """
    values = {"name": name_hash, "address": address, "edge": format_instant(since)}
    connection.execute(
        "DELETE FROM sign_in_attempt WHERE at <= :edge AND NOT EXISTS (SELECT 1 FROM"
        " sign_in_attempt AS later WHERE later.name_hash = sign_in_attempt.name_hash"
        " AND later.address = sign_in_attempt.address AND later.at > :edge)",
        values,
    )
    row = connection.execute(
        "SELECT count(CASE WHEN name_hash = :name AND address = :address THEN 1 END) AS pair,"
        " count(CASE WHEN name_hash = :name AND at > :edge THEN 1 END) AS name,"
        " count(CASE WHEN address = :address AND at > :edge THEN 1 END) AS address"
        " FROM sign_in_attempt WHERE name_hash = :name OR address = :address",
        values,
    ).fetchone()
    return parse_row(row, Failures)
