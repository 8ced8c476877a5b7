"""From a complaint to what is suggested: each step a function of values, in the order of design."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from indexer.analysis import Analyzer
from indexer.arranging import Arranger, Candidate, Placement
from indexer.classification import ClassEvidence, describe_evidence
from indexer.confidence import fit_probability, name_confidence
from indexer.documents import Key, parse_key, split_sections
from indexer.explaining import Explainer, Marked
from indexer.past_fixes import FixTallies, PastFix, group_fixes, stay_rate, thin_copies
from indexer.queries import Query
from indexer.retrieval import NOTHING, Retrieved
from indexer.scoring import top
from indexer.snapshot import Snapshot
from indexer.succession import inherit
from kb.article import SECTIONS, Article
from kb.category import Category
from kb.due import bound_details
from kb.limit import (
    BoundLimit,
    LimitRequest,
    bind_limits,
    describe_amount,
)
from kb.reference import Reference
from kb.steps import timed
from kb.store import handbook, tickets
from kb.suggestion import CategoryGuess, Suggestion, Why

CANDIDATES = 40
NEAR_TICKETS = 60
MOST_NEAR = 240
"""Nearest tickets looked at, so that copies of one do not fill the NEAR_TICKETS that are read."""
MOST_LIMITS = 12
CLASSES_SHOWN = 5
LEAST_OF_BEST = 0.3
"""A past fix that scores less than this share of the best one is of another matter."""
SECOND_CLASS = 0.5
"""A second class this share as probable as the first brings its own limits and fixes too."""


@dataclass(frozen=True)
class Case:
    """One complaint being answered: what is known, and what was found so far."""

    query: Query
    classes: Sequence[ClassEvidence]
    explainer: Explainer
    accepted_at: datetime
    now: datetime
    region: str
    area: str
    priority: str
    limit: int
    retrieved: Retrieved = NOTHING
    arranger: Arranger = field(default_factory=Arranger)
    moved: Mapping[str, str] = field(default_factory=dict)
    """Retired classes that articles and passages may still name → the one given instead."""

    def given_today(self, codes: Sequence[str]) -> list[str]:
        """The classes as they are given today."""
        return [self.moved.get(code, code) for code in codes]

    @property
    def likely(self) -> list[ClassEvidence]:
        """The first class, and the second when it is nearly as probable."""
        first = self.classes[:1]
        return [
            each
            for each in self.classes[:2]
            if each is first[0] or each.probability >= SECOND_CLASS * first[0].probability
        ]


def guess_categories(
    case: Case, categories: Mapping[str, Category], titles: Mapping[int, str]
) -> tuple[CategoryGuess, ...]:
    """The most probable classes with their names and reasons; ``titles``: of the classes' best
    articles, by the number of the passage."""
    shown = [each for each in case.classes[:CLASSES_SHOWN] if each.code in categories]
    return tuple(
        CategoryGuess(
            id=evidence.code,
            name=categories[evidence.code].name,
            path=" › ".join(
                categories[code].name
                for code in (evidence.code[:2], evidence.code[:4])
                if code in categories
            ),
            probability=evidence.probability,
            why=describe_evidence(evidence, titles.get(evidence.passage, "")),
        )
        for evidence in shown
    )


def nearest_titles(
    connection: sqlite3.Connection, snapshot: Snapshot, classes: Sequence[ClassEvidence]
) -> dict[int, str]:
    """Titles of the classes' best articles, by the number of the passage."""
    places = [each.passage for each in classes[:CLASSES_SHOWN] if each.passage >= 0]
    keys = [
        parse_key(name) for name in snapshot.passages.collection.keys(np.array(places, np.int64))
    ]
    titles = handbook.read_titles(connection, [(key.identity, key.version) for key in keys])
    return {
        place: titles.get((key.identity, key.version), "")
        for place, key in zip(places, keys, strict=True)
    }


def suggest_procedures(
    connection: sqlite3.Connection, case: Case, hits: Sequence[tuple[Candidate, Placement]]
) -> list[tuple[Article, Suggestion]]:
    """The articles of the hits, in their order, each with its reasons."""
    articles = {
        article.id: article
        for article in handbook.read_articles(
            connection, on=case.now.date(), ids=[hit.target_id for hit, _ in hits]
        )
    }
    outcomes = tickets.solution_outcomes(connection, list(articles))
    shown = [
        (articles[hit.target_id], hit, placed) for hit, placed in hits if hit.target_id in articles
    ]
    return [
        (
            article,
            _placed(
                _procedure(article, case, hit.score, position, outcomes.get(article.id, (0, 0))),
                placed,
            ),
        )
        for position, (article, hit, placed) in enumerate(shown, 1)
    ]


