"""The second factor of a sign-in: codes of an app, and recovery codes for when the app is lost.

The app's secret must be read again, so it is sealed with a key outside the database; a recovery
code need only be known again, so it is kept as a hash, works once, and needs no key.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import replace
from datetime import datetime

from kb.account import Account
from kb.auditing import note
from kb.database import Database
from kb.errors import InvalidInput, KeyLost, SignInRefused
from kb.passwords import matches
from kb.sealing import KeyFile, is_sealed, seal, unseal
from kb.store import accounts, recovery
from kb.totp import accepted_step, is_secret

RECOVERY_CODES = 10
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs that are not taken for each other: 80 bits a code."""
_LENGTH, _GROUP = 16, 4


def check_own(account: Account, password: str) -> None:
    """Raise InvalidInput when this is not the account's password."""
    if not matches(account.password_hash, password):
        raise InvalidInput("现在的密码不对", field="现在的密码")


def turn_on(
    database: Database,
    account: Account,
    keys: KeyFile,
    *,
    secret: str,
    code: str,
    password: str,
    now: datetime,
) -> list[str]:
    """Ask for a code of an app from now on, once it was shown that the app knows the secret.

    The recovery codes, told once. Raise InvalidInput, KeyLost.
    """
    check_own(account, password)
    if not is_secret(secret):
        raise InvalidInput("密钥不完整，请用页面上新的一个", field="密钥")
    step = accepted_step(secret, code, after=0, now=now)
    if step is None:
        raise InvalidInput("动态码不对，请核对手机时间，再输入新的一个", field="动态码")
    with database.transaction() as connection:
        fresh = accounts.read_account(connection, account.id)
        if fresh.totp_secret:
            raise InvalidInput("两步验证已经开启；要换手机，请先关闭", field="动态码")
        key = _key_for_writing(connection, keys)
        sealed = seal(secret, key, owner=_owner(fresh))
        accounts.save_account(connection, replace(fresh, totp_secret=sealed, totp_step=step))
        return _make_codes(connection, fresh, now=now)


def _key_for_writing(connection: sqlite3.Connection, keys: KeyFile) -> bytes:
    """The key; a new one only where nothing is sealed that a lost one could open again."""
    sealed = any(is_sealed(each.totp_secret) for each in accounts.read_accounts(connection))
    return keys.read() if sealed else keys.read_or_make()


def turn_off(database: Database, account: Account, *, password: str) -> None:
    """Ask for no code any more."""
    check_own(account, password)
    with database.transaction() as connection:
        fresh = accounts.read_account(connection, account.id)
        accounts.save_account(connection, forget(connection, fresh))


def forget(connection: sqlite3.Connection, account: Account) -> Account:
    """The account without a second factor; its recovery codes go."""
    recovery.drop_codes(connection, account.id)
    return replace(account, totp_secret="", totp_step=0)


def renew_codes(database: Database, account: Account, *, password: str, now: datetime) -> list[str]:
    """New recovery codes, told once; those before are worth nothing."""
    check_own(account, password)
    with database.transaction() as connection:
        fresh = accounts.read_account(connection, account.id)
        if not fresh.totp_secret:
            raise InvalidInput("先开启两步验证", field="恢复码")
        return _make_codes(connection, fresh, now=now)


def _make_codes(connection: sqlite3.Connection, account: Account, *, now: datetime) -> list[str]:
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    recovery.replace_codes(
        connection, account.id, [_hash(account, each) for each in codes], now=now
    )
    note(connection, f"recovery_codes:{account.name}", action="recovery_codes.made")
    return codes


def _new_code() -> str:
    signs = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return "-".join(signs[place : place + _GROUP] for place in range(0, _LENGTH, _GROUP))


def _hash(account: Account, code: str) -> str:
    return recovery.hash_code(account.id, _plain(code))


def _plain(code: str) -> str:
    return "".join(each for each in code.upper() if each in ALPHABET)


def check_code(
    connection: sqlite3.Connection, account: Account, keys: KeyFile, code: str, *, now: datetime
) -> Account:
    """The account with what was used noted; raise SignInRefused, KeyLost.

    A recovery code needs no key, so that somebody gets in when it is lost.
    """
    if not account.totp_secret:
        return account
    if len(_plain(code)) == _LENGTH:
        if not recovery.use_code(connection, account.id, _hash(account, code), now=now):
            raise SignInRefused
        note(
            connection,
            f"recovery_codes:{account.name}",
            action="recovery_codes.used",
            who=account.name,
        )
        return account
    secret = read_secret(account, keys)
    step = accepted_step(secret, code, after=account.totp_step, now=now)
    if step is None:
        raise SignInRefused
    return replace(account, totp_step=step)


def read_secret(account: Account, keys: KeyFile) -> str:
    """The secret of an account's app; raise KeyLost."""
    kept = account.totp_secret
    return unseal(kept, keys.read(), owner=_owner(account)) if is_sealed(kept) else kept


def _owner(account: Account) -> str:
    return f"totp:{account.id}"


def seal_plain(database: Database, keys: KeyFile) -> int:
    """Seal the secrets that an earlier version kept as they were; how many.

    None while the key is lost that others are sealed with: a service starts without it.
    """
    if not any(_is_plain(each) for each in accounts.read_accounts(database.connection)):
        return 0
    with database.transaction() as connection:
        plain = [each for each in accounts.read_accounts(connection) if _is_plain(each)]
        try:
            key = _key_for_writing(connection, keys)
        except KeyLost:
            return 0
        for each in plain:
            sealed = seal(each.totp_secret, key, owner=_owner(each))
            accounts.save_account(connection, replace(each, totp_secret=sealed))
    return len(plain)


def _is_plain(account: Account) -> bool:
    return bool(account.totp_secret) and not is_sealed(account.totp_secret)


def find_unreadable(connection: sqlite3.Connection, keys: KeyFile) -> list[str]:
    """Names of those whose app's codes cannot be checked with the key that is there."""
    found = []
    for account in accounts.read_accounts(connection):
        try:
            read_secret(account, keys)
        except KeyLost:
            found.append(account.name)
    return found
