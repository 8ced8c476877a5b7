"""What a user or a maintainer can name is documented, and what is documented exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from flask import Flask

from kb.__main__ import cli
from kb.settings import SETTINGS

ROOT = Path(__file__).parent.parent.parent
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
MODULES = {
    str(path.relative_to(ROOT))
    for layer in ("kb", "indexer", "web")
    for path in (ROOT / layer).rglob("*.py")
    if path.name != "__init__.py"
}


def test_every_module_is_named_in_architecture_and_every_name_exists() -> None:
    named = set(re.findall(r"`((?:kb|indexer|web)/[\w/]+\.py)`", ARCHITECTURE))
    assert named - MODULES == set()
    assert MODULES - named == set()


def commands(group: click.Group, prefix: str = "kb") -> list[str]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append(f"{prefix} {name}")
    return found


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    table = set(re.findall(r"^\| `(kb(?: [a-z]+)+)", README, re.MULTILINE))
    assert table == set(commands(cli))


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(KB_\w+)` \| `?([^`|]+?)`? \|", README, re.MULTILINE))
    assert set(rows) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        if setting.default:
            assert rows[setting.name] == setting.default


def test_every_route_is_documented(app: Flask) -> None:
    text = re.sub(r"\s+", " ", README)
    for rule in app.url_map.iter_rules():
        path = rule.rule
        if path.startswith("/tickets/<ticket_no>/"):
            path = "`/" + path.rsplit("/", 1)[1] + "`"
        elif path in ("/api/v1/healthz", "/api/v1/readyz", "/api/v1/metrics"):
            path = path.removeprefix("/api/v1")
        assert path in text, path


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    reasons = ARCHITECTURE.split("## Why each dependency")[1]
    extra = project["optional-dependencies"]["oidc"]
    for requirement in [*project["dependencies"], *extra]:
        name = re.split(r"[<>=~!\[]", requirement)[0]
        assert name in reasons, name


def test_torch_is_pinned_to_the_build_without_cuda() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "torch==2.13.0" in project["dependencies"]


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_every_file_a_document_names_exists(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for path in re.findall(r"`((?:tests|handbook|kb|indexer|web)/[\w/.-]+\.\w+)`", text):
        assert (ROOT / path).exists(), path
