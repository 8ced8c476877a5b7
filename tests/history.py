"""A made-up history of a desk, from a seed: tickets, suggestions, links, outcomes, searches.

Written straight into the tables, so that hundreds of thousands of rows take seconds. It holds what
must not count too: training sessions, sample tickets, undone events.
"""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from kb.times import BEIJING, format_instant

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=BEIJING)
DAYS = 120
CLASSES = ("060101", "010101")
ARTICLES = {"060101": "P060101", "010101": "P010101"}
DEPARTMENTS = ("装维中心", "计费部", "网络部")
REGIONS = ("北京", "江苏", "")
CHANNELS = ("hotline", "app", "gov12345")
AGENTS = {f"坐席{number:02d}": number * 9 for number in range(13)}
"""Each agent's name and the day of the history on which it first works."""
FIXES = ("换光猫", "重做光路", "退费")
WORDS = ("光猫", "红灯", "一直亮", "套餐", "外流量", "扣费", "不承认", "师傅", "没来", "退订")
BAD_SETTLED, BAD_BACK = 40, 24
Row = dict[str, Any]


class History:
    """Rows of each table, made ticket by ticket."""

    def __init__(self, seed: int, *, days: int = DAYS) -> None:
        self.chance = random.Random(seed)
        self.days = days
        self.rows: dict[str, list[Row]] = defaultdict(list)

    def add(self, table: str, **values: Any) -> str:
        """Keep a row; rows with an ``id`` get one when none is given."""
        self.rows[table].append(values)
        return str(values.get("id", ""))

    def make(self, tickets: int) -> History:
        """That many tickets with all that hangs on them, and searches beside them."""
        for number, day in enumerate(
            sorted(self.chance.uniform(0, self.days) for _ in range(tickets))
        ):
            self._ticket(number, day)
        for number in range(tickets // 5):
            self._searches(number)
        return self

    def _agent(self, day: float) -> str:
        here = [name for name, first in AGENTS.items() if first <= day]
        return self.chance.choice(here)

    def _ticket(self, number: int, day: float) -> None:
        chance = self.chance
        accepted = BEGIN + timedelta(days=day)
        ticket_no = f"TS{accepted:%Y%m%d}{number:06d}"
        category = chance.choice(CLASSES)
        closings = 1 + (chance.random() < 0.15) if chance.random() < 0.95 else 0
        ticket: Row = {
            "ticket_no": ticket_no,
            "accepted_at": format_instant(accepted),
            "channel": chance.choice(CHANNELS),
            "region": chance.choice(REGIONS),
            "category": category,
            "description": "".join(chance.sample(WORDS, 4)),
            "responsible_dept": chance.choice(DEPARTMENTS),
            "due_at": format_instant(accepted + timedelta(hours=48))
            if chance.random() < 0.9
            else None,
            "fix": chance.choice(FIXES) if closings else "",
            "is_sample": int(chance.random() < 0.05),
            "closings": closings,
        }
        sessions = [
            self._session(ticket_no, accepted + timedelta(minutes=step), day)
            for step in range(chance.choice((0, 1, 1, 1, 2)))
        ]
        at = accepted
        for closing in range(closings):
            at += timedelta(hours=chance.expovariate(1 / 20))
            self._closing(ticket, closing, at, sessions, day, is_last=closing == closings - 1)
        late = bool(ticket["due_at"]) and format_instant(at) > str(ticket["due_at"])
        is_open = closings == 0 or chance.random() < 0.03
        ticket |= {
            "status": "open" if is_open else "closed",
            "closed_at": None if is_open else format_instant(at),
            "overdue": int(late and not is_open),
            "reopened": max(0, closings - 1),
        }
        self.add("ticket", **_TICKET, **ticket)

    def _session(self, ticket_no: str, at: datetime, day: float) -> tuple[str, list[Row]]:
        chance = self.chance
        abstained = chance.random() < 0.12
        identity = self.add(
            "suggestion_session",
            **_SESSION,
            id=f"{chance.getrandbits(96):024x}",
            ticket_no=ticket_no,
            agent=self._agent(day),
            query_masked="".join(chance.sample(WORDS, 3)),
            created_at=format_instant(at),
            abstained=int(abstained),
            is_training=int(chance.random() < 0.07),
        )
        shown: list[Row] = []
        for kind in () if abstained else ("procedure", "past_fix"):
            for position in (1, 2, 3):
                displayed = format_instant(at) if chance.random() < 0.6 else None
                shown.append(self._impression(identity, kind, position, displayed))
                self._events(shown[-1]["id"], at)
        return identity, shown

    def _impression(self, session: str, kind: str, position: int, displayed: str | None) -> Row:
        chance = self.chance
        row = {
            **_IMPRESSION,
            "id": f"{chance.getrandbits(96):024x}",
            "session_id": session,
            "target_type": kind,
            "target_id": chance.choice(sorted(ARTICLES.values())) if kind == "procedure" else "F1",
            "target_version": str(chance.choice((1, 1, 2))),
            "position": position,
            "displayed_at": displayed,
        }
        self.rows["impression"].append(row)
        return row

    def _events(self, impression: str, at: datetime) -> None:
        chance = self.chance
        for action in ("clicked", "answer_copied"):
            if chance.random() < 0.08:
                undone = format_instant(at) if chance.random() < 0.4 else None
                self.add(
                    "suggestion_event",
                    impression_id=impression,
                    action=action,
                    at=format_instant(at + timedelta(minutes=chance.uniform(1, 3000))),
                    agent="坐席00",
                    reason_code="",
                    comment="",
                    undone_at=undone,
                )

    def _closing(
        self,
        ticket: Row,
        closing: int,
        at: datetime,
        sessions: list[tuple[str, list[Row]]],
        day: float,
        *,
        is_last: bool,
    ) -> None:
        chance = self.chance
        none_fit = chance.random() < 0.2
        agent = self._agent(day)
        self.add(
            "ticket_event",
            ticket_no=ticket["ticket_no"],
            at=format_instant(at),
            action="closed",
            agent=agent,
            closing=closing,
            detail="none_fit" if none_fit else "solution",
        )
        shown = [row for _, rows in sessions for row in rows]
        if not none_fit:
            suggested = chance.choice(shown) if shown and chance.random() < 0.7 else None
            self._link(ticket, closing, at, "solution", suggested)
        if shown and chance.random() < 0.3:
            self._link(ticket, closing, at, "reference", chance.choice(shown))
        if chance.random() < 0.05:
            self._link(ticket, closing, at, "source", None)
        state = "came_back"
        if is_last:
            state = chance.choices(("stayed_closed", "came_back", "pending"), (0.7, 0.12, 0.18))[0]
        settled = None if state == "pending" else format_instant(at + timedelta(days=30))
        self.add(
            "ticket_outcome",
            ticket_no=ticket["ticket_no"],
            closing=closing,
            settled_at=settled,
            state=state,
            reason="repeat" if state == "came_back" else "",
        )

    def _link(self, ticket: Row, closing: int, at: datetime, usage: str, found: Row | None) -> None:
        self.add(
            "ticket_knowledge_link",
            ticket_no=ticket["ticket_no"],
            target_type=found["target_type"] if found else "procedure",
            target_id=found["target_id"] if found else ARTICLES[ticket["category"]],
            target_version=found["target_version"] if found else "1",
            knowledge_usage=usage,
            impression_id=found["id"] if found else None,
            found_by="suggested" if found else self.chance.choice(("searched", "created")),
            linked_by="坐席00",
            linked_at=format_instant(at),
            closing=closing,
        )

    def _searches(self, number: int) -> None:
        chance = self.chance
        day = chance.uniform(0, self.days)
        at, agent, previous = BEGIN + timedelta(days=day), self._agent(day), None
        for step in range(chance.choice((1, 1, 1, 2, 3))):
            previous = self.add(
                "search_record",
                **_SEARCH,
                id=f"Q{number:06d}-{step}",
                agent=agent,
                query_masked=chance.choice(WORDS) + chance.choice(WORDS),
                hits=chance.choice((0, 0, 3, 10)),
                previous=previous,
                is_training=int(chance.random() < 0.05),
                created_at=format_instant(at + timedelta(minutes=step)),
            )

    def save(self, connection: sqlite3.Connection) -> None:
        """Write all rows."""
        order = (
            *("ticket", "suggestion_session", "impression", "suggestion_event", "ticket_event"),
            *("ticket_knowledge_link", "ticket_outcome", "search_record"),
        )
        for table in order:
            rows = self.rows[table]
            if rows:
                names = list(rows[0])
                marks = ", ".join(f":{name}" for name in names)
                connection.executemany(
                    f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})", rows
                )


