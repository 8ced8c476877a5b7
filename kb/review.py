"""When an item must be reviewed: what it solved comes back more often than others of its class.

Each version with enough settled solutions in a class is compared with all other settled closings of
that class by Fisher's exact test, one-sided; the chances of all that were compared are corrected
for their number (Benjamini-Hochberg). A task opens when the corrected chance is under FALSE_ALARMS.
The test runs at every settling, so over a long time somewhat more than that share is chance: a task
asks a person to look, it changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kb.significance import adjust_for_many, fisher_greater

LEAST_SETTLED = 20
"""Settled solutions an item needs in a class: with fewer the test could hardly ever speak."""
LEAST_OTHERS = 20
"""Settled closings it is compared with; a class with fewer is widened to the one above it."""
FALSE_ALARMS = 0.05
"""Share of the tasks opened at one settling that may be false alarms."""
WIDER = (6, 4, 2, 0)
"""Digits of the class compared with: third level, second, first, all."""
VERDICTS: Mapping[str, str] = {
    "revised": "已修订",
    "archived": "已下架",
    "kept": "内容无误，不改",
    "other": "其他",
}


@dataclass(frozen=True)
class Tally:
    """Settled closings, and those of them that came back."""

    came_back: int
    settled: int

    def __sub__(self, other: Tally) -> Tally:
        """What is left without ``other``."""
        return Tally(self.came_back - other.came_back, self.settled - other.settled)


@dataclass(frozen=True)
class Subject:
    """What is reviewed: one version of an item, as it was used in one class."""

    target_type: str
    target_id: str
    target_version: str
    category: str


@dataclass(frozen=True)
class Record:
    """What became of the closings a subject solved: those not judged yet, and all of them."""

    subject: Subject
    fresh: Tally
    whole: Tally
    until: str


@dataclass(frozen=True)
class Finding:
    """A subject that comes back more often than chance allows."""

    record: Record
    compared_with: str
    others: Tally
    chance: float
    adjusted: float


def plan_reviews(
    records: Sequence[Record], classes: Mapping[str, Tally], open_subjects: Collection[Subject]
) -> list[Finding]:
    """The subjects to review now. ``classes``: all settled closings by third-level class."""
    compared = [
        (record, *_others(record, classes))
        for record in records
        if record.fresh.settled >= LEAST_SETTLED and record.subject not in open_subjects
    ]
    compared = [item for item in compared if item[2].settled >= LEAST_OTHERS]
    chances = [
        fisher_greater(
            record.fresh.came_back, record.fresh.settled, others.came_back, others.settled
        )
        for record, _, others in compared
    ]
    return [
        Finding(record, within, others, chance, adjusted)
        for (record, within, others), chance, adjusted in zip(
            compared, chances, adjust_for_many(chances), strict=True
        )
        if adjusted < FALSE_ALARMS
    ]


def _others(record: Record, classes: Mapping[str, Tally]) -> tuple[str, Tally]:
    """The narrowest class with enough other closings, and those."""
    for digits in WIDER:
        within = record.subject.category[:digits]
        inside = [tally for code, tally in classes.items() if code.startswith(within)]
        total = Tally(sum(each.came_back for each in inside), sum(each.settled for each in inside))
        others = total - record.whole
        if others.settled >= LEAST_OTHERS:
            break
    return within, others


@dataclass(frozen=True)
class ReviewTask:
    """One request to look at an item, the counts that opened it, and what was done."""

    id: int
    target_type: str
    target_id: str
    target_version: str
    category: str
    compared_with: str
    title: str
    owner: str
    came_back: int
    settled: int
    others_came_back: int
    others_settled: int
    chance: float
    adjusted: float
    evidence_until: str
    opened_at: str
    closed_at: str | None
    closed_by: str
    verdict: str
    done: str

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to look."""
        return self.closed_at is None
