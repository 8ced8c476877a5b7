"""The Markdown of an article cut by its headings."""

from __future__ import annotations

import re

_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)
_QUOTED = re.compile(r"^ {0,3}> ?(.*)$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_BULLET = re.compile(r"^\s*- +(.+)$", re.MULTILINE)
_SAID = re.compile(r"“([^”]+)”")
_EMPHASIS = re.compile(r"(\*\*|__)(.+?)\1")


def split_raw(body: str) -> dict[str, str]:
    """Markdown under each second-level heading; "" before the first."""
    pieces = _HEADING.split(body)
    return {"": pieces[0]} | dict(zip(pieces[1::2], pieces[2::2], strict=True))


def plain(text: str) -> str:
    """Markdown of one line without the marks of links and emphasis."""
    return _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text)).strip()


def quoted(text: str) -> str:
    """The quoted lines of a section: only these are meant for the customer's ears."""
    lines = [_LINK.sub(r"\1", line).strip() for line in _QUOTED.findall(text)]
    return "\n".join(line for line in lines if line)


def bullets(text: str) -> list[str]:
    """The items of a section's list, as Markdown."""
    return _BULLET.findall(text)


def quotes_in(text: str) -> list[str]:
    """What stands in “quotation marks”."""
    return _SAID.findall(text)
