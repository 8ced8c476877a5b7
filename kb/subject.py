"""Whose personal data is looked for: a number, a name, a text; in every way it is written."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass

from kb.errors import InvalidInput

SHORTEST = 2
LONGEST = 200
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
_NUMBER = re.compile(r"\+?\d{7,19}[Xx]?")
_FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
_SPOKEN = tuple(
    str.maketrans("0123456789", said)
    for said in ("零幺二三四五六七八九", "零一二三四五六七八九", "〇一二三四五六七八九")
)
_SIZES = ((3, 4, 4), (3, 3, 5))
_GAPS = (" ", "-", "，", ",")


@dataclass(frozen=True)
class Subject:
    """What is looked for. ``is_number``: tickets of it are known by its keyed hash too."""

    text: str
    is_number: bool

    @property
    def forms(self) -> tuple[str, ...]:
        """Every way it may be written in a text, JSON's escapes among them, longest first."""
        plain = {self.text, self.text.translate(_FULL_WIDTH)}
        if self.is_number:
            plain |= {self.text.translate(table) for table in _SPOKEN}
            plain |= {
                _split(each, sizes, gap) for each in plain for sizes in _SIZES for gap in _GAPS
            }
        escaped = {json.dumps(each)[1:-1] for each in plain}
        return tuple(sorted(plain | escaped, key=lambda form: (-len(form), form)))

    @property
    def encoded(self) -> tuple[bytes, ...]:
        """Every way it may stand in a file."""
        return tuple(sorted({form.encode(name) for form in self.forms for name in ENCODINGS}))


def _split(digits: str, sizes: tuple[int, ...], gap: str) -> str:
    if len(digits) != sum(sizes):
        return digits
    parts = []
    for size in sizes:
        parts.append(digits[:size])
        digits = digits[size:]
    return gap.join(parts)


def parse_subject(text: str) -> Subject:
    """A number with or without gaps, else a text; raise InvalidInput for one that is too short."""
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = re.sub(r"[\s()-]", "", plain)
    if _NUMBER.fullmatch(digits):
        bare = digits.removeprefix("+")
        return Subject(bare[2:] if len(bare) == 13 and bare.startswith("86") else bare, True)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise InvalidInput(f"应为 {SHORTEST} 到 {LONGEST} 字，或完整的号码", field="WHO")
    return Subject(plain, is_number=False)
