"""Tokens that let other programs in: for some permissions, for some days, taken back at once."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from kb.access import PEOPLE_ONLY, Permission, Viewer, bounds_of
from kb.account import PROGRAM
from kb.bounds import Bounds
from kb.database import Database
from kb.errors import AccountNotFound, InvalidInput
from kb.signing_in import hash_token, new_token
from kb.store import accounts, tokens
from kb.store.tokens import ApiToken
from kb.texts import clean_required
from kb.times import format_instant, parse_instant

MAX_NAME = 40
LONGEST_DAYS = 366
NOTED_EVERY = timedelta(hours=1)
"""How exactly it is kept when a token was used last."""
GRANTABLE = tuple(each for each in Permission if each not in PEOPLE_ONLY)


def add(
    database: Database,
    name: str,
    permissions: Sequence[str],
    *,
    days: int,
    by: str,
    now: datetime,
) -> tuple[ApiToken, str]:
    """A new token and its text, which is told once; raise InvalidInput, AccountConflict."""
    wrong = [each for each in permissions if each not in GRANTABLE]
    if wrong or not permissions:
        told = f"不能给令牌「{wrong[0][:30]}」" if wrong else "至少选一项权限"
        raise InvalidInput(told, field="权限")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"应为 1 到 {LONGEST_DAYS} 天", field="有效期")
    text = f"kb_{new_token()}"
    token = ApiToken(
        id=secrets.token_urlsafe(9),
        name=clean_required(name, field="名称", longest=MAX_NAME),
        token_hash=hash_token(text),
        permissions=tuple(each for each in Permission if each in permissions),
        created_at=format_instant(now),
        created_by=by,
        expires_at=format_instant(now + timedelta(days=days)),
    )
    with database.transaction() as connection:
        tokens.add_token(connection, token)
    return token, text


def revoke(database: Database, name: str, *, now: datetime) -> ApiToken:
    """End a token at once."""
    with database.transaction() as connection:
        return tokens.revoke_token(connection, name, now=now)


def viewer_of(connection: sqlite3.Connection, token: ApiToken) -> Viewer:
    """The viewer that a program with this token is: it sees no more than the account that made the
    token may see today. One made by ``kb token`` sees all."""
    allowed = frozenset(Permission(each) for each in token.permissions)
    return Viewer(
        f"{PROGRAM}{token.name}",
        bounds=_bounds_of(connection, token.created_by),
        permissions=allowed,
    )


def _bounds_of(connection: sqlite3.Connection, name: str) -> Bounds | None:
    try:
        maker = accounts.find_account(connection, name)
    except AccountNotFound:
        return None
    return bounds_of(maker)


def note_use(database: Database, token: ApiToken, *, now: datetime) -> None:
    """Keep when a token was used, to the hour."""
    if token.used_at and abs(now - parse_instant(token.used_at, field="")) < NOTED_EVERY:
        return
    with database.transaction() as connection:
        tokens.touch_token(connection, token.id, now=now)
