"""Comparing a complaint with the earlier ones of its number: evidence from the desk's language.

At most ten earlier texts are compared with one new one; the index is asked only for the new
text's classes, and only when the number has earlier tickets at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from indexer.analysis import Analyzer, normalise
from indexer.classification import ClassEvidence
from indexer.queries import QueryBuilder
from kb.database import Database
from kb.reference import ReferenceCache
from kb.repeat import (
    MOST_EARLIER,
    Evidence,
    Repeat,
    RepeatQuestion,
    choose_earlier,
    last_promise,
    measure_age,
    read_model,
    same_matter,
    speak_alike,
)
from kb.store import tickets
from kb.suggestion import SuggestionRequest
from kb.ticket import Ticket
from kb.times import format_instant, parse_instant

_WIDEST_GAP = 10.0
_MUCH_FOREIGN = 15.0
_RARE = 6.0
_TELLING = 4.0
"""Minus log share in Chinese at large from which a word says something."""
_MUCH_DETAIL = 20.0


@dataclass(frozen=True)
class Earlier:
    """An earlier complaint of the same number."""

    text: str
    category: str
    days: float
    is_open: bool


@dataclass(frozen=True)
class Comparer:
    """Compares texts in the language of one desk; ``keyness``: how much a word is of the trade."""

    analyzer: Analyzer
    builder: QueryBuilder
    keyness: Callable[[str], float]

    def compare(self, text: str, classes: Sequence[ClassEvidence], earlier: Earlier) -> Evidence:
        """Evidence on one earlier complaint; ``classes``: of the new text, as classified."""
        new, old = normalise(text).text, normalise(earlier.text).text
        said, before = self._words(new), self._words(old)
        return Evidence(
            same_class=sum(each.probability for each in classes if each.code == earlier.category),
            class_gap=class_gap(classes, earlier.category[:4]),
            wide_gap=class_gap(classes, earlier.category[:2]),
            foreign=self._foreign(new, old),
            detail=1 - 1 / (1 + sum(self._rarity(said, _RARE).values()) / _MUCH_DETAIL),
            overlap=_cosine(self._rarity(said, _TELLING), self._rarity(before, _TELLING)),
            age=measure_age(earlier.days),
            is_open=float(earlier.is_open),
            **speak_alike(new, old),
        )

    def _words(self, text: str) -> set[str]:
        return {word for word in self.analyzer.words(text) if len(word) > 1 or word.isdigit()}

    def _rarity(self, words: set[str], common: float) -> dict[str, float]:
        rarity = {word: -math.log(self.analyzer.general_share(word)) - common for word in words}
        return {word: weight for word, weight in rarity.items() if weight > 0}

    def _foreign(self, new: str, old: str) -> float:
        """Trade words of the new text that neither stand in the earlier one nor mean the same."""
        known = {text for text, is_word in self.builder.build(old).terms if is_word}
        query = self.builder.build(new)
        words = {
            text
            for (text, is_word), weight in query.terms.items()
            if is_word and weight == 1.0 and len(text) > 1
        }
        mass = sum(max(0.0, self.keyness(word)) for word in words - known)
        return min(1.0, mass / _MUCH_FOREIGN)


def class_gap(classes: Sequence[ClassEvidence], group: str) -> float:
    """How far the classes of a group (the first digits of a code) are behind the most probable.

    The logarithm of the ratio of both probabilities over ten, not below -1; 0 without classes.
    """
    if not classes or not group:
        return 0.0
    best = max(each.probability for each in classes)
    own = max((each.probability for each in classes if each.code.startswith(group)), default=0.0)
    return max(-1.0, math.log((own + 1e-12) / (best + 1e-12)) / _WIDEST_GAP)


def _cosine(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    common = sum(weight * second[word] for word, weight in first.items() if word in second)
    lengths = math.hypot(*first.values()) * math.hypot(*second.values())
    return common / lengths if lengths else 0.0


class RepeatFinder:
    """Finds what a complaint repeats among the tickets of its number, within the window."""

    def __init__(self, database: Database, reference: ReferenceCache, repeat_days: int) -> None:
        """``repeat_days``: how long after its closing a ticket can be repeated."""
        self._database = database
        self._reference = reference
        self._window = timedelta(days=repeat_days)

    def find(
        self,
        question: RepeatQuestion,
        comparer: Comparer,
        classify: Callable[[], Sequence[ClassEvidence]],
        *,
        now: datetime,
    ) -> Repeat | None:
        """The earlier ticket about the same matter; ``classify``: the classes of the new text."""
        if not question.number_hash:
            return None
        connection = self._database.connection
        found, count = tickets.recent_of_number(
            connection,
            question.number_hash,
            since=format_instant(question.at - self._window),
            until=format_instant(question.at),
            but=question.but,
            limit=MOST_EARLIER,
        )
        if not found:
            return None
        classes, model = classify(), read_model()
        compared = []
        for ticket in found:
            evidence = comparer.compare(question.text, classes, earlier_of(ticket, question.at))
            compared.append((ticket, same_matter(evidence, question.text, model)))
        chosen = choose_earlier(compared, question, threshold=model.threshold)
        if chosen is None:
            return None
        ticket, probability = chosen
        promise, overdue = last_promise(
            ticket,
            tickets.read_events(connection, ticket.ticket_no),
            calendar=self._reference.read().calendar,
            now=now,
        )
        return Repeat(ticket, probability, promise, overdue, count)


def repeat_question(
    request: SuggestionRequest, masked: str, ticket: Ticket | None
) -> RepeatQuestion:
    """What is asked about earlier tickets of the number of a request or of its ticket."""
    if ticket is not None:
        return replace(ticket_question(ticket), text=masked, category=request.category or "")
    at = parse_instant(request.accepted_at or "", field="accepted_at")
    return RepeatQuestion(masked, request.number_hash, at, request.category or "")


def ticket_question(ticket: Ticket) -> RepeatQuestion:
    """What is asked about tickets before this one."""
    return RepeatQuestion(
        text=f"{ticket.title} {ticket.description}".strip(),
        number_hash=ticket.number_hash,
        at=parse_instant(ticket.accepted_at, field="accepted_at"),
        category=ticket.category,
        but=ticket.ticket_no,
        known=ticket.repeat_of or "",
    )


def earlier_of(ticket: Ticket, at: datetime) -> Earlier:
    """A ticket as what a complaint at ``at`` may repeat."""
    accepted = parse_instant(ticket.accepted_at, field="accepted_at")
    return Earlier(
        text=f"{ticket.title} {ticket.description} {ticket.customer_demand}".strip(),
        category=ticket.category,
        days=(at - accepted) / timedelta(days=1),
        is_open=ticket.status == "open",
    )
