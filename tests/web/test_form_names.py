"""Refusals on pages name a field as its form does: every control of every template has a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from web.form_names import name_field

TEMPLATES = sorted((Path(__file__).parents[2] / "web" / "templates").glob("*.html"))
CONTROL = re.compile(r"<(?:input|select|textarea)\b(?:\{\{.*?\}\}|\{%.*?%\}|[^>{])*>", re.DOTALL)
NAME = re.compile(r'\sname="([^"{]+?)(?:-\{\{.*?\}\})?"')
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def controls() -> set[tuple[str, str]]:
    """Template and name of everything somebody fills in."""
    found = set()
    for template in TEMPLATES:
        for control in CONTROL.findall(template.read_text("utf-8")):
            name = NAME.search(control)
            if name and 'type="hidden"' not in control:
                found.add((template.name, name[1]))
    return found


def test_every_control_of_a_form_is_named_in_chinese() -> None:
    found = controls()
    assert len(found) > 80
    nameless = [each for each in found if not CHINESE.search(name_field("/", each[1]))]
    assert sorted(nameless) == []


@pytest.mark.parametrize(
    ("path", "field", "name"),
    [
        ("/edit/limits/TL001", "limit_value", "数值"),
        ("/edit/limits/TL001", "reason", "这次为什么改"),
        ("/edit/P060101", "title", "标题"),
        ("/tickets/T1/close", "reason", "原因"),
        ("/accounts/tokens", "name", "名称"),
        ("/edit/import/drafts", "title-2", "第 3 条的标题"),
        ("/edit", "none", "none"),
    ],
)
def test_a_form_may_call_a_field_its_own_way(path: str, field: str, name: str) -> None:
    assert name_field(path, field) == name


def test_a_refused_form_shows_that_name(send: Callable[..., Any]) -> None:
    page = send("/edit/limits/TL001", {"base": "1", "reason": ""}, page="/edit/limits/TL001")
    assert page.status_code == 422
    assert "这次为什么改：" in page.text
