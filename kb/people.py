"""What administrators do with accounts, and what people do with their own.

Nobody is ever given a password: a new account, and one whose password is lost, comes with a link
that works once. Whatever takes rights away ends the sign-ins that had them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.account import (
    Account,
    Role,
    check_chapters,
    check_regions,
    check_roles,
    check_subject,
    clean_name,
)
from kb.database import Database
from kb.errors import AccountConflict, AccountLinkSpent, InvalidInput
from kb.passwords import Policy, check_password, hash_password
from kb.second_factor import check_own, forget
from kb.signing_in import hash_name, hash_token, new_token
from kb.store import accounts, sign_ins
from kb.store.accounts import AccountLink
from kb.times import format_instant

FIRST_LINK_LIFE = timedelta(hours=24)
LINK_LIFE = timedelta(hours=72)
BY_SYSTEM = "system"


@dataclass(frozen=True)
class Duties:
    """What somebody does here: roles, and the chapters and regions these are bound to."""

    roles: tuple[str, ...]
    chapters: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()


def check_duties(
    roles: Sequence[str], chapters: Sequence[int] = (), regions: Sequence[str] = ()
) -> Duties:
    """Duties as they may be held; raise InvalidInput."""
    return Duties(check_roles(roles), check_chapters(chapters), check_regions(regions))


def offer_first(database: Database, *, now: datetime) -> str | None:
    """The token of a link that makes the first administrator; None once there are accounts.

    The links offered before end.
    """
    with database.transaction() as connection:
        if accounts.has_accounts(connection):
            return None
        return _add_link(connection, None, by=BY_SYSTEM, life=FIRST_LINK_LIFE, now=now)


def invite(
    database: Database, name: str, duties: Duties, *, by: str, now: datetime
) -> tuple[Account, str]:
    """A new account and the token of the link that sets its password."""
    with database.transaction() as connection:
        account = _add(connection, name, duties, by=by, now=now)
        return account, _add_link(connection, account.id, by=by, life=LINK_LIFE, now=now)


def _add(
    connection: sqlite3.Connection, name: str, duties: Duties, *, by: str, now: datetime
) -> Account:
    account = Account(
        id=0,
        name=clean_name(name),
        roles=duties.roles,
        chapters=duties.chapters,
        regions=duties.regions,
        created_at=format_instant(now),
        created_by=by,
    )
    is_first = not accounts.has_accounts(connection)
    if is_first and Role.ADMINISTRATOR not in duties.roles:
        raise InvalidInput("第一个账号要有管理员角色，以后才有人能管账号", field="角色")
    return accounts.add_account(connection, account)


def _add_link(
    connection: sqlite3.Connection,
    account_id: int | None,
    *,
    by: str,
    life: timedelta,
    now: datetime,
) -> str:
    token = new_token()
    link = AccountLink(
        token_hash=hash_token(token),
        account_id=account_id,
        created_at=format_instant(now),
        created_by=by,
        expires_at=format_instant(now + life),
    )
    accounts.add_link(connection, link, now=now)
    return token


def follow_link(connection: sqlite3.Connection, token: str, *, now: datetime) -> Account | None:
    """The account a link is for, None when it makes the first one; raise AccountLinkSpent."""
    link = accounts.read_link(connection, hash_token(token), now=now)
    if link is None or (link.account_id is None and accounts.has_accounts(connection)):
        raise AccountLinkSpent
    if link.account_id is None:
        return None
    account = accounts.read_account(connection, link.account_id)
    if not account.is_active:
        raise AccountLinkSpent
    return account


def make_first(
    database: Database,
    token: str,
    *,
    name: str,
    password: str,
    roles: Sequence[str],
    policy: Policy,
    now: datetime,
) -> Account:
    """Make the first administrator by the link; raise AccountLinkSpent, InvalidInput."""
    follow_link(database.connection, token, now=now)
    name = clean_name(name)
    duties = check_duties([Role.ADMINISTRATOR, *roles])
    check_password(password, policy, name=name)
    kept = hash_password(password)
    with database.transaction() as connection:
        follow_link(connection, token, now=now)
        account = _add(connection, name, duties, by=BY_SYSTEM, now=now)
        accounts.drop_links(connection, None)
        return _keep_password(connection, account, kept, now=now)


def set_up(
    database: Database, token: str, *, password: str, policy: Policy, now: datetime
) -> Account:
    """Set the password of an account by its link.

    All its sign-ins end, and an app for codes must be set up anew: the link is also for those who
    lost theirs.
    """
    account = _needs_account(database.connection, token, now=now)
    earlier = accounts.read_old_passwords(database.connection, account.id)
    check_password(password, policy, name=account.name, earlier=earlier)
    kept = hash_password(password)
    with database.transaction() as connection:
        account = _needs_account(connection, token, now=now)
        accounts.drop_links(connection, account.id)
        sign_ins.end_sign_ins(connection, account.id)
        sign_ins.clear_name(connection, hash_name(connection, account.name))
        account = forget(connection, account)
        return _keep_password(connection, account, kept, now=now)


def _needs_account(connection: sqlite3.Connection, token: str, *, now: datetime) -> Account:
    account = follow_link(connection, token, now=now)
    if account is None:
        raise AccountLinkSpent
    return account


def _keep_password(
    connection: sqlite3.Connection, account: Account, kept: str, *, now: datetime
) -> Account:
    account = replace(account, password_hash=kept, password_set_at=format_instant(now))
    accounts.save_account(connection, account)
    accounts.add_old_password(connection, account.id, kept, now=now)
    return account


def change_password(
    database: Database,
    account: Account,
    *,
    old: str,
    new: str,
    policy: Policy,
    keep: str,
    now: datetime,
) -> None:
    """Change one's own password; all other sign-ins end (``keep``: the one in use)."""
    check_own(account, old)
    earlier = accounts.read_old_passwords(database.connection, account.id)
    check_password(new, policy, name=account.name, earlier=earlier)
    if new == old:
        raise InvalidInput("与现在的密码相同", field="密码")
    kept = hash_password(new)
    with database.transaction() as connection:
        fresh = accounts.read_account(connection, account.id)
        _keep_password(connection, fresh, kept, now=now)
        sign_ins.end_sign_ins(connection, account.id, but=keep)


