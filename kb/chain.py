"""One ticket with all that hangs on it: shown → used → closed → came back."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from kb.store import decisions, links, outcomes, searches, sessions, tickets
from kb.store.decisions import Decision
from kb.store.outcomes import OutcomeChange
from kb.store.searches import SearchRecord
from kb.store.sessions import Event, Impression, Session
from kb.store.tickets import TicketEvent
from kb.ticket import Link, Outcome, Ticket


@dataclass(frozen=True)
class SessionRecord:
    """One call for suggestions as recorded, with what was done with each item."""

    session: Session
    impressions: tuple[Impression, ...]
    events: tuple[Event, ...]
    decisions: tuple[Decision, ...] = ()

    def events_of(self, impression_id: str) -> list[Event]:
        """What was done with one item, oldest first."""
        return [event for event in self.events if event.impression_id == impression_id]


@dataclass(frozen=True)
class Unlinked:
    """A link taken back. ``impression_id``: where it was shown, None for what was self-found."""

    usage: str
    target_type: str
    target_id: str
    impression_id: str | None


@dataclass(frozen=True)
class Chain:
    """A ticket, the knowledge tied to it, its history, its outcomes and what it was shown."""

    ticket: Ticket
    links: tuple[Link, ...]
    events: tuple[TicketEvent, ...]
    outcomes: tuple[Outcome, ...]
    sessions: tuple[SessionRecord, ...]
    searches: tuple[SearchRecord, ...] = ()
    trace: tuple[OutcomeChange, ...] = ()

    @property
    def solution(self) -> Link | None:
        """The solution of the closing that is being prepared, or of the last one."""
        closing = self.ticket.closings - (self.ticket.status == "closed")
        for link in self.links:
            if link.knowledge_usage == "solution" and link.closing == closing:
                return link
        return None

    @property
    def unlinked(self) -> Unlinked | None:
        """The link that was taken back last, while nothing else happened and it can be put back."""
        done = [event for event in self.events if event.action != "updated"]
        if self.ticket.status != "open" or not done or done[-1].action != "unlinked":
            return None
        usage, target_type, target_id = done[-1].detail.split(" ", 2)
        shown = [
            each.id
            for record in self.sessions
            for each in record.impressions
            if (each.target_type, each.target_id) == (target_type, target_id)
        ]
        return Unlinked(usage, target_type, target_id, shown[-1] if shown else None)


def read_chain(connection: sqlite3.Connection, ticket_no: str) -> Chain:
    """Read one ticket and all that hangs on it; raise TicketNotFound."""
    return Chain(
        ticket=tickets.read_ticket(connection, ticket_no),
        links=tuple(links.read_links(connection, ticket_no)),
        events=tuple(tickets.read_events(connection, ticket_no)),
        outcomes=tuple(outcomes.read_outcomes(connection, ticket_no)),
        sessions=tuple(
            _record(connection, session)
            for session in sessions.read_sessions_of(connection, ticket_no)
        ),
        searches=tuple(searches.read_searches_of(connection, ticket_no)),
        trace=tuple(outcomes.read_trace(connection, ticket_no)),
    )


def read_record(connection: sqlite3.Connection, session_id: str) -> SessionRecord:
    """Read one recorded call for suggestions; raise SessionNotFound."""
    return _record(connection, sessions.read_session(connection, session_id))


def _record(connection: sqlite3.Connection, session: Session) -> SessionRecord:
    return SessionRecord(
        session,
        tuple(sessions.read_impressions(connection, session.id)),
        tuple(sessions.read_events(connection, session.id)),
        tuple(decisions.read_decisions(connection, session.id)),
    )


def ticket_as_dict(ticket: Ticket) -> dict[str, Any]:
    """A ticket as JSON; the keyed hash of the number stays inside."""
    values = asdict(ticket)
    del values["number_hash"]
    return values


def record_as_dict(record: SessionRecord) -> dict[str, Any]:
    """One call for suggestions as JSON."""
    values = asdict(record.session)
    del values["query_hash"]
    values["session_id"] = values.pop("id")
    values["request"] = json.loads(record.session.request)
    values["decisions"] = [decision_as_dict(decision) for decision in record.decisions]
    values["impressions"] = [
        _impression(impression, record.events_of(impression.id))
        for impression in record.impressions
    ]
    return values


def _impression(impression: Impression, events: list[Event]) -> dict[str, Any]:
    values = asdict(impression)
    del values["session_id"]
    values["impression_id"] = values.pop("id")
    values["matched_terms"] = list(impression.matched_terms)
    values["events"] = [_event(event) for event in events]
    return values


def _event(event: Event) -> dict[str, Any]:
    values = asdict(event)
    for name in ("impression_id", "undone_at"):
        del values[name]
    return values


def decision_as_dict(decision: Decision) -> dict[str, Any]:
    """A decision on a session as JSON."""
    values = asdict(decision)
    values["decision_id"] = values.pop("id")
    return values


def search_as_dict(search: SearchRecord) -> dict[str, Any]:
    """A recorded search as JSON."""
    values = asdict(search)
    del values["query_hash"]
    values["search_id"] = values.pop("id")
    values["filters"] = json.loads(search.filters)
    return values


def chain_as_dict(chain: Chain) -> dict[str, Any]:
    """The chain as JSON: what ``GET /tickets/{no}`` and ``kb ticket show`` both give."""
    return ticket_as_dict(chain.ticket) | {
        "links": [asdict(link) for link in chain.links],
        "events": [asdict(event) for event in chain.events],
        "outcomes": [asdict(outcome) for outcome in chain.outcomes],
        "sessions": [record_as_dict(record) for record in chain.sessions],
        "searches": [search_as_dict(search) for search in chain.searches],
        "trace": [asdict(change) for change in chain.trace],
    }
