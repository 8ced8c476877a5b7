"""The outcome loop as files: impressions, events, links, outcomes, without personal data."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from kb.database import Database
from kb.dictionary import FILES, ExportFile, describe_files
from kb.intake import never_mask
from kb.masking import mask_text
from kb.reports.sheet import plain_cell
from kb.store.exports import read_export
from kb.store.sessions import read_secret
from kb.times import format_instant

DICTIONARY = "data_dictionary.md"
SIDECAR = "export.json"
"""Says who took the files out, when and why."""
AGENT_KEY = "agent-hash"
Cell = Callable[[object], object]
"""How the values of one column are written."""


@dataclass(frozen=True)
class Export:
    """What is wanted: from ``since`` up to ``until``. ``agents``: write agents' names in full.

    ``who``, ``at``, ``why``: who takes it out, when and what for.
    """

    folder: Path
    form: str
    since: datetime
    until: datetime
    agents: bool = False
    who: str = ""
    at: str = ""
    why: str = ""


def export_outcomes(database: Database, wanted: Export) -> dict[str, int]:
    """Write every file and the data dictionary; rows of each file by name.

    A file appears whole or not at all.
    """
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with database.transaction() as connection:
        key = read_secret(connection, AGENT_KEY)
    cells = _cells(database.connection, key, wanted)
    counts = {file.name: _write(database.connection, file, cells, wanted) for file in FILES}
    told = {
        "exported_by": wanted.who,
        "exported_at": wanted.at,
        "why": wanted.why,
        "since": format_instant(wanted.since),
        "until": format_instant(wanted.until),
        "rows": counts,
    }
    (wanted.folder / SIDECAR).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    (wanted.folder / DICTIONARY).write_text(describe_files(), "utf-8")
    return counts


def _cells(connection: sqlite3.Connection, key: bytes, wanted: Export) -> Mapping[str, Cell]:
    """How each kind of column is written; what is not named here is written as it stands."""
    never = never_mask(connection)

    def masked(value: object) -> object:
        return mask_text(str(value), never=never) if value else value

    return {
        "text": masked,
        "agent": str if wanted.agents else lambda value: hide_agent(str(value), key=key),
        "json": lambda value: json.loads(str(value)),
    }


def hide_agent(name: str, *, key: bytes) -> str:
    """A name that stands for an agent: the same for the same agent, and telling nobody who."""
    if not name:
        return ""
    return "agent-" + hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:12]


def _write(
    connection: sqlite3.Connection,
    file: ExportFile,
    cells: Mapping[str, Cell],
    wanted: Export,
) -> int:
    rows = read_export(
        connection, file, since=format_instant(wanted.since), until=format_instant(wanted.until)
    )
    told = _told(rows, [cells.get(column.kind, lambda value: value) for column in file.columns])
    path = wanted.folder / f"{file.name}.{wanted.form}"
    fresh = path.with_suffix(".new")
    write = _write_csv if wanted.form == "csv" else _write_jsonl
    # Excel takes a file without a byte order mark for GB18030
    encoding = "utf-8-sig" if wanted.form == "csv" else "utf-8"
    with fresh.open("w", encoding=encoding, newline="") as out:
        count = write(out, file, told)
    fresh.replace(path)
    return count


def _told(rows: Iterable[Sequence[object]], cells: Sequence[Cell]) -> Iterator[list[object]]:
    for row in rows:
        yield [cell(value) for cell, value in zip(cells, row, strict=True)]


def _write_csv(out: TextIO, file: ExportFile, rows: Iterable[Sequence[object]]) -> int:
    writer = csv.writer(out)
    writer.writerow(file.names)
    count = 0
    for row in rows:
        writer.writerow([_plain(value) for value in row])
        count += 1
    return count


def _plain(value: object) -> object:
    """A cell that a spreadsheet shows as it is."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return plain_cell(value)


def _write_jsonl(out: TextIO, file: ExportFile, rows: Iterable[Sequence[object]]) -> int:
    count = 0
    for row in rows:
        out.write(json.dumps(dict(zip(file.names, row, strict=True)), ensure_ascii=False) + "\n")
        count += 1
    return count
