"""What the figures are counted from: one row a closing, a session, a search, a kind of ticket."""

from __future__ import annotations

from typing import NamedTuple


class ClosingFact(NamedTuple):
    """One closing made at the desk.

    ``asked``: suggestions were asked for before it; ``shown``: some were seen on a screen.
    ``adopted``: one of them was linked as reference or solution, or its wording copied.
    ``view``: how the desk showed the last of them, one of ``kb.seeing.VIEWS``; "" for another way.
    ``position``: the place in its list of the suggestion that became the solution.
    """

    ticket_no: str
    closing: int
    accepted_at: str
    at: str
    agent: str
    none_fit: bool
    category: str
    department: str
    region: str
    channel: str
    state: str
    links: int
    asked: bool
    shown: bool
    adopted: bool
    view: str
    solved_by: str
    position: int | None


class SessionFact(NamedTuple):
    """One call for suggestions; of the ticket it belongs to, if any."""

    ticket_no: str
    at: str
    agent: str
    abstained: bool
    category: str
    department: str
    region: str
    channel: str
    view: str


class SearchFact(NamedTuple):
    """One explicit search; ``previous``: the search it words anew."""

    id: str
    previous: str | None
    query: str
    hits: int
    at: str
    agent: str


class DueFact(NamedTuple):
    """Tickets with a due time, of one class and department."""

    category: str
    department: str
    overdue: int
    total: int


class SolutionFact(NamedTuple):
    """Settled closings of one class that one version of an item solved."""

    target_type: str
    target_id: str
    target_version: str
    category: str
    came_back: int
    settled: int


class FixFact(NamedTuple):
    """Settled tickets closed by one way of fixing."""

    category: str
    fix: str
    came_back: int
    settled: int


class UsageFact(NamedTuple):
    """How often an item was shown, linked as a reference, and linked as a solution."""

    target_type: str
    target_id: str
    shown: int
    references: int
    solutions: int
