"""Taking in tickets from JSONL or CSV: each row is kept or refused with its reason, never both lost.

A row is known by (external_source, external_id): importing it again changes nothing when it says
the same, and updates the ticket when it says something new.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kb.category import Category
from kb.database import Database
from kb.desk import NUMBER_KEY, check_ticket, mask_ticket, never_mask
from kb.errors import InvalidInput, KBError
from kb.masking import hash_number, mask_text
from kb.store import handbook, sessions, tickets
from kb.ticket import Outcome, Ticket
from kb.times import format_instant, parse_instant

MAX_FIELD = 20_000
MAX_FILE = 512 * 1024 * 1024
TEXT_FIELDS = {
    "title": "title",
    "text": "description",
    "description": "description",
    "customer_demand": "customer_demand",
    "root_cause": "root_cause",
    "fix": "fix",
    "resolution": "resolution",
    "region": "region",
    "area": "area",
    "channel": "channel",
    "category": "category",
    "urgency": "urgency",
    "responsible_dept": "responsible_dept",
}
TIME_FIELDS = {
    "accepted_at": "accepted_at",
    "created_at": "accepted_at",
    "closed_at": "closed_at",
    "resolved_at": "closed_at",
}
OTHER_FIELDS = frozenset(
    {
        "id",
        "key",
        "external_id",
        "number",
        "hours",
        "satisfaction",
        "outcome",
        "came_back_reason",
        "repeat_of",
        "sample",
    }
)


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken, and why. ``row`` counts from 1 (without a CSV's header)."""

    row: int
    external_id: str
    reason: str


