"""Recovery codes, as hashes: each opens a sign-in once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from kb.times import format_instant


def hash_code(account_id: int, code: str) -> str:
    """What is kept of a code; 80 random bits need no slow hash."""
    return hashlib.sha256(f"recovery:{account_id}:{code}".encode()).hexdigest()


def replace_codes(
    connection: sqlite3.Connection, account_id: int, hashes: Sequence[str], *, now: datetime
) -> None:
    """Keep these codes and none from before."""
    drop_codes(connection, account_id)
    connection.executemany(
        "INSERT INTO recovery_code (account_id, code_hash, created_at) VALUES (?, ?, ?)",
        [(account_id, each, format_instant(now)) for each in hashes],
    )


def drop_codes(connection: sqlite3.Connection, account_id: int) -> None:
    """Forget an account's codes."""
    connection.execute("DELETE FROM recovery_code WHERE account_id = ?", (account_id,))


def use_code(
    connection: sqlite3.Connection, account_id: int, code_hash: str, *, now: datetime
) -> bool:
    """Note that a code is used; False when there is none such, or it was."""
    used = connection.execute(
        "UPDATE recovery_code SET used_at = ?"
        " WHERE account_id = ? AND code_hash = ? AND used_at IS NULL",
        (format_instant(now), account_id, code_hash),
    )
    return used.rowcount == 1


def count_left(connection: sqlite3.Connection, account_id: int) -> int:
    """How many codes may still be used."""
    row = connection.execute(
        "SELECT count(*) FROM recovery_code WHERE account_id = ? AND used_at IS NULL",
        (account_id,),
    ).fetchone()
    return int(row[0])
