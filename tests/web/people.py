"""People of a desk with accounts, made and signed in by the store."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient

from kb.account import Account
from kb.database import Database
from kb.passwords import hash_password
from kb.people import check_duties
from kb.signing_in import Place, open_sign_in
from kb.store import accounts
from kb.times import format_instant
from web.signed import COOKIE

PASSWORD = "三号楼下的桂花又开了"  # noqa: S105 - of no real account


def add_person(
    database: Database, name: str, *roles: str, now: datetime, password: str = ""
) -> Account:
    """An account; hashing a password takes a tenth of a second, so only where it is needed."""
    duties = check_duties(roles)
    account = Account(
        id=0,
        name=name,
        roles=duties.roles,
        password_hash=hash_password(password) if password else "",
        password_set_at=format_instant(now),
        created_at=format_instant(now),
        created_by="test",
    )
    with database.transaction() as connection:
        return accounts.add_account(connection, account)


def client_of(app: Flask, database: Database, account: Account, *, now: datetime) -> FlaskClient:
    """A browser signed in as somebody."""
    with database.transaction() as connection:
        token = open_sign_in(connection, account, Place("127.0.0.1", "test"), now=now)
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    return client
