"""Signing in and out: attempts are counted, sign-ins end by themselves, tokens are kept as hashes.

An attempt is noted as failed before the password is looked at and taken back when it was right, so
that no number of attempts at once can pass the limit. Times of a name that has no account and of
one that has are equal: a password is hashed for both.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.account import Account, key_of
from kb.auditing import note
from kb.database import Database
from kb.errors import AccountNotFound, AccountNotLinked, SignInLocked, SignInRefused
from kb.passwords import hash_password, is_outdated, matches
from kb.sealing import KeyFile
from kb.second_factor import check_code
from kb.store import accounts, sign_ins
from kb.store.sessions import read_secret
from kb.store.sign_ins import Failures, SignIn
from kb.times import format_instant, parse_instant

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a sign-in was used last: so much sooner may it end."""
LOCKED_FOR = timedelta(minutes=15)
LOCKED_AFTER = Failures(pair=5, name=50, address=100)
"""A desk's people often share an address, so that one alone takes many failures."""
ATTEMPT_KEY = "sign-in-attempt"
MAX_BROWSER = 60
UNKNOWN = "unknown"
OPENED, OPENED_BY_PROVIDER = "sign_in.opened", "sign_in.opened_by_provider"
_TOKEN_BYTES = 32


@dataclass(frozen=True)
class Place:
    """Where somebody sits: the address and the browser's own name."""

    address: str = ""
    browser: str = ""


@dataclass(frozen=True)
class Attempt:
    """What was typed to sign in."""

    name: str
    password: str
    code: str = ""
    place: Place = Place()


def new_token() -> str:
    """What opens a door: 256 random bits, as text."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """What is kept of a token; so many random bits need no salt."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def sign_in(
    database: Database, attempt: Attempt, keys: KeyFile, *, now: datetime
) -> tuple[Account, str]:
    """The account and the token of a new sign-in; raise SignInLocked, SignInRefused, KeyLost.

    ``keys``: what the secrets of apps are sealed with.
    """
    name_hash = note_attempt(database, attempt.name, attempt.place.address, now=now)
    found = _find(database.connection, attempt.name)
    try:
        return _open(database, attempt, found, name_hash, keys, now=now)
    except SignInRefused:
        name = found.name if found else UNKNOWN
        with database.transaction() as connection:
            note(connection, f"sign_in:{name}", action="sign_in.refused", who=name)
        raise


def _open(
    database: Database,
    attempt: Attempt,
    found: Account | None,
    name_hash: str,
    keys: KeyFile,
    *,
    now: datetime,
) -> tuple[Account, str]:
    is_right = matches(found.password_hash if found else "", attempt.password)
    if found is None or not is_right:
        raise SignInRefused
    fresh = hash_password(attempt.password) if is_outdated(found.password_hash) else None
    with database.transaction() as connection:
        account = accounts.read_account(connection, found.id)
        if not account.is_active or account.password_hash != found.password_hash:
            raise SignInRefused
        checked = check_code(connection, account, keys, attempt.code, now=now)
        checked = replace(checked, password_hash=fresh or account.password_hash)
        if checked != account:
            accounts.save_account(connection, checked)
        sign_ins.clear_attempts(connection, name_hash, attempt.place.address)
        return checked, open_sign_in(connection, checked, attempt.place, now=now)


def sign_in_as(
    database: Database, subject: str, place: Place, *, now: datetime
) -> tuple[Account, str]:
    """The account tied to whom an identity provider vouches for, and the token of a new sign-in.

    Raise AccountNotLinked: nobody is given an account by another's word alone.
    """
    with database.transaction() as connection:
        found = accounts.find_subject(connection, subject)
        if found is not None and found.is_active:
            return found, open_sign_in(connection, found, place, now=now, action=OPENED_BY_PROVIDER)
        name = found.name if found else UNKNOWN
        note(connection, f"sign_in:{name}", action="sign_in.refused", who=name)
    if found is not None:
        raise AccountNotLinked("账号已停用，请找管理员")
    raise AccountNotLinked(f"请把这个标识告诉管理员，填到您的账号里：{subject}")


def note_attempt(database: Database, name: str, address: str, *, now: datetime) -> str:
    """Count an attempt as failed, and return the hash of its name; raise SignInLocked."""
    with database.transaction() as connection:
        name_hash = hash_name(connection, name)
        failures = sign_ins.count_failures(connection, name_hash, address, since=now - LOCKED_FOR)
        if is_locked(failures):
            raise SignInLocked
        sign_ins.add_attempt(connection, name_hash, address, now=now)
    return name_hash


def hash_name(connection: sqlite3.Connection, name: str) -> str:
    """What is kept of a name that was typed: perhaps it was a password."""
    key = read_secret(connection, ATTEMPT_KEY)
    return hmac.new(key, key_of(name).encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def is_locked(failures: Failures) -> bool:
    """Whether so many failures end the trying for a while."""
    return (
        failures.pair >= LOCKED_AFTER.pair
        or failures.name >= LOCKED_AFTER.name
        or failures.address >= LOCKED_AFTER.address
    )


def _find(connection: sqlite3.Connection, name: str) -> Account | None:
    try:
        return accounts.find_account(connection, name)
    except AccountNotFound:
        return None


def open_sign_in(
    connection: sqlite3.Connection,
    account: Account,
    place: Place,
    *,
    now: datetime,
    action: str = OPENED,
) -> str:
    """A new sign-in of an account; its token is told once."""
    sign_ins.drop_ended(connection, seen_before=now - IDLE)
    token, at = new_token(), format_instant(now)
    note(connection, f"sign_in:{account.name}", action=action, who=account.name)
    sign_ins.add_sign_in(
        connection,
        SignIn(
            id=secrets.token_urlsafe(9),
            token_hash=hash_token(token),
            account_id=account.id,
            created_at=at,
            seen_at=at,
            address=place.address,
            browser=place.browser[:MAX_BROWSER],
        ),
    )
    return token


def find_signed_in(
    connection: sqlite3.Connection, token: str, *, now: datetime
) -> tuple[SignIn, Account] | None:
    """The sign-in of a token with its account, if it still holds."""
    found = sign_ins.find_sign_in(connection, hash_token(token))
    if found is None or not is_open(found, now=now):
        return None
    account = accounts.read_account(connection, found.account_id)
    return (found, account) if account.is_active else None


def is_open(found: SignIn, *, now: datetime) -> bool:
    """Whether a sign-in holds: not idle too long, and not for ever. A clock set back ends none."""
    seen = parse_instant(found.seen_at, field="")
    begun = parse_instant(found.created_at, field="")
    return now - seen < IDLE and now - begun < ABSOLUTE


def note_use(database: Database, found: SignIn, *, now: datetime) -> None:
    """Keep when a sign-in was used, to the minute."""
    if abs(now - parse_instant(found.seen_at, field="")) >= NOTED_EVERY:
        database.together(lambda connection: sign_ins.touch_sign_in(connection, found.id, now=now))


def sign_out(database: Database, token: str) -> None:
    """End the sign-in of a token."""
    with database.transaction() as connection:
        found = sign_ins.find_sign_in(connection, hash_token(token))
        if found is not None:
            sign_ins.end_sign_in(connection, found.id, account_id=found.account_id)
            account = accounts.read_account(connection, found.account_id)
            note(connection, f"sign_in:{account.name}", action="sign_in.ended", who=account.name)
