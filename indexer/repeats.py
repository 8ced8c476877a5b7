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
class Said:
    """A new complaint as it is compared: read once, however many earlier ones there are.

    ``rarity``: weight of each telling word. ``trade``: how much each word is of the trade.
    """

    normal: str
    classes: Sequence[ClassEvidence]
    rarity: Mapping[str, float]
    detail: float
    trade: Mapping[str, float]


@dataclass(frozen=True)
class Comparer:
    """Compares texts in the language of one desk; ``keyness``: how much words are of the trade."""

    analyzer: Analyzer
    builder: QueryBuilder
    keyness: Callable[[Sequence[str]], Sequence[float]]

    def read(self, text: str, classes: Sequence[ClassEvidence]) -> Said:
        """Read a new complaint; ``classes``: as it was classified."""
        normal = normalise(text).text
        telling = [
            word
            for (word, is_word), weight in self.builder.build(normal).terms.items()
            if is_word and weight == 1.0 and len(word) > 1
        ]
        keys = zip(telling, self.keyness(telling), strict=True)
        return Said(
            normal=normal,
            classes=classes,
            rarity=self._rarity(normal, _TELLING),
            detail=1 - 1 / (1 + sum(self._rarity(normal, _RARE).values()) / _MUCH_DETAIL),
            trade={word: key for word, key in keys if key > 0},
        )

    def compare(self, said: Said, earlier: Earlier) -> Evidence:
        """Evidence on one earlier complaint."""
        old = normalise(earlier.text).text
        meant = {word for word, is_word in self.builder.build(old).terms if is_word}
        foreign = sum(weight for word, weight in said.trade.items() if word not in meant)
        return Evidence(
            same_class=_share(said.classes, earlier.category),
            same_group=_share(said.classes, earlier.category[:4]),
            same_field=_share(said.classes, earlier.category[:2]),
            class_gap=class_gap(said.classes, earlier.category[:4]),
            wide_gap=class_gap(said.classes, earlier.category[:2]),
            foreign=min(1.0, foreign / _MUCH_FOREIGN),
            detail=said.detail,
            overlap=_cosine(said.rarity, self._rarity(old, _TELLING)),
            age=measure_age(earlier.days),
            is_open=float(earlier.is_open),
            **speak_alike(said.normal, old),
        )

    def _rarity(self, text: str, common: float) -> dict[str, float]:
        """Words of a text with how far they are rarer than ``common``."""
        words = {word for word in self.analyzer.words(text) if len(word) > 1 or word.isdigit()}
        rarity = {word: -math.log(self.analyzer.general_share(word)) - common for word in words}
        return {word: weight for word, weight in rarity.items() if weight > 0}


def class_gap(classes: Sequence[ClassEvidence], group: str) -> float:
    """How far the classes of a group (the first digits of a code) are behind the most probable.

    The logarithm of the ratio of both probabilities over ten, not below -1; 0 without classes.
    """
    if not classes or not group:
        return 0.0
    best = max(each.probability for each in classes)
    own = max((each.probability for each in classes if each.code.startswith(group)), default=0.0)
    return max(-1.0, math.log((own + 1e-12) / (best + 1e-12)) / _WIDEST_GAP)


def _share(classes: Sequence[ClassEvidence], group: str) -> float:
    return sum(each.probability for each in classes if group and each.code.startswith(group))


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
        said, model = comparer.read(question.text, classify()), read_model()
        compared = []
        for ticket in found:
            evidence = comparer.compare(said, earlier_of(ticket, question.at))
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
