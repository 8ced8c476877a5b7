"""Whether a complaint is about the same matter as an earlier one of the same number.

The number decides who may be compared and the window when; what was said decides the rest, by a
logistic model over the classes, the words in common, the time between, and how the caller speaks.
Its weights stand in ``repeat_model.json``, fitted by ``indexer.repeat_fitting`` on the training
part of the labelled pairs in the tests.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from kb.cues import find_cues, wording
from kb.promise import Promise, choose_promise, find_promises
from kb.store.tickets import TicketEvent
from kb.ticket import Ticket
from kb.times import format_instant, parse_instant
from kb.workdays import WorkCalendar

MOST_EARLIER = 10
"""Tickets of one number that are compared, the latest first."""
MONTH = 31
LIMIT_NAME = "办理时限"
"""Stands for a promise when none was written down: the time the ticket itself was due."""
_MODEL = Path(__file__).parent / "repeat_model.json"
_FIGURE = re.compile(r"\d+(?:\.\d+)?|[零一二两三四五六七八九十百千]{2,}")
_TICKET_NO = re.compile(r"TS\d{14}", re.IGNORECASE)


@dataclass(frozen=True)
class RepeatQuestion:
    """A complaint of one number: its text (masked), when it came, and what is known of it.

    ``but``: its own ticket number. ``known``: the ticket it is tied to already.
    """

    text: str
    number_hash: str
    at: datetime
    category: str = ""
    but: str = ""
    known: str = ""


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against the same matter; each between -1 and 1.

    ``same_class``: probability that the new text is of the earlier ticket's class.
    ``class_gap``: 0 when no class is more probable for the new text than one of the earlier
    ticket's second level, down to -1; ``wide_gap``: of its first level.
    ``foreign``: how much of the trade the new text names that the earlier one does not.
    ``detail``: how much it says at all. ``overlap``: cosine of the words of both, weighted by
    rarity. ``figures``: see ``compare_figures``. ``age``: 1 at a month. The others: cues
    (``kb.cues``) in the new text.
    """

    same_class: float
    class_gap: float
    wide_gap: float
    foreign: float
    detail: float
    overlap: float
    figures: float
    age: float
    is_open: float
    again: float
    waiting: float
    earlier: float
    refusing: float
    addressing: float
    asking: float
    settled: float
    apart: float


@dataclass(frozen=True)
class RepeatModel:
    """The fitted weights: of the features, of pieces of wording, and the least probability that
    is flagged."""

    base: float
    weights: Mapping[str, float]
    wording: Mapping[str, float]
    threshold: float


@dataclass(frozen=True)
class Repeat:
    """The earlier ticket a complaint repeats, and what the caller was told last."""

    ticket: Ticket
    probability: float
    promise: Promise | None
    overdue: bool
    count_in_window: int

    @property
    def is_limit(self) -> bool:
        """Whether nothing was promised in words, so that the ticket's own due time is shown."""
        return self.promise is not None and self.promise.text == LIMIT_NAME


def features(evidence: Evidence) -> dict[str, float]:
    """What the model weighs: the evidence, and the class gap where the new text is specific."""
    values = {field.name: float(getattr(evidence, field.name)) for field in fields(Evidence)}
    gap = values["class_gap"]
    return values | {
        "gap_foreign": gap * values["foreign"],
        "gap_detail": gap * values["detail"],
        "wide_foreign": values["wide_gap"] * values["foreign"],
    }


@lru_cache(maxsize=1)
def read_model() -> RepeatModel:
    """The shipped model."""
    return RepeatModel(**json.loads(_MODEL.read_text("utf-8")))


def same_matter(evidence: Evidence, text: str, model: RepeatModel) -> float:
    """Probability that the new complaint ``text`` is about the earlier one's matter."""
    score = model.base
    score += sum(model.weights[name] * value for name, value in features(evidence).items())
    pieces = wording(text)
    score += sum(model.wording.get(piece, 0.0) for piece in pieces) / math.sqrt(len(pieces))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def speak_alike(text: str, earlier: str) -> dict[str, float]:
    """The evidence both texts give without any index: figures and cues."""
    return {"figures": compare_figures(text, earlier), **find_cues(text, earlier)}


