"""The desk's words: dictionary, synonym groups, speech-recognition confusions, terms never masked.

Each kind is a table; a table is written one row a line, in the handbook's files, in the editor's
form and over the API alike.
"""

# ruff: noqa: N818 (named as in kb.errors: the reason, not the mechanism)

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import HandbookInvalid, KBError
from kb.masking import find_personal_data
from kb.tables import read_lines, read_table

CONFUSION_COLUMNS = ("wrong", "correct", "apply")
KINDS: Mapping[str, str] = {
    "synonyms": "同义词",
    "confusions": "识别混淆",
    "words": "词典",
    "never_mask": "不遮盖词",
    "ambiguous": "歧义词",
}
"""The tables that editors change, and what they are called."""
FILES: Mapping[str, str] = {
    "synonyms": "synonyms.txt",
    "confusions": "confusions.csv",
    "words": "words.txt",
    "never_mask": "never_mask.txt",
    "ambiguous": "synonyms_ambiguous.txt",
}
MOST_ROWS = 20_000
LONGEST_WORD = 40
MOST_TOLD = 20
SAFE, CONTEXT = "safe", "context"
_APPLIES = {SAFE: True, "直接改": True, CONTEXT: False, "看上下文": False}
_HAN_WORD = re.compile(r"[\u3400-\u9fff]{2,}")
_COMMAS = re.compile("[,，]")

Tables = Mapping[str, Sequence[Any]]
"""Kind → rows as the database keeps them: words as text, a synonym group as a list, a confusion
as [wrong, correct, is_safe]."""


@dataclass(frozen=True)
class Confusion:
    """A word as the recogniser wrote it and what was said.

    ``is_safe``: may be put right anywhere; otherwise only beside a telecom word, because the
    wrong form is a word of its own (款待, 花费).
    """

    wrong: str
    correct: str
    is_safe: bool


