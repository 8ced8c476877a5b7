"""What the pages of limits and of classes share: changes that are proposed and approved."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from kb.errors import InvalidInput

Row = tuple[str, str, str]
"""Label of a field, one text, another."""


def form_base() -> int:
    """The revision a form started from; raise InvalidInput."""
    base = request.form.get("base", "")
    if not (base.isascii() and base.isdigit() and len(base) < 8):
        raise InvalidInput("应为版本号", field="base")
    return int(base)


def differing(
    labels: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]
) -> list[Row]:
    """Label, old and new text of each field that differs."""
    return [
        (label, before.get(name, ""), after.get(name, ""))
        for name, label in labels.items()
        if before.get(name, "") != after.get(name, "")
    ]
