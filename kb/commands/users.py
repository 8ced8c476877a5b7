"""``kb user``: accounts from the server itself, where the first one is made when serving others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from kb.account import ROLE_NAMES, Account, Role
from kb.commands.console import Command, Group, json_option, show
from kb.commands.params import OneOf, Text, Whole
from kb.commands.run import Run, pass_run

if TYPE_CHECKING:
    from kb.database import Database

BY_COMMAND = "kb user"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def duty_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what somebody does here."""
    options: tuple[Decorator, ...] = (
        click.option(
            "--role", "roles", multiple=True, required=True, type=OneOf(Role), help="角色，可重复"
        ),
        click.option(
            "--chapter", "chapters", multiple=True, type=Whole(1, 8), help="只看这一章，可重复"
        ),
        click.option(
            "--region", "regions", multiple=True, type=Text(20), help="只看这个地区，可重复"
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group("user", cls=Group)
def user_group() -> None:
    """账号：谁可以登录，做什么。"""


@user_group.command("add", cls=Command)
@click.argument("name", type=Text(64))
@duty_options
@json_option
@pass_run
def add_command(
    run: Run,
    name: str,
    roles: tuple[str, ...],
    chapters: tuple[int, ...],
    regions: tuple[str, ...],
    as_json: bool,
) -> None:
    """建账号，打印设密码的一次性链接。"""
    from kb.people import check_duties, invite

    duties = check_duties(roles, chapters, regions)
    account, token = invite(run.open_database(), name, duties, by=BY_COMMAND, now=run.clock())
    _tell_link(run, account, token, as_json=as_json)


def _tell_link(run: Run, account: Account, token: str, *, as_json: bool) -> None:
    from kb.people import LINK_LIFE

    link = welcome_link(run.settings.address, token)
    hours = int(LINK_LIFE.total_seconds() // 3600)
    line = f"{account.name} 用这个链接设密码（{hours} 小时内有效，只能用一次）：{link}"
    show({**describe(account), "link": link}, [line], as_json=as_json)


def welcome_link(address: str, token: str) -> str:
    """The page behind a one-time link."""
    return f"{address}/welcome/{token}"


@user_group.command("list", cls=Command)
@json_option
@pass_run
def list_command(run: Run, as_json: bool) -> None:
    """列出账号。"""
    from kb.store.accounts import read_accounts

    found = read_accounts(run.open_database().connection)
    lines = [_line(each) for each in found] or ["还没有账号"]
    show({"accounts": [describe(each) for each in found]}, lines, as_json=as_json)


def _line(account: Account) -> str:
    roles = "、".join(ROLE_NAMES[role] for role in account.roles)
    state = "" if account.is_active else "（已停用）"
    return f"{account.name}{state}：{roles}"


def describe(account: Account) -> dict[str, Any]:
    """An account as JSON: nothing of its secrets."""
    return {
        "id": account.id,
        "name": account.name,
        "roles": list(account.roles),
        "chapters": list(account.chapters),
        "regions": list(account.regions),
        "has_password": bool(account.password_hash),
        "has_codes": bool(account.totp_secret),
        "subject": account.subject,
        "created_at": account.created_at,
        "created_by": account.created_by,
        "disabled_at": account.disabled_at,
    }


@user_group.command("roles", cls=Command)
@click.argument("name", type=Text(64))
@duty_options
@json_option
@pass_run
def roles_command(
    run: Run,
    name: str,
    roles: tuple[str, ...],
    chapters: tuple[int, ...],
    regions: tuple[str, ...],
    as_json: bool,
) -> None:
    """改角色、章节和地区（写全，没写的就没有了）。"""
    from kb.people import check_duties, give_duties

    duties = check_duties(roles, chapters, regions)
    database = run.open_database()
    account = give_duties(database, _find(database, name).id, duties, by=BY_COMMAND)
    show(describe(account), [_line(account)], as_json=as_json)


def _find(database: Database, name: str) -> Account:
    from kb.store.accounts import find_account

    return find_account(database.connection, name)


@user_group.command("link", cls=Command)
@click.argument("name", type=Text(64))
@click.argument("subject", type=Text(255), default="")
@json_option
@pass_run
def link_command(run: Run, name: str, subject: str, as_json: bool) -> None:
    """把账号与统一认证里的标识（SUBJECT）连起来；不写则断开。"""
    from kb.people import link_subject

    database = run.open_database()
    account = link_subject(database, _find(database, name).id, subject)
    line = f"{account.name}：统一认证标识 {account.subject or '（无）'}"
    show(describe(account), [line], as_json=as_json)


@user_group.command("disable", cls=Command)
@click.argument("name", type=Text(64))
@json_option
@pass_run
def disable_command(run: Run, name: str, as_json: bool) -> None:
    """停用账号，结束它的登录；记录都还在。"""
    from kb.people import disable

    database = run.open_database()
    account = disable(database, _find(database, name).id, now=run.clock())
    show(describe(account), [_line(account)], as_json=as_json)


@user_group.command("reset", cls=Command)
@click.argument("name", type=Text(64))
@json_option
@pass_run
def reset_command(run: Run, name: str, as_json: bool) -> None:
    """发重设密码的一次性链接；停用的账号先启用。"""
    from kb.people import enable, reset

    database = run.open_database()
    account_id = _find(database, name).id
    enable(database, account_id)
    account, token = reset(database, account_id, by=BY_COMMAND, now=run.clock())
    _tell_link(run, account, token, as_json=as_json)
