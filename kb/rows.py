"""Rows of a ticket file: JSONL or CSV in any usual encoding; a broken row spoils no other."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.errors import InvalidInput

MAX_FILE = 512 * 1024 * 1024
MAX_CELL = 1024 * 1024
MAX_LINES = 500
"""Most lines one CSV row may span: beyond, its first quote was never closed."""
SUFFIXES = (".jsonl", ".csv")
_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken, and why. ``row`` counts from 1, without blanks and the header."""

    row: int
    external_id: str
    reason: str


Row = Mapping[str, Any] | Refusal


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of a .jsonl or .csv file (UTF-8, with or without BOM, UTF-16 with BOM, or GB18030)."""
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidInput(f"只认 {'、'.join(SUFFIXES)} 文件", field=path.name)
    if path.stat().st_size > MAX_FILE:
        raise InvalidInput(f"文件超过 {MAX_FILE // 1024 // 1024} MiB", field=path.name)
    text = decode(path.read_bytes(), name=path.name)
    if not text.strip():
        raise InvalidInput("文件是空的", field=path.name)
    if path.suffix.lower() == ".jsonl":
        return _json_rows(text)
    return _csv_rows(text, name=path.name)


def decode(data: bytes, *, name: str) -> str:
    """Text of a file: by its BOM, else strict UTF-8, else GB18030; raise InvalidInput."""
    encodings = ["utf-8", "gb18030"]
    if data.startswith(codecs.BOM_UTF8):
        encodings = ["utf-8-sig"]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("文字编码不是 UTF-8、UTF-16 或 GB18030", field=name)


def _json_rows(text: str) -> Iterator[Row]:
    place = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        place += 1
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield Refusal(place, "", "不是合法的 JSON")
            continue
        yield row if isinstance(row, dict) else Refusal(place, "", "每行应是一个 JSON 对象")


class _Lines:
    """Lines from ``at`` on, at most MAX_LINES of them; ``at`` tells how far a reader got."""

    def __init__(self, lines: list[str], at: int) -> None:
        self.lines, self.at, self.end = lines, at, at + MAX_LINES

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.at >= min(self.end, len(self.lines)):
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]


def _csv_rows(text: str, *, name: str) -> Iterator[Row]:
    """Each row by a reader of its own: after a broken one, reading goes on at the next line."""
    csv.field_size_limit(MAX_CELL)
    lines = list(io.StringIO(text, newline=""))
    delimiter = max(",\t;", key=lines[0].count)
    header, at = _read_record(lines, 0, delimiter)
    if header is None:
        raise InvalidInput("表头的引号不配对", field=name)
    header = [column.strip() for column in header]
    if len(set(header)) != len(header):
        raise InvalidInput("表头有重复的列名", field=name)
    place = 0
    while at < len(lines):
        start = at
        cells, at = _read_record(lines, start, delimiter)
        if cells is not None and not any(cell.strip() for cell in cells):
            continue
        place += 1
        if cells is None:
            yield Refusal(place, "", "引号不配对")
            at = start + 1
        elif len(cells) != len(header):
            yield Refusal(place, "", f"应有 {len(header)} 列，实有 {len(cells)} 列")
            at = start + 1
        else:
            yield dict(zip(header, map(_plain, cells), strict=True))


def _read_record(lines: list[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """One record and the line after it; None when its quotes do not pair or a cell is too big."""
    source = _Lines(lines, at)
    try:
        cells = next(csv.reader(source, delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None, source.at
    return cells, source.at


def _plain(cell: str) -> str:
    """The text of a cell that Excel was told to take as text: ="0138" is 0138."""
    match = _EXCEL_TEXT.fullmatch(cell.strip())
    return match[1] if match else cell
