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
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from kb.database import Database
from kb.errors import KBError
from kb.imported_row import TEXT_FIELDS, ImportedRow, label_row, parse_row, read_identity
from kb.intake import NUMBER_KEY, check_ticket, mask_ticket, never_mask
from kb.masking import hash_number, mask_number
from kb.returning import note_return
from kb.rows import Refusal, Row
from kb.store import handbook, outcomes, sessions, tickets
from kb.store.tickets import TicketEvent
from kb.ticket import Outcome, Ticket
from kb.times import format_instant, parse_instant

QUIET_EVENTS = frozenset({"imported", "updated", "linked", "unlinked"})
RETURNS = frozenset({"came_back", "returned_late"})
CLOSING_FIELDS = ("status", "closed_at", "closings", "satisfaction")


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
            self.report.refused.append(Refusal(place, label_row(row), reason))
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
