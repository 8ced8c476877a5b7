"""How ``kb`` speaks: Chinese help, one JSON object or short lines on stdout, errors on stderr."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import click

from kb.errors import CategoryNotFound, InvalidInput, KBError, TimeLimitNotFound

FAILURE = 1
DIFFERENT = 3
USAGE = 2
USAGE_ERRORS = (InvalidInput, CategoryNotFound, TimeLimitNotFound)
"""Refusals that are the caller's slip of the pen: exit code 2, like a wrong option."""
_SYSTEM_SAYS = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EEXIST: "已有同名的文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EISDIR: "这是一个文件夹",
    errno.ENOSPC: "磁盘空间不足",
    errno.EROFS: "磁盘是只读的",
}
_DATABASE_SAYS = {
    "is locked": "另一个进程正在写数据库，请稍后再试",
    "not a database": "文件不是 SQLite 数据库",
    "unable to open": "打不开数据库文件",
    "readonly": "数据库文件是只读的",
    "is full": "磁盘空间不足",
    "malformed": "数据库文件已损坏，请用 kb restore 把最近的备份恢复到空的数据目录",
}
_CLICK_SAYS = {
    "Got unexpected extra argument": "多余的参数",
    "requires an argument": "这个选项要带一个值",
    "does not take a value": "这个选项不带值",
}


class _Chinese:
    """Help pages in Chinese, for commands and groups alike."""

    def format_usage(self: Any, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        for said, meant in (("OPTIONS", "选项"), ("COMMAND", "命令"), ("ARGS", "参数")):
            pieces = pieces.replace(said, meant)
        formatter.write_usage(ctx.command_path, pieces, prefix="用法：")

    def format_options(self: Any, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and a group's commands after them."""
        options = (item for item in self.get_params(ctx) if isinstance(item, click.Option))
        records = [option.get_help_record(ctx) for option in options]
        rows = [record for record in records if record is not None]
        if rows:
            with formatter.section("选项"):
                formatter.write_dl(rows)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)

    def get_help_option(self: Any, ctx: click.Context) -> click.Option | None:
        """The --help option, described in Chinese."""
        option: click.Option | None = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = "显示这页帮助"
        return option


class Command(_Chinese, click.Command):
    """A command whose help is in Chinese."""


class Group(_Chinese, click.Group):
    """A group whose help, and whose refusals, are in Chinese."""

    command_class = Command
    group_class = type

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its first line of help."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, item.get_short_help_str(80)) for name, item in found if item is not None]
        with formatter.section("命令"):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command named; refuse an unknown one by its name."""
        name = args[0]
        if self.get_command(ctx, name) is None:
            option = name.startswith("-")
            raise click.UsageError(f"没有{'选项' if option else '命令'} {name[:40]}", ctx)
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run, tell errors in Chinese, and leave with 0 ok, 1 failure, 2 usage, 3 differences."""
        arguments = list(sys.argv[1:] if args is None else args)
        options["standalone_mode"] = False
        options.setdefault("prog_name", "kb")
        as_json = "--json" in arguments
        run = super().main
        sys.exit(guard(lambda: run(arguments, *rest, **options), as_json=as_json))


def guard(run: Callable[[], object], *, as_json: bool) -> int:
    """Run a command and return its exit code; whatever goes wrong is told, never traced."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run()
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost entry point
        code, told = explain(error)
        tell(told, as_json=as_json)
        return code


def explain(error: BaseException) -> tuple[int, dict[str, str]]:
    """The exit code and what is told of an error: code, title, detail, field."""
    if isinstance(error, KBError):
        code = USAGE if isinstance(error, USAGE_ERRORS) else FAILURE
        return code, _told(error.code, error.title, error.detail, error.field)
    if isinstance(error, click.UsageError):
        return USAGE, _told("usage", "命令用法有误", _usage_detail(error), _usage_field(error))
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return FAILURE, _told("interrupted", "已中断", "", "")
    if isinstance(error, sqlite3.Error):
        known = (meant for words, meant in _DATABASE_SAYS.items() if words in str(error))
        return FAILURE, _told("database", "数据库出错", next(known, str(error)), "KB_DATA")
    if isinstance(error, OSError):
        name = str(error.filename or "")
        said = _SYSTEM_SAYS.get(error.errno or 0) or error.strerror or str(error)
        return FAILURE, _told("system", "系统操作失败", said, name)
    return FAILURE, _told("internal", "程序内部错误", f"{type(error).__name__}: {error}", "")


def _told(code: str, title: str, detail: str, field: str) -> dict[str, str]:
    return {"error": code, "title": title, "detail": detail, "field": field}


def _usage_field(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return error.option_name
    if isinstance(error, click.BadOptionUsage):
        return error.option_name
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _name(error.param)
    return ""


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Argument):
        return param.human_readable_name
    return max(param.opts, key=len)


def _usage_detail(error: click.UsageError) -> str:
    if isinstance(error, click.MissingParameter):
        return "缺这个参数"
    if isinstance(error, click.NoSuchOption):
        return "没有这个选项"
    for said, meant in _CLICK_SAYS.items():
        if said in error.message:
            return meant
    return error.message


def tell(told: Mapping[str, str], *, as_json: bool) -> None:
    """Write an error on stderr, as one line or one JSON object."""
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False), err=True)
        return
    line = f"错误：{told['title']}"
    if told["detail"]:
        line += f"：{told['detail']}"
    if told["field"]:
        line += f"（{told['field']}）"
    click.echo(line, err=True)


def show(data: Mapping[str, Any], lines: Iterable[str], *, as_json: bool) -> None:
    """Write the result on stdout: one JSON object, or lines for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    for line in lines:
        click.echo(line)


def note(text: str) -> None:
    """Say something beside the result, on stderr; a log on a full disk stops nobody's work."""
    with suppress(OSError):
        click.echo(text, err=True)


json_option = click.option("--json", "as_json", is_flag=True, help="只输出一个 JSON 对象")
