"""Personal data is found and masked before any text is kept, indexed or logged.

Digits said or written in Chinese or full width are found through a view of the text in which each
such character stands as one ASCII digit, so positions stay true.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, groupby

from kb.personal_data import PATTERNS, keep

SPOKEN_DIGITS = dict(zip("零〇○一幺二两三四五六七八九", "00011223456789", strict=True))
_NUMERALS = SPOKEN_DIGITS | dict(zip("壹贰叁肆伍陆柒捌玖洞拐勾", "123456789079", strict=True))
_HAN_DIGIT = re.compile(f"[{''.join(_NUMERALS)}]")
_ANY_DIGIT = rf"(?:\d|{_HAN_DIGIT.pattern})"
_RUN = re.compile(rf"{_ANY_DIGIT}(?:[-\s.·,，、]{{0,2}}{_ANY_DIGIT}){{10,}}")
_LENGTHS = (11, 15, 16, 18, 19)
"""Digits in a mobile number, an old identity number, a bank card, an identity number, a card."""
MOBILE_DIGITS, ID_DIGITS = 11, 18
_TICKET_NO = re.compile(r"TS\d{14}")


@dataclass(frozen=True)
class Mask:
    """One find: kind, [start, end) in the text, and what stands there afterwards."""

    kind: str
    start: int
    end: int
    replacement: str


def digit_view(text: str) -> str:
    """The text with digits of any script and full-width signs as ASCII: same length.

    Chinese digits count as such in runs that are as long as a number people are known by.
    """
    view = [_as_ascii(char) for char in text]
    for run in _RUN.finditer("".join(view)):
        for place in _spoken_places(text, run):
            view[place] = _NUMERALS.get(text[place], view[place])
    return "".join(view)


@lru_cache(maxsize=4096)
def _as_ascii(char: str) -> str:
    if char.isascii():
        return char
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char


def _spoken_places(text: str, run: re.Match[str]) -> list[int]:
    """Places of the digits of a run that is a spoken number; none if it is not one.

    A last 「一」 of 「…一直」 may follow the number: a run too long by one or two is cut.
    """
    places = [
        place for place in range(run.start(), run.end()) if re.match(_ANY_DIGIT, run.string[place])
    ]
    spoken = [place for place in places if text[place] in _NUMERALS]
    if not spoken:
        return []
    if len(spoken) < len(places):
        return _find_number(text, places)
    fitting = [length for length in _LENGTHS if length <= len(places) <= length + 2]
    return places[: fitting[-1]] if fitting else places


def _find_number(text: str, places: list[int]) -> list[int]:
    """Of a run in which spoken and written digits mix, the pieces between signs that together are a
    mobile or an identity number: a number may be followed by 「，500M」."""
    pieces = [
        [place for _, place in group]
        for _, group in groupby(enumerate(places), key=lambda each: each[1] - each[0])
    ]
    spans = combinations(range(len(pieces) + 1), 2)
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span)):
        found = [place for piece in pieces[start:end] for place in piece]
        first = _NUMERALS.get(text[found[0]], text[found[0]])
        is_number = len(found) == ID_DIGITS or (len(found) == MOBILE_DIGITS and first == "1")
        if is_number and any(text[place] in _NUMERALS for place in found):
            return found
    return []


@lru_cache(maxsize=8)
def _never_pattern(never: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(never, key=len, reverse=True))
    return re.compile(rf"(?<![\w.])(?:{words or '(?!)'})(?![\w.])", re.ASCII)


def find_personal_data(text: str, *, never: Iterable[str] = ()) -> list[Mask]:
    """All personal data in ``text``, in order, none overlapping; ``never``: texts left alone."""
    left_alone = [match.span() for match in _TICKET_NO.finditer(text)]
    left_alone += [match.span() for match in _never_pattern(tuple(never)).finditer(text)]
    view = digit_view(text)
    digits = sum(map(str.isdigit, view))
    taken: list[Mask] = []
    for pattern in PATTERNS:
        if digits < pattern.digits:
            continue
        for match in pattern.regex.finditer(view):
            group = "v" if "v" in pattern.regex.groupindex else 0
            start, end = match.span(group)
            if not pattern.check(match[group]):
                continue
            if pattern.unless_after and pattern.unless_after.search(
                view[max(0, start - 8) : start]
            ):
                continue
            if any(first <= start and end <= last for first, last in left_alone):
                continue
            if any(start < mask.end and mask.start < end for mask in taken):
                continue
            taken.append(Mask(pattern.kind, start, end, pattern.mask(match[group])))
    return sorted(taken, key=lambda mask: mask.start)


def mask_text(text: str, *, never: Iterable[str] = ()) -> str:
    """The text with every find masked: 138****5678, 110***********002X, 张**."""
    parts: list[str] = []
    place = 0
    for mask in find_personal_data(text, never=never):
        parts += (text[place : mask.start], mask.replacement)
        place = mask.end
    return "".join(parts) + text[place:]


def mask_number(number: str) -> str:
    """The number a complaint is about, masked whatever its form; one masked already stays."""
    masked = mask_text(number.strip())
    if "*" in masked or len(masked) < 5:
        return masked
    return keep(2, 2)(masked)


_AS_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def plain_key(key: str) -> str:
    """An id of another program's making: as it is, or hashed when it says more than an id does."""
    if key.isascii() and mask_text(key) == key:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]
    return "#" + digest.translate(_AS_LETTERS)


def hash_number(number: str, *, key: bytes) -> str:
    """Keyed hash of a phone number's digits: equal numbers meet, the number stays secret."""
    digits = re.sub(r"\D", "", digit_view(number))[-11:]
    return hmac.new(key, digits.encode(), hashlib.sha256).hexdigest() if digits else ""
