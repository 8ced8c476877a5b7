"""Resolved tickets grouped by what was done: one row a way of fixing it, with what became of it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from kb.store.fixes import FixName, FixTally, read_fix_versions, tally_fixes
from kb.store.tickets import ResolvedTicket

ALIKE = 0.5
"""Share of terms two resolutions without a label must have in common to be one way of fixing."""


SAME = 0.8
SHINGLE = 3
"""Two texts that share SAME of their runs of SHINGLE characters say the same (Broder 1997)."""
EXAMPLES = 3
COPIES = 3

Shingles = frozenset[tuple[str, ...]]
"""Runs of characters of one text."""


@dataclass(frozen=True)
class PastFix:
    """A way of fixing. ``score``: how near its nearest ticket is, lifted by what stayed closed.

    ``tally``: of all its tickets; ``nearest``: those near the complaint, nearest first.
    """

    id: str
    label: str
    score: float
    tally: FixTally
    nearest: tuple[ResolvedTicket, ...]

    @cached_property
    def examples(self) -> tuple[ResolvedTicket, ...]:
        """Those to show: none that says nearly the same as another."""
        return choose_examples(self.nearest)


class FixTallies:
    """What is known of all tickets of each way of fixing, counted anew when anything changed.

    Counting thousands of tickets takes tens of milliseconds, asking whether anything changed less
    than a tenth of one.
    """

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self._held: dict[FixName, tuple[int, FixTally]] = {}

    def load(self, connection: sqlite3.Connection) -> None:
        """Count everything once, so that no question has to wait for it; safe beside ``read``."""
        versions = read_fix_versions(connection)
        self._keep(versions, tally_fixes(connection))

    def read(
        self, connection: sqlite3.Connection, fixes: Collection[FixName]
    ) -> dict[FixName, FixTally]:
        """The tallies of these ways of fixing, as the database is now."""
        versions = read_fix_versions(connection, fixes)
        stale = [
            name
            for name, version in versions.items()
            if name not in self._held or self._held[name][0] != version
        ]
        for name in stale:
            self._held.pop(name, None)
        if stale:
            self._keep(versions, tally_fixes(connection, stale))
        held = {name: self._held.get(name) for name in fixes}
        return {name: found[1] for name, found in held.items() if found}

    def _keep(self, versions: Mapping[FixName, int], tallies: Mapping[FixName, FixTally]) -> None:
        """Remember counts under the numbers read before counting: later changes show."""
        for name, tally in tallies.items():
            self._held[name] = (versions.get(name, 0), tally)


def group_fixes(
    near: Iterable[ResolvedTicket],
    similarity: Mapping[str, float],
    terms: Mapping[str, frozenset[str]],
    tallies: Mapping[FixName, FixTally],
) -> list[PastFix]:
    """Group the tickets near the complaint into fixes, best first.

    ``similarity``: fused score of each, by number. ``terms``: terms of the resolution of tickets
    without a label, by number, by which those are grouped. ``tallies``: of all tickets of each
    labelled fix, near or not.
    """
    groups: dict[FixName, list[ResolvedTicket]] = {}
    loose: list[ResolvedTicket] = []
    for ticket in sorted(near, key=lambda ticket: -similarity.get(ticket.ticket_no, 0.0)):
        name = (ticket.category, ticket.fix)
        if name in tallies:
            groups.setdefault(name, []).append(ticket)
        else:
            loose.append(ticket)
    fixes = [
        _summarise(fix_id(*name), group, tallies[name], similarity)
        for name, group in groups.items()
    ]
    fixes += [
        _summarise(f"T{cluster[0].ticket_no}", cluster, _tally(cluster), similarity)
        for cluster in _clusters(loose, terms)
    ]
    return sorted(fixes, key=lambda fix: (-fix.score, fix.id))


def thin_copies(near: Iterable[tuple[int, float]], *, most: int) -> list[tuple[int, float]]:
    """The first ``most`` (number, score), of each score at most COPIES: copies of one ticket score
    alike to the last digit and would push every other way of fixing out."""
    seen: Counter[float] = Counter()
    kept: list[tuple[int, float]] = []
    for place, score in near:
        seen[score] += 1
        if seen[score] <= COPIES:
            kept.append((place, score))
        if len(kept) == most:
            break
    return kept


def choose_examples(nearest: Sequence[ResolvedTicket]) -> tuple[ResolvedTicket, ...]:
    """The first tickets that do not say nearly the same as one before them."""
    chosen: list[ResolvedTicket] = []
    shingles: list[Shingles] = []
    said: set[str] = set()
    for ticket in nearest:
        text = ticket.description or ticket.title
        if text in said:
            continue
        said.add(text)
        own = shingle(text)
        if any(len(own & other) >= SAME * len(own | other) for other in shingles):
            continue
        chosen.append(ticket)
        shingles.append(own)
        if len(chosen) == EXAMPLES:
            break
    return tuple(chosen)


def shingle(text: str) -> Shingles:
    """All runs of SHINGLE letters and digits of a text; a shorter text is its own."""
    letters = "".join(filter(str.isalnum, text))
    runs = zip(*(letters[start:] for start in range(SHINGLE)), strict=False)
    return frozenset(runs) or frozenset([(letters,)])


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
    key: str, nearest: Sequence[ResolvedTicket], tally: FixTally, similarity: Mapping[str, float]
) -> PastFix:
    near = similarity.get(nearest[0].ticket_no, 0.0)
    return PastFix(
        id=key,
        label=nearest[0].fix or _telling_sentence(nearest[0].resolution),
        score=near * (0.5 + 0.5 * stay_rate(tally.stayed_closed, tally.came_back)),
        tally=tally,
        nearest=tuple(nearest),
    )


def _tally(group: Sequence[ResolvedTicket]) -> FixTally:
    """The count of tickets that no label ties together."""
    return FixTally(
        category=group[0].category,
        fix="",
        tickets=len(group),
        stayed_closed=sum(ticket.state == "stayed_closed" for ticket in group),
        came_back=sum(ticket.state == "came_back" for ticket in group),
        median_hours=round(statistics.median(map(_hours, group)), 1),
        last_seen=max(ticket.closed_at for ticket in group),
        is_sample=all(ticket.is_sample for ticket in group),
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
