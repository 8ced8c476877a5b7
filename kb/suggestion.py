"""What one call for suggestions returns, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kb.bounds import Bounds
from kb.repeat import Repeat, repeat_as_dict

ACTIONS: Mapping[str, str] = {
    "displayed": "已显示",
    "viewed": "已查看",
    "clicked": "已打开",
    "answer_copied": "已复制话术",
    "linked": "已关联",
    "dismissed": "不适用",
    "flagged": "已标记",
}
DECISIONS: Mapping[str, str] = {"none_fit": "都不适用", "gap": "报缺口"}
MAX_TEXT = 20_000
"""Longest complaint taken, in characters."""


@dataclass(frozen=True)
class SuggestionRequest:
    """A complaint as the agent typed it, with what is known of it.

    ``number_hash``: keyed hash of the caller's number, when there is no ticket yet. ``without``:
    key terms of an earlier answer that are to be left out of the question.
    ``is_training``: asked while practising; it never belongs to a ticket. ``view``: how the desk
    shows the answer, for the reports. ``bounds``: what whoever asks is bound to, for the record;
    the engine goes by the database's.
    """

    text: str
    ticket_no: str | None = None
    category: str | None = None
    accepted_at: str | None = None
    region: str = ""
    area: str = ""
    limit: int = 5
    agent: str = ""
    channel: str = "api"
    number_hash: str = ""
    without: tuple[str, ...] = ()
    is_training: bool = False
    view: str = ""
    bounds: Bounds | None = None


@dataclass(frozen=True)
class Why:
    """Why an item is shown: terms found, synonyms that found it, what became of its uses."""

    terms: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, str], ...] = ()
    outcomes_stayed: int = 0
    outcomes_total: int = 0
    note: str = ""


@dataclass(frozen=True)
class CategoryGuess:
    """A class the complaint may belong to, with its probability and the reason."""

    id: str
    name: str
    path: str
    probability: float
    why: str


@dataclass(frozen=True)
class Suggestion:
    """One item shown. ``highlights``: [start, end) character offsets in ``snippet``.

    ``probability``: that it is of the complaint's class; ``confidence`` is named by it, in a past
    fix by this and what became of it.
    ``boost``: the part of the score learnt from outcomes; ``propensity``: the chance it had to
    stand here; ``team``: the ranker that picked it in an experiment.
    ``details`` holds what only this kind of item has, ready for JSON.
    """

    target_type: str
    target_id: str
    target_version: str
    position: int
    score: float
    confidence: str
    title: str
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    why: Why
    details: Mapping[str, object] = field(default_factory=dict)
    impression_id: str = ""
    probability: float = 0.0
    boost: float = 0.0
    propensity: float = 1.0
    team: str = ""


@dataclass(frozen=True)
class Answer:
    """All that is suggested for one complaint.

    ``session_id``: of its record, "" when it could not be written down; its items then have no
    impressions either.
    """

    session_id: str
    mode: str
    mode_reason: str
    abstained: bool
    took_ms: float
    index_generation: str
    ranker_version: str
    query_masked: str
    categories: tuple[CategoryGuess, ...]
    procedures: tuple[Suggestion, ...]
    time_limits: tuple[Suggestion, ...]
    past_fixes: tuple[Suggestion, ...]
    repeat: Repeat | None = None
    terms: tuple[str, ...] = ()
    """The key terms of the complaint, most telling first."""
    corrections: tuple[tuple[str, str], ...] = ()
    """Pinyin and initials read as Chinese: (written, meant)."""
    arm: str = ""

    @property
    def items(self) -> tuple[Suggestion, ...]:
        """Every item shown, in order."""
        return self.procedures + self.time_limits + self.past_fixes


def unrecorded(answer: Answer) -> Answer:
    """The answer that is shown though it could not be written down."""

    def bare(items: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
        return tuple(replace(item, impression_id="") for item in items)

    return replace(
        answer,
        session_id="",
        procedures=bare(answer.procedures),
        time_limits=bare(answer.time_limits),
        past_fixes=bare(answer.past_fixes),
    )


def item_as_dict(item: Suggestion) -> dict[str, object]:
    """One item as JSON: the keys of the API."""
    return {
        "impression_id": item.impression_id,
        "target_type": item.target_type,
        "target_id": item.target_id,
        "target_version": item.target_version,
        "position": item.position,
        "score": round(item.score, 4),
        "confidence": item.confidence,
        "title": item.title,
        "snippet": item.snippet,
        "highlights": [list(pair) for pair in item.highlights],
        "why": {
            "terms": list(item.why.terms),
            "synonyms": [list(pair) for pair in item.why.synonyms],
            "outcomes": {
                "stayed_closed": item.why.outcomes_stayed,
                "total": item.why.outcomes_total,
            },
            "note": item.why.note,
        },
        **item.details,
    }


def answer_as_dict(answer: Answer) -> dict[str, object]:
    """The answer as JSON: what ``POST /suggestions`` and ``kb suggest --json`` both print."""
    return {
        "session_id": answer.session_id,
        "recorded": bool(answer.session_id),
        "mode": answer.mode,
        "mode_reason": answer.mode_reason,
        "abstained": answer.abstained,
        "took_ms": answer.took_ms,
        "index_generation": answer.index_generation,
        "ranker_version": answer.ranker_version,
        "query_masked": answer.query_masked,
        "terms": list(answer.terms),
        "corrections": [list(pair) for pair in answer.corrections],
        "categories": [
            {
                "id": guess.id,
                "name": guess.name,
                "path": guess.path,
                "probability": round(guess.probability, 4),
                "why": guess.why,
            }
            for guess in answer.categories
        ],
        "procedures": [item_as_dict(item) for item in answer.procedures],
        "time_limits": [item_as_dict(item) for item in answer.time_limits],
        "past_fixes": [item_as_dict(item) for item in answer.past_fixes],
        "repeat": repeat_as_dict(answer.repeat),
    }
