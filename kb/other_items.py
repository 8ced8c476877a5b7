"""Items of an article's front matter that this program does not know: kept as YAML, unread."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from kb.errors import InvalidInput

LONGEST = 20_000
"""Characters of all unknown items of one article together."""
_BREAKS = frozenset("\x85\u2028\u2029\ufeff")
"""Characters that end a line, or none, depending on who reads: they are written as escapes."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def write_items(items: Mapping[Any, Any]) -> str:
    """The items as YAML, the same values always the same text; raise InvalidInput."""
    if not items:
        return ""
    try:
        text = _dump(items, allow_unicode=True)
        text = _dump(items, allow_unicode=False) if _BREAKS & set(text) else text
    except (yaml.YAMLError, RecursionError):
        raise InvalidInput("写不成 YAML", field="extra") from None
    if len(text) > LONGEST:
        raise InvalidInput(f"不认识的项合起来最多 {LONGEST} 字", field="extra")
    return text


def _dump(items: Mapping[Any, Any], *, allow_unicode: bool) -> str:
    return str(
        yaml.safe_dump(dict(items), allow_unicode=allow_unicode, sort_keys=False, width=10**6)
    )


def read_items(text: str, *, known: Collection[str]) -> dict[Any, Any]:
    """The items of a YAML text; raise InvalidInput for what is no mapping, or names a ``known``
    item, which has a place of its own."""
    if len(text) > LONGEST:
        raise InvalidInput(f"最多 {LONGEST} 字", field="extra")
    try:
        found = yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InvalidInput("不是合法的 YAML", field="extra") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidInput("应一行一项，写成 名称: 值", field="extra")
    own = [str(key) for key in found if key in known]
    if own:
        raise InvalidInput(f"{'、'.join(own)} 有自己的栏，不写在这里", field="extra")
    return found


def tidy_items(text: str, *, known: Collection[str]) -> str:
    """A YAML text as ``write_items`` writes it; raise InvalidInput."""
    return write_items(read_items(text, known=known))
