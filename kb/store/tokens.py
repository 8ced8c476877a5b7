"""Tokens of other programs, kept as hashes."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from kb.errors import AccountConflict, AccountNotFound
from kb.store.rows import insert, parse_row, row_values
from kb.times import format_instant


@dataclass(frozen=True)
class ApiToken:
    """What a program of others may do with one token, until when."""

    id: str
    name: str
    token_hash: str
    permissions: tuple[str, ...]
    created_at: str
    created_by: str
    expires_at: str
    used_at: str | None = None
    revoked_at: str | None = None


def add_token(connection: sqlite3.Connection, token: ApiToken) -> None:
    """Keep a token; raise AccountConflict for a name that is taken."""
    taken = connection.execute("SELECT 1 FROM api_token WHERE name = ?", (token.name,)).fetchone()
    if taken:
        raise AccountConflict(f"已有名为「{token.name}」的令牌", field="名称")
    insert(connection, "api_token", row_values(token))


def find_token(
    connection: sqlite3.Connection, token_hash: str, *, now: datetime
) -> ApiToken | None:
    """A token that holds."""
    row = connection.execute(
        "SELECT * FROM api_token WHERE token_hash = ? AND expires_at > ? AND revoked_at IS NULL",
        (token_hash, format_instant(now)),
    ).fetchone()
    return parse_row(row, ApiToken) if row else None


def read_tokens(connection: sqlite3.Connection) -> list[ApiToken]:
    """All tokens, the newest first."""
    rows = connection.execute("SELECT * FROM api_token ORDER BY created_at DESC, name")
    return [parse_row(row, ApiToken) for row in rows]


def revoke_token(connection: sqlite3.Connection, name: str, *, now: datetime) -> ApiToken:
    """End a token for good; raise AccountNotFound."""
    row = connection.execute("SELECT * FROM api_token WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise AccountNotFound(f"没有名为「{name}」的令牌", field="名称")
    connection.execute(
        "UPDATE api_token SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL",
        (format_instant(now), name),
    )
    row = connection.execute("SELECT * FROM api_token WHERE name = ?", (name,)).fetchone()
    return parse_row(row, ApiToken)


def touch_token(connection: sqlite3.Connection, token_id: str, *, now: datetime) -> None:
    """Note that a token was used."""
    connection.execute(
        "UPDATE api_token SET used_at = ? WHERE id = ?", (format_instant(now), token_id)
    )