@timed("rank")
def rank_procedures(
    connection: sqlite3.Connection, snapshot: Snapshot, case: Case
) -> list[tuple[Candidate, Placement]]:
    """Articles that are shown today, best first: half what was found, half the class they serve."""
    found = case.retrieved.passages
    held = snapshot.passages.collection
    probability = {evidence.code: evidence.probability for evidence in case.classes}
    named = case.given_today(held.classes)
    by_class = np.array([*(probability.get(code, 0.0) for code in named), 0.0], np.float32)
    boost = by_class[held.class_of[found.places]]
    mixed = np.where(found.scores > 0, 0.5 * found.scores + 0.5 * boost, np.float32(0))
    chosen = top(mixed, CANDIDATES)
    names = held.keys(found.places[chosen])
    candidates = [
        (parse_key(name), float(mixed[place]))
        for place, name in zip(chosen.tolist(), names, strict=True)
    ]
    return place_shown(connection, candidates, case)


def place_shown(
    connection: sqlite3.Connection, candidates: Sequence[tuple[Key, float]], case: Case
) -> list[tuple[Candidate, Placement]]:
    """The best candidates whose revision is the one shown today, or their successors: hits."""
    candidates, _ = inherit(connection, candidates, on=case.now.date())
    ids = [key.identity for key, _ in candidates if key.kind == "article"]
    numbers = handbook.shown_numbers(connection, ids, on=case.now.date())
    hits = [
        Candidate(key.identity, score)
        for key, score in candidates
        if str(numbers.get(key.identity)) == key.version
    ]
    placements = case.arranger.arrange("procedure", hits, case.limit)
    return [(hits[placed.index], placed) for placed in placements]


LEARNT = (
    (0.01, "同类投诉里用它办结的多、反复的少，排名提前"),
    (-0.01, "同类投诉里用它办结的少或反复多，排名靠后"),
)


def _placed(item: Suggestion, placed: Placement) -> Suggestion:
    """The item as the arranger put it: with what outcomes added to its score, and why."""
    if placed == Placement(placed.index):
        return item
    up, down = LEARNT
    learnt = up[1] if placed.boost >= up[0] else down[1] if placed.boost <= down[0] else ""
    return replace(
        item,
        score=item.score + placed.boost,
        boost=placed.boost,
        propensity=placed.propensity,
        team=placed.team,
        why=replace(item.why, note="；".join(filter(None, (item.why.note, learnt)))),
    )


def _procedure(
    article: Article,
    case: Case,
    score: float,
    position: int,
    outcomes: tuple[int, int],
) -> Suggestion:
    revision = article.revision
    sure = fit_probability(case.classes, case.given_today(revision.categories))
    best = case.explainer.best(revision.steps)
    title = case.explainer.mark(article.title)
    if best:
        anchor, marked = f"step-{best[0] + 1}", best[1]
    else:
        sections = split_sections(revision.body)
        anchor, marked = "", case.explainer.snippet(next(iter(sections.values()), ""))
    return Suggestion(
        target_type="procedure" if revision.steps else "article",
        target_id=article.id,
        target_version=revision.version,
        position=position,
        score=score,
        probability=sure,
        confidence=name_confidence(sure),
        title=article.title,
        snippet=marked.text,
        highlights=marked.highlights,
        why=_why(case, title, marked, outcomes),
        details={
            "anchor": anchor,
            "title_highlights": [list(span) for span in title.highlights],
            "chapter": article.chapter,
            "section": article.section,
            "section_name": SECTIONS[article.section],
            "categories": list(revision.categories),
            "steps": list(revision.steps),
            "responsible_dept": article.responsible_dept,
            "valid_from": revision.valid_from.isoformat(),
            "source": "手册",
        },
    )


def _why(
    case: Case, title: Marked, body: Marked, outcomes: tuple[int, int] = (0, 0), note: str = ""
) -> Why:
    terms = tuple(dict.fromkeys((*title.terms, *body.terms)))
    synonyms = tuple(
        pair for pair in case.query.synonyms if pair[1] in body.text or pair[1] in title.text
    )
    return Why(terms, synonyms[:5], outcomes[0], outcomes[1], note)


def suggest_limits(
    case: Case, reference: Reference, procedures: Sequence[Article]
) -> list[Suggestion]:
    """What binds: limits of the likely class and its procedure, strictest first, with due times."""
    bound: dict[str, tuple[BoundLimit, ClassEvidence]] = {}
    for place, evidence in enumerate(case.likely):
        named = [
            limit
            for article in procedures
            if evidence.code in case.given_today(article.revision.categories)
            for limit in article.revision.time_limits
        ]
        category = reference.categories.get(evidence.code)
        priority = case.priority or (category.default_priority if category else "")
        request = LimitRequest(evidence.code, case.region, case.area, priority, tuple(named))
        for item in bind_limits(
            reference.limits.values(),
            request,
            accepted_at=case.accepted_at,
            calendar=reference.calendar,
        ):
            if place == 0 or item.is_specific:
                bound.setdefault(item.limit.id, (item, evidence))
    return [
        _limit(item, evidence, case, reference, position)
        for position, (item, evidence) in enumerate(list(bound.values())[:MOST_LIMITS], 1)
    ]


