"""What is checked and masked before a ticket is kept, from whatever door it comes in."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kb.category import describe_retired
from kb.errors import InvalidInput
from kb.limit import LimitRequest, bind_limits
from kb.masking import hash_number, mask_number, mask_text
from kb.store import handbook, sessions, tickets
from kb.ticket import AREAS, CHANNELS, PRIORITIES, Ticket
from kb.times import format_instant, parse_instant
from kb.workdays import parse_calendar

MASKED_FIELDS = (
    "title",
    "description",
    "customer_demand",
    "root_cause",
    "resolution",
    "fix",
    "region",
    "responsible_dept",
)
MAX_LENGTH = 20_000
"""Longest free text of a ticket, in characters."""
NUMBER_KEY = "number-hash"
CLOSING_SUBJECTS = frozenset({"投诉办结", "投诉答复", "投诉处理并答复", "投诉处理结束并答复"})
"""Subjects of limits that end with the answer: the earliest of them is the ticket's due time."""
_FULL_NUMBER = re.compile(r"\+?\d{7,15}")


def never_mask(connection: sqlite3.Connection) -> Sequence[str]:
    """The texts that are never personal data (short numbers, codes)."""
    words: list[str] = handbook.read_vocabulary(connection, "never_mask") or []
    return words


def mask_ticket(ticket: Ticket, *, never: Sequence[str]) -> Ticket:
    """The ticket with personal data masked in every free text."""
    masked: dict[str, Any] = {
        name: mask_text(getattr(ticket, name).strip(), never=never) for name in MASKED_FIELDS
    }
    return replace(ticket, service_number=mask_number(ticket.service_number), **masked)


def check_ticket(ticket: Ticket) -> None:
    """Raise InvalidInput naming the first field that cannot be kept."""
    if not ticket.description and not ticket.title:
        raise InvalidInput("投诉内容不能为空", field="description")
    for name in MASKED_FIELDS:
        if len(getattr(ticket, name)) > MAX_LENGTH:
            raise InvalidInput(f"超过 {MAX_LENGTH} 字", field=name)
    if ticket.channel not in CHANNELS:
        raise InvalidInput(f"应为 {'、'.join(CHANNELS)}", field="channel")
    if ticket.area and ticket.area not in AREAS:
        raise InvalidInput(f"应为 {'、'.join(AREAS)}", field="area")
    if ticket.urgency and ticket.urgency not in PRIORITIES:
        raise InvalidInput(f"应为 {'、'.join(PRIORITIES)}", field="urgency")


def hash_caller(connection: sqlite3.Connection, number: str) -> str:
    """Keyed hash of a caller's full number, which itself is kept nowhere; "" for none.

    Raise InvalidInput, without the number, when it is none or is masked.
    """
    plain = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", number))
    if not plain:
        return ""
    if not _FULL_NUMBER.fullmatch(plain):
        raise InvalidInput("应为 7 到 15 位的完整号码，不能带 *", field="service_number")
    return hash_number(plain, key=sessions.read_secret(connection, NUMBER_KEY))


def give_class(connection: sqlite3.Connection, ticket: Ticket) -> Ticket:
    """The ticket with a class given today: the successor in place of a retired one.

    Raise InvalidInput where there is no successor.
    """
    code = handbook.given_today(connection, ticket.category)
    found = handbook.find_category(connection, code)
    if found is not None and found.is_retired:
        raise InvalidInput(describe_retired(found), field="category")
    return replace(ticket, category=code)


def prepare_ticket(connection: sqlite3.Connection, ticket: Ticket, *, number: str) -> Ticket:
    """The ticket as it is kept: masked, checked, numbered, dated, with its class's department."""
    ticket = mask_ticket(ticket, never=never_mask(connection))
    check_ticket(ticket)
    accepted = parse_instant(ticket.accepted_at, field="accepted_at")
    if not ticket.ticket_no:
        day = accepted.strftime("%Y%m%d")
        ticket = replace(ticket, ticket_no=tickets.next_ticket_no(connection, day=day))
    ticket = replace(ticket, accepted_at=format_instant(accepted))
    if number:
        key = sessions.read_secret(connection, NUMBER_KEY)
        ticket = replace(
            ticket,
            service_number=mask_number(number),
            number_hash=hash_number(number, key=key),
        )
    return classify_ticket(connection, give_class(connection, ticket))


def classify_ticket(connection: sqlite3.Connection, ticket: Ticket) -> Ticket:
    """Fill in what the class says and the agent left open; due when the desk's limit ends."""
    if not ticket.category:
        return ticket
    category = handbook.read_category(connection, ticket.category)
    urgency = ticket.urgency or category.default_priority
    request = LimitRequest(category.id, ticket.region, ticket.area, urgency)
    bound = bind_limits(
        handbook.read_limits(connection).values(),
        request,
        accepted_at=parse_instant(ticket.accepted_at, field="accepted_at"),
        calendar=parse_calendar(handbook.read_vocabulary(connection, "workdays") or {}),
    )
    closing = [
        item.due_at for item in bound if item.due_at and item.limit.subject in CLOSING_SUBJECTS
    ]
    return replace(
        ticket,
        urgency=urgency,
        responsible_dept=ticket.responsible_dept or category.responsible_dept,
        due_at=format_instant(min(closing)) if closing else None,
    )
