"""One row of a ticket file as a ticket: which columns there are, and what may stand in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kb.category import Category
from kb.errors import InvalidInput
from kb.ticket import CAME_BACK_REASONS, OUTCOMES, Ticket
from kb.times import format_instant, parse_instant

MAX_FIELD = 20_000
SAMPLE_SOURCE = "sample"
"""Tickets of this source are invented and marked so."""
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
ID_FIELDS = ("external_id", "id", "key")
OTHER_FIELDS = frozenset(
    {*ID_FIELDS, "number", "hours", "satisfaction", "outcome", "came_back_reason"}
    | {"repeat_of", "sample"}
)
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


@dataclass(frozen=True)
class ImportedRow:
    """A row turned into a ticket, with what became of it and the row it repeats."""

    ticket: Ticket
    outcome: str
    reason: str
    repeats: str
    number: str


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
            values[column] = format_instant(_instant(text, field=name))
    if "accepted_at" not in values:
        raise InvalidInput("缺受理时间", field="accepted_at")
    _set_category(values, categories)
    _set_closing(values, row)
    outcome, reason = _outcome(row)
    ticket = Ticket(
        ticket_no="",
        external_source=source,
        external_id=read_identity(row),
        is_sample=source == SAMPLE_SOURCE or row.get("sample") in (True, "true", "1"),
        satisfaction=_satisfaction(row),
        **values,
    )
    return ImportedRow(ticket, outcome, reason, _text(row, "repeat_of"), _phone(row))


def read_identity(row: Mapping[str, Any]) -> str:
    """What the row is called where it comes from; raise InvalidInput when it is not called."""
    identity = next(filter(None, (_text(row, name) for name in ID_FIELDS)), "")
    if not identity:
        raise InvalidInput("缺编号", field="id")
    if len(identity) > 200:
        raise InvalidInput("超过 200 字", field="id")
    return identity


def label_row(row: Mapping[str, Any]) -> str:
    """What a row is called in a list of refusals, "" when it has no name."""
    return next((str(row[name])[:80] for name in ID_FIELDS if row.get(name)), "")


def _set_category(values: dict[str, Any], categories: Mapping[str, Category]) -> None:
    """Keep a known class with its department and level; another scheme's words are left out.

    A code that lost its leading zero in a spreadsheet gets it back.
    """
    code = values.get("category", "")
    category = categories.get(code) or categories.get(f"0{code}")
    if category is not None:
        values["category"] = category.id
        values.setdefault("urgency", category.default_priority)
        values.setdefault("responsible_dept", category.responsible_dept)
    elif code.isdigit():
        raise InvalidInput(f"没有 {code[:20]} 这个分类", field="category")
    else:
        values["category"] = ""


def _set_closing(values: dict[str, Any], row: Mapping[str, Any]) -> None:
    """Close the ticket when the row carries a resolution; ``hours`` may stand for the time."""
    hours = _number(row, "hours")
    if not values.get("resolution"):
        values.pop("closed_at", None)
        return
    accepted = parse_instant(values["accepted_at"], field="accepted_at")
    if "closed_at" not in values:
        values["closed_at"] = format_instant(accepted + timedelta(hours=hours or 0.0))
    if values["closed_at"] < values["accepted_at"]:
        raise InvalidInput("早于受理时间", field="closed_at")
    values["status"] = "closed"
    values["closings"] = 1


def _outcome(row: Mapping[str, Any]) -> tuple[str, str]:
    outcome, reason = _text(row, "outcome"), _text(row, "came_back_reason")
    if outcome and outcome not in OUTCOMES:
        raise InvalidInput(f"应为 {'、'.join(OUTCOMES)}", field="outcome")
    if reason and reason not in CAME_BACK_REASONS:
        raise InvalidInput(f"应为 {'、'.join(CAME_BACK_REASONS)}", field="came_back_reason")
    return outcome, reason if outcome == "came_back" else ""


def _satisfaction(row: Mapping[str, Any]) -> int | None:
    value = _number(row, "satisfaction")
    if value is None:
        return None
    if value != int(value) or not 1 <= value <= 10:
        raise InvalidInput("应为 1 到 10 的整数", field="satisfaction")
    return int(value)


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput("应为数字", field=name) from None
    if isinstance(value, bool) or not 0 <= number < 100_000:
        raise InvalidInput("超出范围", field=name)
    return number


def _instant(text: str, *, field: str) -> datetime:
    """An instant as ISO 8601 or as a spreadsheet writes it: 2026/3/11 9:20."""
    match = _SLASHED.fullmatch(text)
    if match:
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        text = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"
    return parse_instant(text, field=field)


def _phone(row: Mapping[str, Any]) -> str:
    """The caller's number; one that a spreadsheet has rounded (1.38E+10) is refused."""
    text = _text(row, "number")
    if re.search(r"\d[eE]\+?\d", text):
        raise InvalidInput("号码被表格软件改成了科学计数，请按文本导出", field="number")
    if len(text) > 32:
        raise InvalidInput("超过 32 字", field="number")
    return text


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidInput("应为文字", field=name)
    try:
        text = str(value)
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("含有不成对的代理字符", field=name) from None
    text = "".join(char for char in text if char >= " " or char in "\n\t").strip()
    if len(text) > MAX_FIELD:
        raise InvalidInput(f"超过 {MAX_FIELD} 字", field=name)
    return text