_TICKET = {
    **dict.fromkeys(
        ("title", "service_number", "number_hash", "area", "urgency", "customer_demand"), ""
    ),
    **dict.fromkeys(
        ("root_cause", "resolution", "callback_result", "external_source", "external_id"), ""
    ),
    **dict.fromkeys(("is_repeat", "escalated", "none_fit"), 0),
    "version": 1,
}
_SESSION = {
    **dict.fromkeys(("query_hash", "index_generation", "ranker_version", "arm"), ""),
    "channel": "desk",
    "mode": "hybrid",
    "top_confidence": "",
    "took_ms": 1.0,
}
_IMPRESSION = {
    "score": 1.0,
    "confidence": "HIGH",
    "propensity": 1.0,
    "matched_terms": "[]",
    "title": "一种办法",
}
_SEARCH = {
    **dict.fromkeys(("query_hash", "query_used", "filters", "index_generation"), ""),
    "ticket_no": None,
    "channel": "page",
    "mode": "hybrid",
}


def make_history(
    connection: sqlite3.Connection, *, tickets: int, seed: int = 7, days: int = DAYS
) -> None:
    """Fill a database with a history of so many tickets."""
    keep(connection, History(seed, days=days).make(tickets))


def make_bad_article(
    connection: sqlite3.Connection,
    *,
    article: str = "P060102",
    version: str = "1",
    kind: str = "procedure",
    start: int = 0,
    is_sample: bool = False,
    is_pending: bool = False,
) -> None:
    """An item that solved BAD_SETTLED closings of a class, BAD_BACK of which came back."""
    history = History(3)
    for number in range(BAD_SETTLED):
        at = BEGIN + timedelta(days=start + number)
        ticket_no = f"TSBAD{article}{version}{start + number:06d}"
        ticket: Row = {
            **dict.fromkeys(("region", "fix"), ""),
            "ticket_no": ticket_no,
            "accepted_at": format_instant(at),
            "channel": "hotline",
            "category": "060101",
            "description": "光猫红灯一直亮",
            "responsible_dept": "装维中心",
            "due_at": None,
            "is_sample": int(is_sample),
            "closings": 1,
            "status": "closed",
            "closed_at": format_instant(at),
            **dict.fromkeys(("overdue", "reopened"), 0),
        }
        history.add("ticket", **_TICKET, **ticket)
        history.add(
            "ticket_knowledge_link",
            ticket_no=ticket_no,
            target_type=kind,
            target_id=article,
            target_version=version,
            knowledge_usage="solution",
            impression_id=None,
            found_by="searched",
            linked_by="坐席00",
            linked_at=format_instant(at),
            closing=0,
        )
        state = "came_back" if number < BAD_BACK else "stayed_closed"
        history.add(
            "ticket_outcome",
            ticket_no=ticket_no,
            closing=0,
            settled_at=None if is_pending else format_instant(at + timedelta(days=30)),
            state="pending" if is_pending else state,
            reason="repeat" if state == "came_back" else "",
        )
    keep(connection, history)


def keep(connection: sqlite3.Connection, history: History) -> None:
    """Save a history in one transaction."""
    connection.execute("BEGIN")
    history.save(connection)
    connection.execute("COMMIT")
