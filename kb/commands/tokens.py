"""``kb token``: tokens of other programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kb.access import PEOPLE_ONLY, Permission
from kb.commands.console import Command, Group, json_option, show
from kb.commands.params import OneOf, Text, Whole
from kb.commands.run import Run, pass_run

if TYPE_CHECKING:
    from kb.store.tokens import ApiToken

BY_COMMAND = "kb token"


@click.group("token", cls=Group)
def token_group() -> None:
    """接口令牌：别的程序用它调用接口。"""


@token_group.command("add", cls=Command)
@click.argument("name", type=Text(40))
@click.option(
    "--may",
    "permissions",
    multiple=True,
    required=True,
    type=OneOf([each.value for each in Permission if each not in PEOPLE_ONLY]),
    help="权限，可重复",
)
@click.option("--days", type=Whole(1, 366), default="90", help="有效天数（默认 90）")
@json_option
@pass_run
def add_command(
    run: Run, name: str, permissions: tuple[str, ...], days: int, as_json: bool
) -> None:
    """建令牌，只显示这一次。"""
    from kb.tokens import add

    database = run.open_database()
    token, text = add(database, name, permissions, days=days, by=BY_COMMAND, now=run.clock())
    line = f"{token.name}（{token.expires_at[:10]} 前有效，只显示这一次）：{text}"
    show({**_describe(token), "token": text}, [line], as_json=as_json)


def _describe(token: ApiToken) -> dict[str, Any]:
    return {name: value for name, value in asdict(token).items() if name != "token_hash"}


@token_group.command("list", cls=Command)
@json_option
@pass_run
def list_command(run: Run, as_json: bool) -> None:
    """列出令牌。"""
    from kb.store.tokens import read_tokens

    found = read_tokens(run.open_database().connection)
    lines = [_line(each) for each in found] or ["还没有令牌"]
    show({"tokens": [_describe(each) for each in found]}, lines, as_json=as_json)


def _line(token: ApiToken) -> str:
    state = "已撤销" if token.revoked_at else f"{token.expires_at[:10]} 到期"
    return f"{token.name}：{'、'.join(token.permissions)}（{state}）"


@token_group.command("revoke", cls=Command)
@click.argument("name", type=Text(40))
@json_option
@pass_run
def revoke_command(run: Run, name: str, as_json: bool) -> None:
    """撤销令牌，立即生效。"""
    from kb.tokens import revoke

    token = revoke(run.open_database(), name, now=run.clock())
    show(_describe(token), [_line(token)], as_json=as_json)
