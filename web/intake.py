"""Taking in a ticket together with the suggestions that were shown before it had a number."""

from __future__ import annotations

from kb.errors import TicketConflict
from kb.store import sessions
from kb.store.sessions import Session
from kb.ticket import Ticket
from web.services import current


def take_in(ticket: Ticket, *, number: str, session_id: str | None, agent: str) -> Ticket:
    """Create the ticket and tie the session to it, in one transaction."""
    services = current()
    with services.database.transaction() as connection:
        if session_id:
            _check_session(sessions.read_session(connection, session_id))
        ticket = services.desk.create(
            ticket, number=number, find_repeat=find_repeat, agent=agent, now=services.clock()
        )
        if session_id:
            sessions.attach_session(connection, session_id, ticket.ticket_no)
    return ticket


def _check_session(session: Session) -> None:
    """Raise TicketConflict for a session that cannot become a new ticket's."""
    if session.ticket_no:
        raise TicketConflict("这次建议已属于另一张工单", field="session_id")
    if session.is_training:
        raise TicketConflict("练习中的建议不能用于工单", field="session_id")


def find_repeat(ticket: Ticket) -> str | None:
    """The number of the earlier ticket that one about to be kept repeats."""
    services = current()
    repeat = services.engine.ticket_repeat(ticket, now=services.clock())
    return repeat.ticket.ticket_no if repeat else None
