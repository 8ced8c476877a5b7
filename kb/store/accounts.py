"""Accounts, the passwords they had, and the one-time links that set them up."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.account import Account, Role, key_of
from kb.errors import AccountConflict, AccountNotFound
from kb.store.rows import insert, parse_row, row_values
from kb.times import format_instant

KEPT_PASSWORDS = 5
KEPT_LINKS = timedelta(days=1)
"""How long after its end a link is still there."""


@dataclass(frozen=True)
class AccountLink:
    """A link that sets a password once; ``account_id`` None makes the first account."""

    token_hash: str
    account_id: int | None
    created_at: str
    created_by: str
    expires_at: str


def has_accounts(connection: sqlite3.Connection) -> bool:
    """Whether anybody has an account: from then on everybody signs in."""
    return connection.execute("SELECT 1 FROM account LIMIT 1").fetchone() is not None


def add_account(connection: sqlite3.Connection, account: Account) -> Account:
    """Keep a new account and give it its id; raise AccountConflict for a name that is taken."""
    key = key_of(account.name)
    taken = connection.execute("SELECT 1 FROM account WHERE name_key = ?", (key,)).fetchone()
    if taken:
        raise AccountConflict(f"已有「{account.name}」或只差大小写、空格的姓名", field="姓名")
    values = {**row_values(account), "name_key": key}
    del values["id"]
    insert(connection, "account", values)
    return find_account(connection, account.name)


def read_accounts(connection: sqlite3.Connection) -> list[Account]:
    """All accounts by name."""
    rows = connection.execute("SELECT * FROM account ORDER BY name_key")
    return [parse_row(row, Account) for row in rows]


def read_account(connection: sqlite3.Connection, account_id: int) -> Account:
    """One account; raise AccountNotFound."""
    row = connection.execute("SELECT * FROM account WHERE id = ?", (account_id,)).fetchone()
    if row is None:
        raise AccountNotFound(field="account_id")
    return parse_row(row, Account)


def find_account(connection: sqlite3.Connection, name: str) -> Account:
    """The account of a name; raise AccountNotFound."""
    row = connection.execute("SELECT * FROM account WHERE name_key = ?", (key_of(name),)).fetchone()
    if row is None:
        raise AccountNotFound(name, field="姓名")
    return parse_row(row, Account)


def find_subject(connection: sqlite3.Connection, subject: str) -> Account | None:
    """The account that an identity provider's word for somebody is tied to."""
    row = connection.execute("SELECT * FROM account WHERE subject = ?", (subject,)).fetchone()
    return parse_row(row, Account) if row else None


def save_account(connection: sqlite3.Connection, account: Account) -> None:
    """Keep what was changed of an account; its name stays."""
    values = row_values(account)
    names = [name for name in values if name not in ("id", "name", "created_at", "created_by")]
    assigned = ", ".join(f"{name} = :{name}" for name in names)
    connection.execute(f"UPDATE account SET {assigned} WHERE id = :id", values)


def count_administrators(connection: sqlite3.Connection, *, but: int) -> int:
    """How many others may sign in and manage accounts."""
    row = connection.execute(
        "SELECT count(*) FROM account, json_each(account.roles) AS role"
        " WHERE role.value = ? AND disabled_at IS NULL AND account.id <> ?",
        (Role.ADMINISTRATOR, but),
    ).fetchone()
    return int(row[0])


def add_old_password(
    connection: sqlite3.Connection, account_id: int, password_hash: str, *, now: datetime
) -> None:
    """Keep a password's hash beside those before it, as many as are ever asked for."""
    values = {
        "account_id": account_id,
        "password_hash": password_hash,
        "set_at": format_instant(now),
    }
    insert(connection, "old_password", values)
    connection.execute(
        "DELETE FROM old_password WHERE account_id = :id AND id NOT IN (SELECT id FROM"
        " old_password WHERE account_id = :id ORDER BY id DESC LIMIT :kept)",
        {"id": account_id, "kept": KEPT_PASSWORDS},
    )


def read_old_passwords(connection: sqlite3.Connection, account_id: int) -> list[str]:
    """Hashes of the passwords an account had, the newest first."""
    rows = connection.execute(
        "SELECT password_hash FROM old_password WHERE account_id = ? ORDER BY id DESC",
        (account_id,),
    )
    return [row["password_hash"] for row in rows]


def add_link(connection: sqlite3.Connection, link: AccountLink, *, now: datetime) -> None:
    """Keep a link in place of those before it for the same account; forget old ones."""
    edge = format_instant(now - KEPT_LINKS)
    connection.execute(
        "DELETE FROM account_link WHERE account_id IS ? OR expires_at < ?",
        (link.account_id, edge),
    )
    insert(connection, "account_link", row_values(link))


def read_link(
    connection: sqlite3.Connection, token_hash: str, *, now: datetime
) -> AccountLink | None:
    """A link that may still be used."""
    row = connection.execute(
        "SELECT * FROM account_link WHERE token_hash = ? AND expires_at > ?",
        (token_hash, format_instant(now)),
    ).fetchone()
    return parse_row(row, AccountLink) if row else None


def drop_links(connection: sqlite3.Connection, account_id: int | None) -> None:
    """End the links of an account; with None those that make the first one."""
    connection.execute("DELETE FROM account_link WHERE account_id IS ?", (account_id,))
