"""Tying knowledge to a ticket, and taking it back.

Links made before a closing belong to it; at most one of them is its solution.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from kb.errors import InvalidInput, LinkNotFound, TicketConflict
from kb.store import handbook, links, searches, sessions, tickets
from kb.ticket import TARGET_TYPES, USAGES, Link, Ticket
from kb.times import format_instant


@dataclass(frozen=True)
class Target:
    """What a link points at: an impression, or something the agent found.

    ``search_id``: the search whose hit it was.
    """

    impression_id: str | None = None
    target_type: str = ""
    target_id: str = ""
    target_version: str = ""
    found_by: str = "searched"
    search_id: str | None = None


def add_link(
    connection: sqlite3.Connection,
    ticket: Ticket,
    target: Target,
    usage: str,
    *,
    agent: str,
    now: datetime,
) -> Link:
    """Tie knowledge to a ticket; the same link again is the one that is there.

    Raise TicketConflict for a second solution of a closing.
    """
    if usage not in USAGES:
        raise InvalidInput(f"应为 {'、'.join(USAGES)}", field="knowledge_usage")
    link = _resolve(connection, ticket, target, usage, agent=agent, now=now)
    for other in links.read_links(connection, ticket.ticket_no):
        if other.closing != link.closing or other.knowledge_usage != usage:
            continue
        if (other.target_type, other.target_id) == (link.target_type, link.target_id):
            return other
        if usage == "solution":
            raise TicketConflict("这次办结已有一个解决方案", field="knowledge_usage")
    links.add_link(connection, link)
    if link.impression_id:
        sessions.add_event(
            connection, link.impression_id, "linked", agent=agent, now=now, reason_code=usage
        )
    tickets.add_event(connection, ticket, "linked", agent=agent, now=now, detail=_describe(link))
    return link


def find_link(
    connection: sqlite3.Connection, ticket: Ticket, target: tuple[str, str], usage: str
) -> Link:
    """A link of the closing to come, by (type, id) of what it points at; raise LinkNotFound."""
    for link in links.read_links(connection, ticket.ticket_no):
        is_meant = (link.target_type, link.target_id) == target and link.knowledge_usage == usage
        if is_meant and link.closing == ticket.closings:
            return link
    raise LinkNotFound(f"{usage} {' '.join(target)}", field="target_id")


def drop_link(
    connection: sqlite3.Connection, ticket: Ticket, link: Link, *, agent: str, now: datetime
) -> None:
    """Take a link back: its event counts no more, and the ticket's history says so."""
    links.drop_link(connection, link)
    if link.impression_id:
        sessions.undo_linked(connection, link.impression_id, usage=link.knowledge_usage, now=now)
    tickets.add_event(connection, ticket, "unlinked", agent=agent, now=now, detail=_describe(link))


def solution_of(connection: sqlite3.Connection, ticket: Ticket) -> Link | None:
    """The solution marked for the closing to come."""
    for link in links.read_links(connection, ticket.ticket_no):
        if link.closing == ticket.closings and link.knowledge_usage == "solution":
            return link
    return None


def drop_solution(
    connection: sqlite3.Connection, ticket: Ticket, *, agent: str, now: datetime
) -> None:
    """Take back the solution marked for the closing to come, if there is one."""
    solution = solution_of(connection, ticket)
    if solution is not None:
        drop_link(connection, ticket, solution, agent=agent, now=now)


def _describe(link: Link) -> str:
    return f"{link.knowledge_usage} {link.target_type} {link.target_id}"


def _resolve(
    connection: sqlite3.Connection,
    ticket: Ticket,
    target: Target,
    usage: str,
    *,
    agent: str,
    now: datetime,
) -> Link:
    """Find what the target names; an impression of another ticket's session is refused."""
    kind, identity, version = target.target_type, target.target_id, target.target_version
    if target.impression_id:
        impression = sessions.read_impression(connection, target.impression_id)
        _claim_session(connection, ticket, impression.session_id)
        kind, identity = impression.target_type, impression.target_id
        version = impression.target_version
    if kind not in TARGET_TYPES:
        raise InvalidInput(f"应为 {'、'.join(TARGET_TYPES)}", field="target_type")
    if target.search_id:
        _claim_search(connection, ticket, target)
    if not target.impression_id:
        version = _check_target(connection, kind, identity, version)
    return Link(
        ticket_no=ticket.ticket_no,
        target_type=kind,
        target_id=identity,
        target_version=version,
        knowledge_usage=usage,
        impression_id=target.impression_id,
        found_by="suggested" if target.impression_id else target.found_by,
        linked_by=agent,
        linked_at=format_instant(now),
        closing=ticket.closings,
        search_id=target.search_id,
    )


def _claim_session(connection: sqlite3.Connection, ticket: Ticket, session_id: str) -> None:
    """Make the session the ticket's own, if it is nobody's yet."""
    session = sessions.read_session(connection, session_id)
    if session.is_training:
        raise TicketConflict("练习中的建议不能用于工单", field="impression_id")
    if session.ticket_no is None:
        sessions.attach_session(connection, session.id, ticket.ticket_no)
    elif session.ticket_no != ticket.ticket_no:
        raise TicketConflict("这条建议属于另一张工单", field="impression_id")


def _claim_search(connection: sqlite3.Connection, ticket: Ticket, target: Target) -> None:
    """Make the search the ticket's own; only what was found by searching may name one."""
    if target.impression_id or target.found_by != "searched":
        raise InvalidInput("只有检索找到的才能带 search_id", field="search_id")
    search = searches.read_search(connection, target.search_id or "")
    if search.is_training:
        raise TicketConflict("练习中的检索不能用于工单", field="search_id")
    searches.attach_search(connection, search.id, ticket.ticket_no)


def _check_target(connection: sqlite3.Connection, kind: str, identity: str, version: str) -> str:
    """Make sure a target named by hand exists; return the version it is pinned to."""
    if kind in ("article", "procedure"):
        number = int(version) if version.isdigit() else None
        return handbook.read_article(connection, identity, number=number).revision.version
    if kind == "time_limit":
        return str(handbook.read_limit(connection, identity).revision)
    ticket = tickets.read_ticket(connection, identity)
    return str(ticket.version)