@dataclass(frozen=True)
class Vocabulary:
    """All that shapes how texts are read. ``synonyms``: groups, the standard term first.
    ``ambiguous``: terms that are expanded at the lowest weight only. ``words``: words that general
    Chinese does not have."""

    synonyms: tuple[tuple[str, ...], ...] = ()
    ambiguous: frozenset[str] = frozenset()
    confusions: tuple[Confusion, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row of a table, counted from 1."""

    kind: str
    row: int
    detail: str


class VocabularyInvalid(KBError):
    """词表有误"""

    code = "vocabulary-invalid"

    def __init__(self, faults: Sequence[RowFault]) -> None:
        """Keep what is wrong with each row."""
        self.faults = tuple(faults)
        told = [f"{KINDS[each.kind]}第 {each.row} 行：{each.detail}" for each in faults[:MOST_TOLD]]
        more = f"；等共 {len(faults)} 处" if len(faults) > MOST_TOLD else ""
        super().__init__("；".join(told) + more)


def read_synonyms(path: Path) -> tuple[tuple[str, ...], ...]:
    """Groups of one comma-separated line each; raise HandbookInvalid for a word in two groups."""
    groups = tuple(
        tuple(word.strip() for word in line.split(",") if word.strip()) for line in read_lines(path)
    )
    seen: dict[str, str] = {}
    for group in groups:
        for word in group:
            if word in seen:
                raise HandbookInvalid(f"「{word}」在两组同义词中", field=path.name)
            seen[word] = group[0]
    return groups


def read_words(path: Path) -> tuple[str, ...]:
    """One word a line; lines that start with # are remarks."""
    return tuple(read_lines(path))


def read_dictionary(path: Path) -> tuple[str, ...]:
    """The dictionary's words; a handbook without the file adds none."""
    return read_words(path) if path.is_file() else ()


def read_confusions(path: Path) -> tuple[Confusion, ...]:
    """Rows wrong, correct, apply (safe or context)."""
    rows = read_table(path, CONFUSION_COLUMNS)
    for row in rows:
        if row["apply"] not in (SAFE, CONTEXT):
            raise HandbookInvalid(f"{row['wrong']}：apply 应为 safe 或 context", field=path.name)
    return tuple(Confusion(row["wrong"], row["correct"], row["apply"] == SAFE) for row in rows)


def parse_vocabulary(tables: Tables) -> Vocabulary:
    """Build the vocabulary from the tables as the database keeps them (kind → JSON)."""
    confusions: Sequence[Sequence[Any]] = tables.get("confusions") or ()
    return Vocabulary(
        synonyms=tuple(tuple(group) for group in tables.get("synonyms") or ()),
        ambiguous=frozenset(tables.get("ambiguous") or ()),
        confusions=tuple(Confusion(wrong, right, safe) for wrong, right, safe in confusions),
        words=tuple(tables.get("words") or ()),
    )


def format_rows(kind: str, table: Sequence[Any]) -> list[str]:
    """A table one row a line, as it is written in files and forms."""
    if kind == "synonyms":
        return [",".join(group) for group in table]
    if kind == "confusions":
        return [f"{wrong},{right},{SAFE if safe else CONTEXT}" for wrong, right, safe in table]
    return list(table)


def parse_rows(kind: str, lines: Sequence[str]) -> tuple[list[Any], list[RowFault]]:
    """A table from its lines, with every fault of a row; empty lines say nothing."""
    rows: list[Any] = []
    faults: list[RowFault] = []
    seen: dict[str, int] = {}
    if len(lines) > MOST_ROWS:
        return rows, [RowFault(kind, MOST_ROWS + 1, f"最多 {MOST_ROWS} 行")]
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        cells = _cells(kind, line)
        row, own, names = _PARSERS[kind](cells)
        wrong = [*own, *(detail for cell in cells for detail in _faults_of_word(cell))]
        for name in names:
            first = seen.setdefault(name, number)
            if first != number:
                wrong.append(f"「{name}」在第 {first} 行已有")
        faults += [RowFault(kind, number, detail) for detail in dict.fromkeys(wrong)]
        rows.append(row)
    return rows, faults


def _cells(kind: str, line: str) -> list[str]:
    parts = _COMMAS.split(line) if kind in ("synonyms", "confusions") else [line]
    return [part.strip() for part in parts]


def _faults_of_word(word: str) -> Iterator[str]:
    if not word.isprintable():
        yield "含有控制字符"
    if len(word) > LONGEST_WORD:
        yield f"「{word[:10]}…」超过 {LONGEST_WORD} 字"
    if word.startswith("#"):
        yield f"「{word[:10]}」以 # 开头，会被当作备注"
    for mask in find_personal_data(word[: 2 * LONGEST_WORD]):
        yield f"「{mask.replacement}」像是个人信息（{mask.kind}），不能写进词表"


Parsed = tuple[Any, list[str], list[str]]
"""The row, what is wrong with it alone, and the names that no other row may have."""


def _parse_word(cells: Sequence[str]) -> Parsed:
    return cells[0], [], [cells[0]]


def _parse_dictionary(cells: Sequence[str]) -> Parsed:
    word = cells[0]
    told = f"「{word[:10]}」应为两个以上的汉字：字母和数字本来就整段切"
    return word, [] if _HAN_WORD.fullmatch(word) else [told], [word]


def _parse_group(cells: Sequence[str]) -> Parsed:
    words = [word for word in cells if word]
    wrong = [] if len(words) > 1 else ["一组至少两个词，用逗号隔开，标准词在前"]
    twice = {word for word in words if words.count(word) > 1}
    return words, wrong + [f"「{word}」在这一组里写了两次" for word in sorted(twice)], words


def _parse_confusion(cells: Sequence[str]) -> Parsed:
    if len(cells) != len(CONFUSION_COLUMNS) or not all(cells):
        told = "应写成 错词,正词,safe 或 错词,正词,context"
        return [*cells[:2], False], [told], list(cells[:1])
    wrong, right, apply = cells
    faults = []
    if apply not in _APPLIES:
        faults.append(f"「{apply[:10]}」应为 safe（直接改）或 context（看上下文）")
    if wrong == right:
        faults.append(f"「{wrong[:10]}」错词与正词相同")
    return [wrong, right, _APPLIES.get(apply, False)], faults, [wrong]


_PARSERS: Mapping[str, Callable[[Sequence[str]], Parsed]] = {
    "words": _parse_dictionary,
    "synonyms": _parse_group,
    "ambiguous": _parse_word,
    "confusions": _parse_confusion,
    "never_mask": _parse_word,
}


def check_tables(tables: Tables) -> list[RowFault]:
    """Every fault of tables that came from elsewhere than a form: what ``kb verify`` tells."""
    return [
        fault
        for kind in KINDS
        for fault in parse_rows(kind, format_rows(kind, tables.get(kind) or ()))[1]
    ]
