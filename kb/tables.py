"""Reading the handbook's plain tables: CSV with a known header, and lists of one entry a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kb.errors import HandbookInvalid


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, with or without BOM; raise HandbookInvalid naming the file."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise HandbookInvalid("不是 UTF-8 编码", field=path.name) from None
    except OSError as error:
        raise HandbookInvalid(f"读不了：{error.strerror}", field=path.name) from None


def read_table(
    path: Path, columns: Sequence[str], *, optional: Sequence[str] = ()
) -> list[dict[str, str]]:
    """Rows of a CSV file whose header is exactly ``columns`` (in any order), cells stripped.

    ``optional``: columns that may be missing; their cells are then empty.
    """
    reader = csv.reader(read_text(path).splitlines(keepends=True))
    header = next(reader, [])
    if sorted(each for each in header if each not in optional) != sorted(columns):
        raise HandbookInvalid(f"表头应为 {','.join(columns)}", field=path.name)
    rows = []
    absent = dict.fromkeys(set(optional) - set(header), "")
    try:
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(header):
                where = f"{path.name}: {cells[0]}"
                raise HandbookInvalid(f"应有 {len(header)} 列，实有 {len(cells)} 列", field=where)
            rows.append(absent | dict(zip(header, map(str.strip, cells), strict=True)))
    except csv.Error as error:
        raise HandbookInvalid(f"第 {reader.line_num} 行：{error}", field=path.name) from None
    return rows


def read_lines(path: Path) -> list[str]:
    """Lines that say something: no blanks, no remarks (#)."""
    lines = (line.strip() for line in read_text(path).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise HandbookInvalid(f"不是合法的 JSON：{error}", field=path.name) from None


def parse_number(text: str, *, where: str) -> float:
    """A positive number of a table; raise HandbookInvalid naming the place."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise HandbookInvalid(f"应为正数，现为 {text[:20]!r}", field=where)
    return value
