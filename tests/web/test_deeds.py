"""Whatever code stands in the audit trail has a name in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from indexer.bench.children import ROOT
from kb.__main__ import cli
from kb.audit import PURGED
from kb.auditing import OUTSIDE, UNATTENDED
from web.deeds import COMMANDS, ENDPOINTS, KNOWN, OWN, THREADS, name_action

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LAYERS = ("kb", "indexer", "web")


def sources() -> Iterator[ast.AST]:
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            yield from ast.walk(ast.parse(path.read_text("utf-8")))


def called(node: ast.AST) -> str:
    """What a call calls, without what stands before the last dot."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def keyword(node: ast.AST, name: str) -> Iterator[str]:
    """A keyword of a call that is a text as it stands."""
    for each in getattr(node, "keywords", ()):
        if each.arg == name and isinstance(each.value, ast.Constant):
            yield str(each.value.value)


def constants(module: str) -> set[str]:
    tree = ast.parse(Path(ROOT / module).read_text("utf-8"))
    found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {each for each in found if isinstance(each, str)}


def commands(command: click.Command, path: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield path
        return
    for name, each in command.commands.items():
        yield from commands(each, f"{path} {name}")


def test_every_endpoint_has_a_name(app: Flask) -> None:
    assert set(ENDPOINTS) == {rule.endpoint for rule in app.url_map.iter_rules()}


def test_every_command_has_a_name() -> None:
    assert set(COMMANDS) == set(commands(cli, "kb"))


def test_every_thread_that_has_a_name_has_one_in_chinese() -> None:
    named = {
        name for node in sources() if called(node) == "Thread" for name in keyword(node, "name")
    }
    jobs = {
        str(node.args[1].id)  # type: ignore[attr-defined]
        for node in sources()
        if called(node) == "RecurringJob" and isinstance(node, ast.Call)
    }
    assert named <= set(THREADS)
    assert named | jobs == set(THREADS)


def test_every_word_that_is_noted_as_an_action_has_a_name() -> None:
    noted = {
        word for node in sources() if called(node) == "note" for word in keyword(node, "action")
    }
    opened = {word for word in constants("kb/signing_in.py") if re.fullmatch(r"sign_in\.\w+", word)}
    fixed = {actor.action() for actor in (OUTSIDE, UNATTENDED)}
    assert noted | opened | fixed | {PURGED} == set(OWN)


@pytest.mark.parametrize("code", KNOWN)
def test_a_name_is_chinese(code: str) -> None:
    assert CHINESE.search(name_action(code)), code


def test_a_code_of_another_version_stands_as_it_is() -> None:
    assert name_action("older.deed") == "older.deed"
    assert name_action("api-tickets.close_ticket") == "办结工单（接口）"
    assert name_action("kb backup") == "命令行：备份"
