"""From evidence to an article: tickets and gaps as a draft under the four headings of a record.

What tickets and sessions hold is masked already; it is masked once more with today's words.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kb.article import Article
from kb.database import Database
from kb.documents.drafting import Confirmed, Front, new_article
from kb.editor import Editor
from kb.errors import CategoryNotFound, InvalidInput, TicketNotFound
from kb.gap import Cluster
from kb.gaps import mark_gap
from kb.intake import never_mask
from kb.masking import mask_text
from kb.store import handbook, sources, tickets
from kb.ticket import Ticket

HEADINGS = ("事件还原", "客户诉求", "存在问题", "解决措施")
MOST_TOLD = 5
"""Wordings of one heading: an article is no list of cases."""
MOST_TICKETS = 50
TO_WRITE = "（待写）"


@dataclass(frozen=True)
class Grounds:
    """What an article is to be made of. ``label``: what it is about, in a few words.

    ``cluster``: the gap, if it is one; ``sayings``: what callers said where there is no ticket.
    """

    label: str
    tickets: tuple[Ticket, ...] = ()
    sayings: tuple[str, ...] = ()
    cluster: Cluster | None = None

    @property
    def text(self) -> str:
        """All of it, to look for articles that say the same."""
        told = [f"{each.description}\n{each.resolution}" for each in self.tickets]
        return "\n".join((self.label, *self.sayings, *told))

    @property
    def category(self) -> str:
        """The class most of its tickets have; "" for none."""
        counts = Counter(each.category for each in self.tickets if each.category)
        return counts.most_common(1)[0][0] if counts else ""


def read_ticket_grounds(connection: sqlite3.Connection, numbers: Sequence[str]) -> Grounds:
    """Closed tickets; raise TicketNotFound, InvalidInput for one that is not closed."""
    found = tuple(tickets.read_ticket(connection, number) for number in numbers[:MOST_TICKETS])
    for each in found:
        if each.status != "closed":
            raise InvalidInput(f"{each.ticket_no} 还没有办结", field="ticket")
    if not found:
        raise TicketNotFound(field="ticket")
    names = [each.fix or each.root_cause or each.title for each in found]
    label = next(filter(None, names), "")
    return Grounds(label or _class_name(connection, found[0].category), found)


def read_fix_grounds(connection: sqlite3.Connection, category: str, fix: str) -> Grounds:
    """The newest tickets closed one way; raise TicketNotFound."""
    numbers = sources.read_tickets_of_fix(connection, category, fix, most=MOST_TICKETS)
    return replace(read_ticket_grounds(connection, numbers), label=fix)


def gap_grounds(connection: sqlite3.Connection, cluster: Cluster) -> Grounds:
    """A gap: what was said, and the closed tickets among its cases."""
    numbers = list(dict.fromkeys(each.ticket_no for each in cluster.evidence if each.ticket_no))
    cases = [tickets.read_ticket(connection, number) for number in numbers[-MOST_TICKETS:]]
    closed = tuple(each for each in cases if each.status == "closed")
    told = {each.ticket_no for each in closed}
    sayings = tuple(each.text for each in cluster.evidence if each.ticket_no not in told)
    return Grounds(cluster.label.replace(" ", ""), closed, sayings, cluster)


def _class_name(connection: sqlite3.Connection, code: str) -> str:
    known = handbook.read_categories(connection)
    return known[code].name if code in known else "投诉"


def write_body(grounds: Grounds, *, never: Sequence[str]) -> str:
    """The four headings with what is known under each, nobody's data among it."""
    told = grounds.tickets
    parts = (
        [*(each.description for each in told), *grounds.sayings],
        [each.customer_demand for each in told],
        [each.root_cause for each in told],
        [each.resolution for each in told],
    )
    sections = (
        f"## {heading}\n\n{_bullets(texts, never)}"
        for heading, texts in zip(HEADINGS, parts, strict=True)
    )
    return "\n\n".join(sections) + "\n"


def _bullets(texts: Iterable[str], never: Sequence[str]) -> str:
    plain = (" ".join(text.split()) for text in texts)
    masked = dict.fromkeys(mask_text(text, never=never) for text in plain if text)
    rows = [f"- {text}" for text in list(masked)[:MOST_TOLD]]
    return "\n".join(rows) or TO_WRITE


def start_article(
    database: Database, grounds: Grounds, part: Confirmed, *, author: str, now: datetime
) -> Article:
    """Keep a draft made of evidence, tied to it; a gap is marked as being worked on."""
    with database.transaction() as connection:
        part = replace(part, body=mask_text(part.body, never=never_mask(connection)))
        given = handbook.find_category(
            connection, handbook.given_today(connection, grounds.category)
        )
        codes = (given.id,) if given and not given.is_retired else ()
        draft = new_article(connection, part, _front(connection, grounds), now=now)
        reason = f"由{_origin(grounds)}起草"
        revision = replace(draft.revision, categories=codes, reason=reason)
        saved = Editor(database).save(
            replace(draft, revision=revision), base=0, author=author, now=now
        )
        origins = [("ticket", each.ticket_no) for each in grounds.tickets]
        if grounds.cluster is not None:
            origins += [("gap", each.id) for each in grounds.cluster.evidence]
            done = f"正在写 {saved.id}《{saved.title}》"
            mark_gap(database, grounds.cluster, state="working", reason=done, agent=author, now=now)
        sources.add_sources(connection, saved.id, origins, by=author, now=now)
    return saved


def _origin(grounds: Grounds) -> str:
    if grounds.cluster is not None:
        return f"知识缺口「{grounds.cluster.label}」"
    first = grounds.tickets[0].ticket_no
    return f"工单 {first}" + (f" 等 {len(grounds.tickets)} 件" if len(grounds.tickets) > 1 else "")


def _front(connection: sqlite3.Connection, grounds: Grounds) -> Front:
    department = ""
    if grounds.category:
        try:
            department = handbook.read_category(connection, grounds.category).responsible_dept
        except CategoryNotFound:
            department = ""
    return Front(source=_origin(grounds), owner=department, responsible_dept=department)
