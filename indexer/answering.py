"""An answer being put together, wherever its candidates come from."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from indexer.arranging import Candidate, Placement
from indexer.classification import ClassEvidence
from indexer.explaining import Explainer
from indexer.language import Language
from indexer.past_fixes import FixTallies
from indexer.queries import Query
from indexer.rankers import TRIAL, Ranking
from indexer.suggesting import Case, suggest_fixes, suggest_limits, suggest_procedures
from kb.reference import Reference
from kb.steps import timed
from kb.suggestion import Answer, Suggestion, SuggestionRequest
from kb.ticket import Ticket
from kb.times import parse_instant


@dataclass(frozen=True)
class Ground:
    """What every answer stands on: the database, the tables beside the articles, the language."""

    connection: sqlite3.Connection
    reference: Reference
    language: Language
    tallies: FixTallies

    @timed("fill")
    def fill(
        self,
        answer: Answer,
        case: Case,
        hits: Sequence[tuple[Candidate, Placement]],
        near: Callable[[], Mapping[str, float]],
    ) -> Answer:
        """The answer with what is suggested: procedures, the limits that bind, past fixes.

        ``near``: the tickets nearest to the complaint, number → how near.
        """
        procedures = suggest_procedures(self.connection, case, hits)
        limits = suggest_limits(case, self.reference, [article for article, _ in procedures])
        fixes = suggest_fixes(self.connection, case, near(), self.language.analyzer, self.tallies)
        shown = [item for _, item in procedures]
        on_trial = any(item.propensity < 1 for item in (*shown, *fixes))
        return replace(
            answer,
            arm=TRIAL if on_trial else answer.arm,
            procedures=_numbered(shown),
            time_limits=_numbered(limits),
            past_fixes=_numbered(fixes),
        )


def empty_answer(masked: str, ranking: Ranking) -> Answer:
    """An answer of this ranking before anything is found."""
    return Answer(
        session_id=secrets.token_hex(12),
        mode="",
        mode_reason="",
        abstained=True,
        took_ms=0.0,
        index_generation="",
        ranker_version=ranking.version,
        arm=ranking.arm,
        query_masked=masked,
        categories=(),
        procedures=(),
        time_limits=(),
        past_fixes=(),
    )


def make_case(
    request: SuggestionRequest,
    query: Query,
    classes: Sequence[ClassEvidence],
    explainer: Explainer,
    ranking: Ranking,
    *,
    ticket: Ticket | None,
    now: datetime,
) -> Case:
    """A complaint with what its request and its ticket say; nothing is found yet."""
    return Case(
        query=query,
        classes=classes,
        explainer=explainer,
        accepted_at=parse_instant(request.accepted_at or "", field="accepted_at"),
        now=now,
        region=request.region,
        area=request.area,
        priority=ticket.urgency if ticket else "",
        limit=request.limit,
        arranger=ranking.arranger(classes),
    )


def _numbered(items: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    return tuple(replace(item, impression_id=secrets.token_hex(12)) for item in items)
