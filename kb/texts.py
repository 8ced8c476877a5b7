"""Text from outside: what is dropped, what is refused.

Control characters other than line feed and tab are dropped (they come with text pasted from other
programs and say nothing); line ends become line feeds. Half a surrogate pair is no character (it
is also what Python makes of arguments that are not UTF-8) and is refused.
"""

from __future__ import annotations

import unicodedata

from kb.errors import InvalidInput
from kb.suggestion import MAX_TEXT


def clean_text(text: str, *, field: str = "", longest: int = MAX_TEXT) -> str:
    """The text without control characters and outer blanks; raise InvalidInput naming ``field``."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) != "Cc")
    if any("\ud800" <= char <= "\udfff" for char in kept):
        raise InvalidInput("不是合法的 UTF-8 文字", field=field)
    kept = kept.strip()
    if len(kept) > longest:
        raise InvalidInput(f"最多 {longest} 字，现有 {len(kept)} 字", field=field)
    return kept


def clean_required(text: str, *, field: str = "", longest: int = MAX_TEXT) -> str:
    """Like ``clean_text``; a text with nothing left is refused."""
    kept = clean_text(text, field=field, longest=longest)
    if not kept:
        raise InvalidInput("不能为空", field=field)
    return kept