def compare_figures(text: str, earlier: str) -> float:
    """1 when both texts name the same figure, -1 when both name some and none is the same."""
    new, old = set(_FIGURE.findall(text)), set(_FIGURE.findall(earlier))
    if not new or not old:
        return 0.0
    return 1.0 if new & old else -1.0


def measure_age(days: float) -> float:
    """How long ago, on a scale where the first days count most: 0 today, 1 at a month."""
    return min(1.0, math.log1p(max(days, 0.0)) / math.log(MONTH))


def choose_earlier(
    found: Sequence[tuple[Ticket, float]], question: RepeatQuestion, *, threshold: float
) -> tuple[Ticket, float] | None:
    """The ticket that is repeated, of those compared (latest first), with its probability.

    A ticket the caller names, or that is known already, goes before the most probable one. Of
    tickets that repeat each other the latest is meant: it holds what the caller was told last.
    """
    named = {number.upper() for number in _TICKET_NO.findall(question.text)} | {question.known}
    chosen = [pair for pair in found if pair[0].ticket_no in named]
    chosen = chosen or [pair for pair in found if pair[1] >= threshold]
    if not chosen:
        return None
    best, probability = max(chosen, key=lambda pair: pair[1])
    if best.ticket_no == question.known:
        return best, probability
    matter = {best.ticket_no, best.repeat_of} - {None}
    for ticket, _ in found:
        if ticket.ticket_no in matter or ticket.repeat_of in matter:
            return ticket, probability
    return best, probability


def last_promise(
    ticket: Ticket, events: Sequence[TicketEvent], *, calendar: WorkCalendar, now: datetime
) -> tuple[Promise | None, bool]:
    """What the caller of ``ticket`` was told last and whether it is overdue.

    Read from callbacks, then from the resolution; without a promise in words the ticket's own due
    time stands for one, overdue if the ticket was not closed by then.
    """
    for text, said_at in _last_words(ticket, events):
        promise = choose_promise(find_promises(text, said_at=said_at, calendar=calendar))
        if promise:
            return promise, bool(promise.due_at and promise.due_at < now)
    if not ticket.due_at:
        return None, False
    due = parse_instant(ticket.due_at, field="due_at")
    ended = parse_instant(ticket.closed_at, field="closed_at") if ticket.closed_at else now
    accepted = parse_instant(ticket.accepted_at, field="accepted_at")
    return Promise(LIMIT_NAME, accepted, due), due < ended


def _last_words(ticket: Ticket, events: Sequence[TicketEvent]) -> list[tuple[str, datetime]]:
    """What the desk wrote of its talk with the caller, the latest first, with when."""
    told = [
        (event.detail, parse_instant(event.at, field="at"))
        for event in reversed(events)
        if event.action.startswith("callback_") and event.detail
    ]
    if ticket.resolution:
        times = [
            event.at
            for event in events
            if event.action == "closed" or "resolution" in event.detail.split(",")
        ]
        said = ticket.closed_at or (times[-1] if times else ticket.accepted_at)
        told.append((ticket.resolution, parse_instant(said, field="closed_at")))
    return told


def repeat_as_dict(repeat: Repeat | None) -> dict[str, Any] | None:
    """A repeat as JSON; None when there is none."""
    if repeat is None:
        return None
    ticket, promise = repeat.ticket, repeat.promise
    return {
        "ticket_no": ticket.ticket_no,
        "title": ticket.title or ticket.description[:40],
        "accepted_at": ticket.accepted_at,
        "closed_at": ticket.closed_at,
        "category": ticket.category,
        "status": ticket.status,
        "probability": round(repeat.probability, 4),
        "last_answer": ticket.resolution,
        "promise": promise
        and {
            "text": promise.text,
            "said_at": format_instant(promise.said_at),
            "due_at": format_instant(promise.due_at) if promise.due_at else None,
            "overdue": repeat.overdue,
        },
        "count_in_window": repeat.count_in_window,
    }
