"""Resolved tickets grouped by what was done: one row a way of fixing it, with what became of it."""

from __future__ import annotations

import hashlib
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kb.store.tickets import ResolvedTicket

ALIKE = 0.5
"""Share of terms two resolutions without a label must have in common to be one way of fixing."""


@dataclass(frozen=True)
class PastFix:
    """A way of fixing. ``score``: how near its nearest ticket is, lifted by what stayed closed.

    ``examples``: its tickets nearest to the complaint, nearest first.
    """

    id: str
    label: str
    category: str
    score: float
    tickets: int
    stayed_closed: int
    came_back: int
    median_hours: float
    last_seen: str
    examples: tuple[ResolvedTicket, ...]


def group_fixes(
    members: Iterable[ResolvedTicket],
    similarity: Mapping[str, float],
    terms: Mapping[str, frozenset[str]],
) -> list[PastFix]:
    """Group tickets into fixes, best first.

    ``members``: the tickets near the complaint and all others of the same class and label.
    ``similarity``: fused score of each near ticket, by number. ``terms``: terms of the resolution
    of tickets without a label, by number, by which those are grouped.
    """
    groups: dict[str, list[ResolvedTicket]] = {}
    loose: list[ResolvedTicket] = []
    for ticket in members:
        if ticket.fix:
            groups.setdefault(fix_id(ticket.category, ticket.fix), []).append(ticket)
        else:
            loose.append(ticket)
    loose.sort(key=lambda ticket: -similarity.get(ticket.ticket_no, 0.0))
    for cluster in _clusters(loose, terms):
        groups[f"T{cluster[0].ticket_no}"] = cluster
    fixes = [_summarise(key, group, similarity) for key, group in groups.items()]
    return sorted(fixes, key=lambda fix: (-fix.score, fix.id))


def fix_id(category: str, label: str) -> str:
    """Stable name of a labelled way of fixing within a class."""
    return f"F{category}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def stay_rate(stayed: int, came_back: int) -> float:
    """Share that stayed closed, drawn to 0.8 by a prior worth five tickets."""
    return (stayed + 4) / (stayed + came_back + 5)


def _clusters(
    tickets: Sequence[ResolvedTicket], terms: Mapping[str, frozenset[str]]
) -> list[list[ResolvedTicket]]:
    """Each ticket joins the first earlier one whose resolution is alike, or starts its own."""
    clusters: list[list[ResolvedTicket]] = []
    for ticket in tickets:
        own = terms.get(ticket.ticket_no, frozenset())
        for cluster in clusters:
            head = terms.get(cluster[0].ticket_no, frozenset())
            if own and len(own & head) >= ALIKE * len(own | head):
                cluster.append(ticket)
                break
        else:
            clusters.append([ticket])
    return clusters


def _summarise(
    key: str, group: Sequence[ResolvedTicket], similarity: Mapping[str, float]
) -> PastFix:
    nearest = sorted(group, key=lambda ticket: -similarity.get(ticket.ticket_no, 0.0))
    stayed = sum(ticket.state == "stayed_closed" for ticket in group)
    came_back = sum(ticket.state == "came_back" for ticket in group)
    near = similarity.get(nearest[0].ticket_no, 0.0)
    return PastFix(
        id=key,
        label=nearest[0].fix or _telling_sentence(nearest[0].resolution),
        category=nearest[0].category,
        score=near * (0.5 + 0.5 * stay_rate(stayed, came_back)),
        tickets=len(group),
        stayed_closed=stayed,
        came_back=came_back,
        median_hours=round(statistics.median(map(_hours, group)), 1),
        last_seen=max(ticket.closed_at for ticket in group)[:10],
        examples=tuple(nearest[:3]),
    )


def _hours(ticket: ResolvedTicket) -> float:
    taken = datetime.fromisoformat(ticket.closed_at) - datetime.fromisoformat(ticket.accepted_at)
    return taken.total_seconds() / 3600


_SENTENCE = re.compile(r"[^。！？；\n]+")
_GREETING = re.compile(r"您好|你好|网友|留言|收悉|感谢|如下|来信|答复")
LABEL = 40


def _telling_sentence(text: str) -> str:
    """The first sentence that says something: official replies open with greetings."""
    sentences = [found[0].strip() for found in _SENTENCE.finditer(text)]
    telling = [each for each in sentences if len(each) >= 8 and not _GREETING.search(each)]
    chosen = (telling or sentences or [""])[0]
    return chosen if len(chosen) <= LABEL else chosen[: LABEL - 1] + "…"
