"""Complaints that were shown a list, closed with one of its items, and came back or did not."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kb.desk import Closing, Desk
from kb.linking import Target
from kb.store import sessions
from kb.store.sessions import Impression, Session
from kb.ticket import Ticket
from tests.kb.small import NOW, make_ticket

LATER = NOW + timedelta(days=90)
"""When every repeat window is over."""


@dataclass(frozen=True)
class Case:
    """One complaint: what was shown in which order, what was chosen, what became of it."""

    chosen: str = "B"
    shown: Sequence[str] = "ABC"
    stayed: bool = True
    category: str = "060101"
    at: datetime = NOW
    is_training: bool = False
    is_sample: bool = False
    displayed: Sequence[str] = "ABC"
    arm: str = ""
    teams: Sequence[str] = ()
    boost: float = 0.0
    propensity: float = 1.0


def show(desk: Desk, case: Case) -> dict[str, str]:
    """Record a session and its items; return the impression of each."""
    key = secrets.token_hex(6)
    session = Session(
        id=key,
        ticket_no=None,
        agent="甲",
        channel="desk",
        query_masked="断网",
        query_hash="",
        created_at=case.at.isoformat(timespec="seconds"),
        index_generation="g",
        ranker_version="base-1",
        arm=case.arm,
        mode="hybrid",
        abstained=False,
        top_confidence="HIGH",
        took_ms=1.0,
    )
    teams = case.teams or [""] * len(case.shown)
    impressions = [
        Impression(
            id=f"{key}{name}",
            session_id=key,
            target_type="procedure",
            target_id=name,
            target_version="1",
            position=place,
            score=0.7 - 0.05 * place + case.boost,
            confidence="HIGH",
            propensity=case.propensity,
            matched_terms=(),
            title=name,
            displayed_at=session.created_at if name in case.displayed else None,
            boost=case.boost,
            team=team,
        )
        for place, (name, team) in enumerate(zip(case.shown, teams, strict=True), 1)
    ]
    with desk.database.transaction() as connection:
        sessions.add_session(connection, session, impressions)
    return {item.target_id: item.id for item in impressions}


def close(desk: Desk, case: Case) -> Ticket:
    """Show, close with the chosen item, and let it come back after five days if it did."""
    shown = show(desk, case)
    draft = make_ticket(category=case.category, accepted_at=case.at.isoformat())
    ticket = desk.create(replace(draft, is_sample=case.is_sample), agent="甲", now=case.at)
    solution = Target(impression_id=shown[case.chosen])
    closing = Closing(resolution="重做成端", solution=solution)
    desk.close(ticket.ticket_no, closing, agent="甲", now=case.at)
    desk.database.connection.execute(
        "UPDATE suggestion_session SET is_training = ? WHERE ticket_no = ?",
        (int(case.is_training), ticket.ticket_no),
    )
    if not case.stayed:
        back = case.at + timedelta(days=5)
        desk.reopen(ticket.ticket_no, agent="甲", now=back, reason="又断了")
    return ticket


def settle(desk: Desk) -> None:
    """Let every window pass."""
    desk.settle(now=LATER)
