"""Who works on a ticket: taking it, handing it over, sending it to a department."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kb.category import Category
from kb.database import Database
from kb.errors import InvalidInput, StaleVersion, TicketConflict
from kb.intake import never_mask
from kb.masking import mask_text
from kb.store import tickets
from kb.ticket import Ticket
from kb.times import format_instant, parse_instant

SAID = 300
"""Characters of what the customer said that go into an order."""
QUESTIONS = (
    "到场时间，查明的原因（障碍写修前、修后数据）",
    "采取的措施和结果",
    "客户是否当场确认，还有什么要求",
    "办不了的：卡在哪里，下一步谁、几点前办",
)
"""What whoever goes there must answer, or the ticket cannot be closed."""


@dataclass(frozen=True)
class WorkOrder:
    """What a department is asked to do. ``person``: "" leaves it to the department."""

    department: str
    text: str
    person: str = ""
    due_at: str | None = None


def take(database: Database, ticket_no: str, *, agent: str, now: datetime) -> Ticket:
    """Take an open ticket for oneself; raise TicketConflict when somebody else has it."""
    with database.transaction() as connection:
        ticket = tickets.read_ticket(connection, ticket_no)
        if ticket.assignee and ticket.assignee != agent:
            raise TicketConflict(f"已由 {ticket.assignee} 认领", field="assignee")
        return assign(database, ticket_no, agent, agent=agent, now=now)


def assign(
    database: Database,
    ticket_no: str,
    assignee: str,
    *,
    version: int | None = None,
    agent: str,
    now: datetime,
) -> Ticket:
    """Hand an open ticket to somebody, or with "" back to the queue of those nobody has."""
    with database.transaction() as connection:
        ticket = _read_open(database, ticket_no, version)
        if ticket.assignee == assignee and (assignee or not ticket.dispatched_at):
            return ticket
        values: dict[str, object] = {"assignee": assignee}
        if not assignee:
            values["dispatched_at"] = None
        tickets.update_ticket(connection, ticket_no, values, now=now)
        action = "assigned" if assignee else "released"
        tickets.add_event(connection, ticket, action, agent=agent, now=now, detail=assignee)
        return tickets.read_ticket(connection, ticket_no)


def dispatch(
    database: Database,
    ticket_no: str,
    order: WorkOrder,
    *,
    version: int | None = None,
    agent: str,
    now: datetime,
) -> Ticket:
    """Send an open ticket to a department; whoever took it in keeps it unless a person is named."""
    if not order.department:
        raise InvalidInput("要写明派给哪个部门", field="department")
    if not order.text.strip():
        raise InvalidInput("要写明派单内容", field="text")
    if order.due_at:
        due = parse_instant(order.due_at, field="due_at")
        if due <= now:
            raise InvalidInput("回单时间应在现在之后", field="due_at")
    with database.transaction() as connection:
        ticket = _read_open(database, ticket_no, version)
        values = {
            "responsible_dept": mask_text(order.department),
            "assignee": order.person or ticket.assignee,
            "dispatched_at": format_instant(now),
        }
        tickets.update_ticket(connection, ticket_no, values, now=now)
        detail = mask_text(_describe(order), never=never_mask(connection))
        tickets.add_event(connection, ticket, "dispatched", agent=agent, now=now, detail=detail)
        return tickets.read_ticket(connection, ticket_no)


def draft_order(ticket: Ticket, category: Category | None) -> str:
    """The text of an order as far as the ticket tells; the agent goes on from here."""
    facts = [f"工单 {ticket.ticket_no}", category.name if category else "", ticket.urgency]
    found = ticket.root_cause or "（请写明已查了什么：灯色、告警、账号状态、可上门时段）"
    lines = [
        " · ".join(filter(None, facts)),
        f"客户反映：{_shorten(ticket.description)}",
        f"客户要求：{_shorten(ticket.customer_demand)}" if ticket.customer_demand else "",
        f"已查明：{_shorten(found)}",
        f"可参考的办法：{category.typical_fix}" if category and category.typical_fix else "",
        "回单请答：",
        *(f"{number}. {question}" for number, question in enumerate(QUESTIONS, 1)),
    ]
    return "\n".join(filter(None, lines))


def _describe(order: WorkOrder) -> str:
    head = " ".join(filter(None, (order.department, order.person)))
    due = f"，{order.due_at[:16].replace('T', ' ')} 前回单" if order.due_at else ""
    return f"{head}{due}\n{order.text.strip()}"


def _read_open(database: Database, ticket_no: str, version: int | None) -> Ticket:
    ticket = tickets.read_ticket(database.connection, ticket_no)
    if version is not None and version != ticket.version:
        raise StaleVersion(f"现为第 {ticket.version} 版", field="version")
    if ticket.status != "open":
        raise TicketConflict("工单已办结", field="ticket_no")
    return ticket


def _shorten(text: str) -> str:
    return text if len(text) <= SAID else text[: SAID - 1] + "…"
