"""Taking in tickets: each row is kept or refused with its reason, never lost.

A row is known by (source, external_id) and by what it said: importing it again changes nothing,
and a row that says something new updates its ticket. What happened at the desk since then
(reopened, closed again, called back) is never undone by a row.

What a row repeats is what its source says (``repeat_of``), not what ``kb.repeat`` would decide: the
source knew the caller, its outcomes rest on it, and at a first import there is no index to ask.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from kb.category import Category
from kb.database import Database
from kb.errors import InvalidInput, KBError
from kb.intake import NUMBER_KEY, check_ticket, mask_ticket, never_mask
from kb.masking import hash_number, mask_number
from kb.returning import note_return
from kb.rows import Refusal, Row
from kb.store import handbook, outcomes, sessions, tickets
from kb.store.tickets import TicketEvent
from kb.ticket import CAME_BACK_REASONS, OUTCOMES, Outcome, Ticket
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
QUIET_EVENTS = frozenset({"imported", "updated", "linked", "unlinked"})
RETURNS = frozenset({"came_back", "returned_late"})
CLOSING_FIELDS = ("status", "closed_at", "closings", "satisfaction")
_SLASHED = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


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
    database: Database, rows: Iterable[Row], *, source: str, now: datetime, repeat_days: int
) -> ImportReport:
    """Take in rows as tickets of ``source``; the whole file is one transaction."""
    with database.transaction() as connection:
        run = _Import(connection, source=source, now=now, repeat_days=repeat_days)
        for place, row in enumerate(rows, 1):
            run.take(place, row)
        run.tie_repeats()
    return run.report


class _Import:
    """One file being taken in, within one transaction."""

    def __init__(
        self, connection: sqlite3.Connection, *, source: str, now: datetime, repeat_days: int
    ) -> None:
        self.connection = connection
        self.source = source
        self.now = now
        self.repeat_days = repeat_days
        self.report = ImportReport()
        self.never = never_mask(connection)
        self.categories = handbook.read_categories(connection)
        self.key = sessions.read_secret(connection, NUMBER_KEY)
        self.repeats: list[tuple[str, str]] = []

    def take(self, place: int, row: Row) -> None:
        """Keep one row or write down why not."""
        if isinstance(row, Refusal):
            self.report.refused.append(row)
            return
        digest = self._digest(row)
        try:
            identity = read_identity(row)
            if tickets.is_imported(self.connection, self.source, identity, digest=digest):
                self.report.unchanged += 1
                return
            parsed = parse_row(row, source=self.source, categories=self.categories)
            ticket = self._prepared(parsed)
        except KBError as error:
            reason = f"{error.field}：{error.detail}" if error.field else str(error)
            self.report.refused.append(Refusal(place, _label(row), reason))
            return
        self._keep(ticket, parsed)
        tickets.save_imported(
            self.connection, self.source, ticket.external_id, digest=digest, now=self.now
        )

    def _keep(self, ticket: Ticket, parsed: ImportedRow) -> None:
        present = tickets.find_external(self.connection, self.source, ticket.external_id)
        if present is None:
            self._add(ticket, parsed)
            self.report.added += 1
        elif self._update(ticket, present, parsed):
            self.report.updated += 1
        else:
            self.report.unchanged += 1

    def _prepared(self, parsed: ImportedRow) -> Ticket:
        ticket = mask_ticket(parsed.ticket, never=self.never)
        if parsed.number:
            ticket = replace(
                ticket,
                service_number=mask_number(parsed.number),
                number_hash=hash_number(parsed.number, key=self.key),
            )
        check_ticket(ticket)
        return ticket

    def _digest(self, row: Mapping[str, Any]) -> str:
        """Keyed hash of what the row said: it may hold a phone number."""
        text = json.dumps(row, ensure_ascii=True, sort_keys=True)
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    def _add(self, ticket: Ticket, parsed: ImportedRow) -> None:
        day = ticket.accepted_at[:10].replace("-", "")
        number = tickets.next_ticket_no(self.connection, day=day)
        ticket = replace(ticket, ticket_no=number, is_repeat=bool(parsed.repeats))
        tickets.add_ticket(self.connection, ticket, now=self.now)
        tickets.add_event(self.connection, ticket, "imported", agent="", now=self.now)
        self._after(ticket, parsed)

    def _update(self, ticket: Ticket, present: Ticket, parsed: ImportedRow) -> bool:
        """Bring a ticket up to a changed row; say whether anything differs."""
        ticket = replace(ticket, ticket_no=present.ticket_no)
        history = tickets.read_events(self.connection, present.ticket_no)
        is_ours = all(map(is_quiet, history))
        values = plan_update(ticket, present, is_ours=is_ours)
        if values:
            tickets.update_ticket(self.connection, present.ticket_no, values, now=self.now)
            tickets.add_event(
                self.connection, present, "updated", agent="", now=self.now, detail="import"
            )
        return self._after(ticket, parsed, is_ours=is_ours) or bool(values)

    def _after(self, ticket: Ticket, parsed: ImportedRow, *, is_ours: bool = True) -> bool:
        """Note a repeat, write the outcome; say whether the outcome is new."""
        if parsed.repeats:
            self.repeats.append((ticket.ticket_no, parsed.repeats))
        if ticket.status != "closed" or not is_ours:
            return False
        known = outcomes.read_outcomes(self.connection, ticket.ticket_no)
        outcome = plan_outcome(ticket, parsed, now=self.now, repeat_days=self.repeat_days)
        if known and known[0].state == "came_back" and not parsed.outcome:
            outcome = replace(known[0], closed_at=ticket.closed_at)
        if known and replace(known[0], settled_at=outcome.settled_at) == outcome:
            return False
        outcomes.save_outcome(self.connection, outcome, now=self.now)
        return True

    def tie_repeats(self) -> None:
        """Tie repeats to what they repeat, wherever in the file or in an earlier one it stood."""
        for ticket_no, repeats in self.repeats:
            earlier = tickets.find_external(self.connection, self.source, repeats)
            if earlier is not None and earlier.ticket_no != ticket_no:
                tickets.set_repeat(self.connection, ticket_no, repeat_of=earlier.ticket_no)
                self._note_repeat(earlier, ticket_no)

    def _note_repeat(self, earlier: Ticket, ticket_no: str) -> None:
        """A repeat is a fact about the earlier ticket, of the day it was taken in."""
        again = tickets.read_ticket(self.connection, ticket_no)
        note_return(
            self.connection,
            earlier,
            "repeat",
            repeat_days=self.repeat_days,
            agent="",
            happened=parse_instant(again.accepted_at, field="accepted_at"),
            now=self.now,
        )


def is_quiet(event: TicketEvent) -> bool:
    """Whether something that happened to an imported ticket leaves its closing to the import.

    A repeat found in a file is no agent's doing.
    """
    return event.action in QUIET_EVENTS or (event.action in RETURNS and not event.agent)


def plan_update(ticket: Ticket, present: Ticket, *, is_ours: bool) -> dict[str, Any]:
    """What a changed row changes of its ticket.

    ``is_ours``: nothing but imports has closed or reopened it; only then the row's closing counts.
    """
    names = {*TEXT_FIELDS.values(), "accepted_at"}
    if ticket.number_hash:
        names |= {"service_number", "number_hash"}
    if not is_ours:
        names -= {"resolution", "root_cause", "fix"}
    elif ticket.status == "closed":
        names |= set(CLOSING_FIELDS)
    changed = (name for name in sorted(names) if getattr(ticket, name) != getattr(present, name))
    return {name: getattr(ticket, name) for name in changed}


def plan_outcome(
    ticket: Ticket, parsed: ImportedRow, *, now: datetime, repeat_days: int
) -> Outcome:
    """The outcome of an imported closing: what the row says, else what its age allows."""
    if parsed.outcome:
        settled = None if parsed.outcome == "pending" else ticket.closed_at
        return Outcome(
            ticket.ticket_no, 0, parsed.outcome, parsed.reason, settled, ticket.closed_at
        )
    edge = format_instant(now - timedelta(days=repeat_days))
    if (ticket.closed_at or "") < edge:
        settled = format_instant(now)
        return Outcome(ticket.ticket_no, 0, "stayed_closed", "", settled, ticket.closed_at)
    return Outcome(ticket.ticket_no, 0, "pending", "", None, ticket.closed_at)


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


def _label(row: Mapping[str, Any]) -> str:
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
