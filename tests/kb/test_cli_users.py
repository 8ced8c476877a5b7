"""``kb user``, and serving others only where there are accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kb.__main__ import cli
from kb.database import create_database


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_DATA", str(tmp_path / "data"))
    create_database(tmp_path / "data" / "kb.db").close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def told(*arguments: str) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_accounts_are_made_listed_changed_switched_off_and_reset() -> None:
    assert told("user", "list") == {"accounts": []}
    refused = run("user", "add", "张敏", "--role", "agent")
    assert refused.exit_code == 2
    assert "第一个账号要有管理员角色" in refused.stderr
    first = told("user", "add", "李管", "--role", "administrator")
    assert first["link"].startswith("http://127.0.0.1:8000/welcome/")
    told("user", "add", "张敏", "--role", "agent", "--chapter", "3", "--region", "湖北")
    changed = told("user", "roles", "张敏", "--role", "editor", "--role", "agent")
    assert changed["roles"] == ["agent", "editor"]
    assert changed["chapters"] == changed["regions"] == []
    assert told("user", "disable", "张敏")["disabled_at"]
    assert "张敏（已停用）：坐席、编辑" in run("user", "list").stdout
    assert told("user", "reset", "张敏")["disabled_at"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "李管", "--role", "administrator", "--role", "auditor"), 2, "职责要分开"),
        (("add", "坐席", "--role", "administrator"), 2, "不是人的姓名"),
        (("add", "李管", "--role", "boss"), 2, "应为 agent"),
        (("disable", "没有的人"), 1, "没有这个账号"),
    ],
)
def test_what_cannot_be_is_told(arguments: tuple[str, ...], code: int, words: str) -> None:
    result = run("user", *arguments)
    assert result.exit_code == code
    assert words in result.stderr


def test_tokens_are_made_listed_and_revoked() -> None:
    made = told("token", "add", "CRM", "--may", "read_tickets", "--may", "learn", "--days", "7")
    assert made["permissions"] == ["read_tickets", "learn"]
    assert made["token"].startswith("kb_")
    (listed,) = told("token", "list")["tokens"]
    assert "token" not in listed
    assert "token_hash" not in listed
    assert told("token", "revoke", "CRM")["revoked_at"]
    assert "已撤销" in run("token", "list").stdout
    assert run("token", "revoke", "没有").exit_code == 1
    assert run("token", "add", "X", "--may", "read_audit").exit_code == 2


def test_a_desk_without_accounts_is_not_served_to_other_machines() -> None:
    refused = run("serve", "--host", "0.0.0.0", "--json")  # noqa: S104 - nothing listens
    assert refused.exit_code == 1
    problem = json.loads(refused.stderr)
    assert (problem["error"], problem["field"]) == ("accounts-missing", "KB_HOST")
    assert "kb user add" in problem["detail"]
    told("user", "add", "李管", "--role", "administrator")
    later = run("serve", "--host", "0.0.0.0", "--json")  # noqa: S104 - nothing listens
    assert json.loads(later.stderr)["error"] == "index-missing"