def give_duties(database: Database, account_id: int, duties: Duties, *, by: str) -> Account:
    """Change what an account may do; raise AccountConflict when nobody could manage any more.

    Nobody gives roles to themselves.
    """
    with database.transaction() as connection:
        account = accounts.read_account(connection, account_id)
        if account.name == by and set(duties.roles) - set(account.roles):
            raise AccountConflict("不能给自己加角色，请另一位管理员来加", field="角色")
        if Role.ADMINISTRATOR not in duties.roles:
            _check_others_manage(connection, account)
        if set(account.roles) - set(duties.roles):
            sign_ins.end_sign_ins(connection, account.id)
        account = replace(
            account, roles=duties.roles, chapters=duties.chapters, regions=duties.regions
        )
        accounts.save_account(connection, account)
        return account


def link_subject(database: Database, account_id: int, subject: str) -> Account:
    """Tie an account to whom the identity provider calls ``subject``, "" to nobody.

    Raise AccountConflict when another account is. What the one before had opened ends.
    """
    wanted = check_subject(subject)
    with database.transaction() as connection:
        account = accounts.read_account(connection, account_id)
        other = accounts.find_subject(connection, wanted) if wanted else None
        if other is not None and other.id != account.id:
            raise AccountConflict(f"已是「{other.name}」的标识", field="统一认证标识")
        if account.subject and account.subject != wanted:
            sign_ins.end_sign_ins(connection, account.id)
        account = replace(account, subject=wanted)
        accounts.save_account(connection, account)
        return account


def disable(database: Database, account_id: int, *, now: datetime) -> Account:
    """Let an account sign in no more; its sign-ins and links end at once."""
    with database.transaction() as connection:
        account = accounts.read_account(connection, account_id)
        _check_others_manage(connection, account)
        account = replace(account, disabled_at=account.disabled_at or format_instant(now))
        accounts.save_account(connection, account)
        sign_ins.end_sign_ins(connection, account.id)
        accounts.drop_links(connection, account.id)
        return account


def enable(database: Database, account_id: int) -> Account:
    """Let an account sign in again."""
    with database.transaction() as connection:
        account = replace(accounts.read_account(connection, account_id), disabled_at=None)
        accounts.save_account(connection, account)
        return account


def reset(database: Database, account_id: int, *, by: str, now: datetime) -> tuple[Account, str]:
    """The token of a link that sets a new password; sign-ins that are open end."""
    with database.transaction() as connection:
        account = accounts.read_account(connection, account_id)
        if not account.is_active:
            raise AccountConflict("账号已停用，请先启用", field="账号")
        sign_ins.end_sign_ins(connection, account.id)
        return account, _add_link(connection, account.id, by=by, life=LINK_LIFE, now=now)


def _check_others_manage(connection: sqlite3.Connection, account: Account) -> None:
    manages = Role.ADMINISTRATOR in account.roles and account.is_active
    if manages and not accounts.count_administrators(connection, but=account.id):
        raise AccountConflict("这是最后一个管理员账号", field="角色")