def _limit(
    item: BoundLimit,
    evidence: ClassEvidence,
    case: Case,
    reference: Reference,
    position: int,
) -> Suggestion:
    limit = item.limit
    marked = case.explainer.mark(limit.condition or limit.subject)
    category = reference.categories.get(evidence.code)
    name = category.name if category else evidence.code
    note = f"适用于「{name}」类" if item.is_specific else "适用于所有投诉"
    return Suggestion(
        target_type="time_limit",
        target_id=limit.id,
        target_version=str(limit.revision),
        position=position,
        score=1.0 / position,
        confidence=name_confidence(evidence.probability),
        title=f"{limit.subject}：{describe_amount(limit)}",
        snippet=marked.text,
        highlights=marked.highlights,
        why=Why(terms=marked.terms, note=note),
        details=bound_details(item),
    )


def near_tickets(snapshot: Snapshot, case: Case) -> dict[str, float]:
    """The tickets nearest to a complaint, copies left out: number → how near."""
    probability = {evidence.code: evidence.probability for evidence in case.classes}
    held = snapshot.tickets.collection
    near = thin_copies(case.retrieved.tickets.best(MOST_NEAR), most=NEAR_TICKETS)
    places = np.array([place for place, _ in near], np.int64)
    similarity: dict[str, float] = {}
    for key, number, (_, score) in zip(
        held.keys(places), held.class_of[places].tolist(), near, strict=True
    ):
        sure = probability.get(held.classes[number], 0.0) if number >= 0 else 1.0
        weight = 0.1 + 0.9 * sure**0.5
        similarity[parse_key(key).identity] = score * weight
    return similarity


def suggest_fixes(
    connection: sqlite3.Connection,
    case: Case,
    similarity: Mapping[str, float],
    analyzer: Analyzer,
    tallies: FixTallies,
) -> list[Suggestion]:
    """Ways in which tickets near to the complaint were closed, best first."""
    probability = {evidence.code: evidence.probability for evidence in case.classes}
    members = tickets.read_resolved(connection, list(similarity))
    terms = {
        ticket.ticket_no: frozenset(analyzer.words(ticket.resolution))
        for ticket in members
        if not ticket.fix
    }
    labelled = {(ticket.category, ticket.fix) for ticket in members if ticket.fix}
    counted = tallies.read(connection, labelled)
    fixes = group_fixes(members, similarity, terms, counted)
    best = fixes[0].score if fixes else 1.0
    fixes = [fix for fix in fixes if fix.score >= LEAST_OF_BEST * best]
    placements = case.arranger.arrange(
        "past_fix", [Candidate(fix.id, fix.score) for fix in fixes], case.limit
    )
    ordered = [(fixes[placed.index], placed) for placed in placements]
    return [
        _placed(_fix(fix, case, probability.get(fix.tally.category, 0.5), position), placed)
        for position, (fix, placed) in enumerate(ordered, 1)
    ]


def _fix(fix: PastFix, case: Case, sure: float, position: int) -> Suggestion:
    nearest = fix.examples[0]
    marked = case.explainer.snippet(nearest.description or nearest.title)
    tally = fix.tally
    settled = tally.stayed_closed + tally.came_back
    likely = sure * stay_rate(tally.stayed_closed, tally.came_back)
    note = "这种办法多次反复，先看其他" if tally.came_back > tally.stayed_closed else ""
    return Suggestion(
        target_type="past_fix",
        target_id=fix.id,
        target_version=str(tally.tickets),
        position=position,
        score=fix.score,
        probability=sure,
        confidence=name_confidence(likely),
        title=fix.label,
        snippet=marked.text,
        highlights=marked.highlights,
        why=Why(marked.terms, (), tally.stayed_closed, settled, note),
        details={
            "category": tally.category,
            "resolution": nearest.resolution,
            "root_cause": nearest.root_cause,
            "tickets": tally.tickets,
            "stayed_closed": tally.stayed_closed,
            "came_back": tally.came_back,
            "median_hours": tally.median_hours,
            "last_seen": tally.last_seen[:10],
            "is_sample": tally.is_sample,
            "source": "工单",
            "examples": [
                {
                    "ticket_no": ticket.ticket_no,
                    "description": ticket.description or ticket.title,
                    "resolution": ticket.resolution,
                    "state": ticket.state,
                }
                for ticket in fix.examples
            ],
        },
    )