@dataclass
class ImportReport:
    """What became of the rows of one file."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.added + self.updated + self.unchanged + len(self.refused)


@dataclass(frozen=True)
class ImportedRow:
    """A row turned into a ticket, with what became of it and the row it repeats."""

    ticket: Ticket
    outcome: str
    reason: str
    repeats: str
    number: str


def import_tickets(
    database: Database,
    rows: Iterator[Mapping[str, Any] | Refusal],
    *,
    source: str,
    now: datetime,
    repeat_days: int,
) -> ImportReport:
    """Take in rows as tickets of ``source``; the whole file is one transaction."""
    report = ImportReport()
    with database.transaction() as connection:
        never = never_mask(connection)
        categories = handbook.read_categories(connection)
        key = sessions.read_secret(connection, NUMBER_KEY)
        numbers: dict[str, str] = {}
        for place, row in enumerate(rows, 1):
            if isinstance(row, Refusal):
                report.refused.append(row)
                continue
            try:
                parsed = parse_row(row, source=source, categories=categories)
                ticket = mask_ticket(parsed.ticket, never=never)
                if parsed.number:
                    ticket = replace(
                        ticket,
                        service_number=mask_text(parsed.number),
                        number_hash=hash_number(parsed.number, key=key),
                    )
                check_ticket(ticket)
                if parsed.repeats:
                    ticket = replace(ticket, is_repeat=True, repeat_of=numbers.get(parsed.repeats))
            except KBError as error:
                identity = str(row.get("id") or row.get("key") or row.get("external_id") or "")
                reason = f"{error.field}：{error.detail}" if error.field else str(error)
                report.refused.append(Refusal(place, identity[:80], reason))
                continue
            numbers[ticket.external_id] = _keep(
                connection, ticket, parsed, report=report, now=now, repeat_days=repeat_days
            )
    return report


def _keep(
    connection: Any,
    ticket: Ticket,
    parsed: ImportedRow,
    *,
    report: ImportReport,
    now: datetime,
    repeat_days: int,
) -> str:
    """Add or update one ticket and count it; return its number."""
    present = tickets.find_external(connection, ticket.external_source, ticket.external_id)
    if present is None:
        day = ticket.accepted_at[:10].replace("-", "")
        ticket = replace(ticket, ticket_no=tickets.next_ticket_no(connection, day=day))
        tickets.add_ticket(connection, ticket, now=now)
        tickets.add_event(connection, ticket, "imported", agent="", now=now)
        report.added += 1
    else:
        ticket = replace(
            ticket, ticket_no=present.ticket_no, version=present.version, due_at=present.due_at
        )
        if _same(ticket, present):
            report.unchanged += 1
            return present.ticket_no
        values = {
            name: getattr(ticket, name)
            for name in Ticket.__dataclass_fields__
            if name not in ("ticket_no", "version")
        }
        tickets.update_ticket(connection, ticket.ticket_no, values, now=now)
        report.updated += 1
    if ticket.status == "closed":
        outcome = plan_outcome(ticket, parsed, now=now, repeat_days=repeat_days)
        tickets.save_outcome(connection, outcome)
    return ticket.ticket_no


def _same(ticket: Ticket, present: Ticket) -> bool:
    return replace(ticket, repeat_of=present.repeat_of) == present


def plan_outcome(
    ticket: Ticket, parsed: ImportedRow, *, now: datetime, repeat_days: int
) -> Outcome:
    """The outcome of an imported closing: what the row says, else what its age allows."""
    if parsed.outcome:
        return Outcome(ticket.ticket_no, 0, parsed.outcome, parsed.reason, ticket.closed_at)
    edge = format_instant(now - timedelta(days=repeat_days))
    if (ticket.closed_at or "") < edge:
        return Outcome(ticket.ticket_no, 0, "stayed_closed", "", format_instant(now))
    return Outcome(ticket.ticket_no, 0, "pending", "", None)


def parse_row(
    row: Mapping[str, Any], *, source: str, categories: Mapping[str, Category]
) -> ImportedRow:
    """Turn one row into a ticket; raise InvalidInput naming the field that is wrong."""
    for name in row:
        if name not in TEXT_FIELDS and name not in TIME_FIELDS and name not in OTHER_FIELDS:
            raise InvalidInput("不认识这一列", field=str(name)[:60])
    values: dict[str, Any] = {"channel": "import"}
    for name, column in TEXT_FIELDS.items():
        text = _text(row, name)
        if text:
            values[column] = text
    for name, column in TIME_FIELDS.items():
        text = _text(row, name)
        if text:
            values[column] = format_instant(parse_instant(text, field=name))
    if "accepted_at" not in values:
        raise InvalidInput("缺受理时间", field="accepted_at")
    _set_category(values, categories)
    identity = _text(row, "external_id") or _text(row, "id") or _text(row, "key")
    if not identity:
        raise InvalidInput("缺编号", field="id")
    _set_closing(values, row)
    outcome, reason = _outcome(row)
    ticket = Ticket(
        ticket_no="",
        external_source=source,
        external_id=identity,
        is_sample=row.get("sample") in (True, "true", "1"),
        satisfaction=_satisfaction(row),
        **values,
    )
    return ImportedRow(ticket, outcome, reason, _text(row, "repeat_of"), _text(row, "number"))


def _set_category(values: dict[str, Any], categories: Mapping[str, Category]) -> None:
    """Keep a known class with its department and level; words of another scheme join the title."""
    code = values.get("category", "")
    category = categories.get(code)
    if category is not None:
        values.setdefault("urgency", category.default_priority)
        values.setdefault("responsible_dept", category.responsible_dept)
    elif code.isdigit():
        raise InvalidInput(f"没有 {code} 这个分类", field="category")
    else:
        values["category"] = ""


def _set_closing(values: dict[str, Any], row: Mapping[str, Any]) -> None:
    """Close the ticket when the row carries a resolution; ``hours`` may stand for the time."""
    if not values.get("resolution"):
        values.pop("closed_at", None)
        return
    accepted = parse_instant(values["accepted_at"], field="accepted_at")
    if "closed_at" not in values:
        hours = _number(row, "hours")
        values["closed_at"] = format_instant(accepted + timedelta(hours=hours or 0.0))
    if values["closed_at"] < values["accepted_at"]:
        raise InvalidInput("早于受理时间", field="closed_at")
    values["status"] = "closed"
    values["closings"] = 1


def _outcome(row: Mapping[str, Any]) -> tuple[str, str]:
    outcome = _text(row, "outcome")
    if outcome not in ("", "stayed_closed", "came_back", "pending"):
        raise InvalidInput("应为 stayed_closed、came_back、pending", field="outcome")
    return outcome, _text(row, "came_back_reason")


def _satisfaction(row: Mapping[str, Any]) -> int | None:
    value = _number(row, "satisfaction")
    if value is None:
        return None
    if value != int(value) or not 1 <= value <= 10:
        raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
    return int(value)


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidInput("应为数字", field=name) from None
    if isinstance(value, bool) or not 0 <= number < 100_000:
        raise InvalidInput("超出范围", field=name)
    return number


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidInput("应为文字", field=name)
    text = "".join(char for char in str(value) if char >= " " or char in "\n\t").strip()
    if len(text) > MAX_FIELD:
        raise InvalidInput(f"超过 {MAX_FIELD} 字", field=name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("含有不成对的代理字符", field=name) from None
    return text


def read_rows(path: Path) -> Iterator[Mapping[str, Any] | Refusal]:
    """Rows of a .jsonl or .csv file (UTF-8, with or without BOM, UTF-16 with BOM, or GB18030)."""
    if path.suffix.lower() not in (".jsonl", ".csv"):
        raise InvalidInput("只认 .jsonl 和 .csv 文件", field=path.name)
    if path.stat().st_size > MAX_FILE:
        raise InvalidInput(f"文件超过 {MAX_FILE // 1024 // 1024} MiB", field=path.name)
    text = decode(path.read_bytes(), name=path.name)
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


def _json_rows(text: str) -> Iterator[Mapping[str, Any] | Refusal]:
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


def _csv_rows(text: str, *, name: str) -> Iterator[Mapping[str, Any] | Refusal]:
    csv.field_size_limit(16 * 1024 * 1024)
    reader = csv.reader(io.StringIO(text, newline=""), strict=False)
    header = next(reader, None)
    if not header:
        raise InvalidInput("文件是空的", field=name)
    header = [column.strip() for column in header]
    if len(set(header)) != len(header):
        raise InvalidInput("表头有重复的列名", field=name)
    for place, cells in enumerate(reader, 1):
        if not any(cells):
            continue
        if len(cells) != len(header):
            yield Refusal(place, "", f"应有 {len(header)} 列，实有 {len(cells)} 列")
            continue
        yield dict(zip(header, cells, strict=True))
