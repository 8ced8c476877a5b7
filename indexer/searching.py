"""Explicit search over both collections: articles, time limits and tickets in one list."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from indexer.analysis import Analyzer
from indexer.closeness import (
    LiteralExplainer,
    Wanted,
    article_texts,
    closeness,
    is_keyword,
    limit_texts,
    ticket_texts,
    wanted,
)
from indexer.documents import Key, parse_key, split_sections
from indexer.explaining import Explainer
from indexer.queries import Query
from indexer.retrieval import Found, retrieve
from indexer.scoring import top
from indexer.snapshot import Lane, Snapshot
from kb.article import Article
from kb.limit import TimeLimit, describe_amount
from kb.searching import SearchHit, SearchQuery
from kb.store import handbook, tickets
from kb.store.tickets import ResolvedTicket

CANDIDATES = 100
"""Candidates of each collection that are looked at closely, by both lanes and by words alone."""
FILTERED = 4
"""Times as many when only some kinds, chapters or classes are asked for."""
CLOSENESS = 0.5
"""Share of the literal find in the final score; the lanes share the rest evenly with words."""

Candidate = tuple[Key, float]


@dataclass(frozen=True)
class _Scored:
    """A thing found with its final score; ``hit`` explains it, which only the best ones need."""

    score: float
    order: tuple[str, str]
    hit: Callable[[float], SearchHit]


def search_snapshot(
    connection: sqlite3.Connection,
    snapshot: Snapshot,
    analyzer: Analyzer,
    built: Query,
    query: SearchQuery,
) -> list[SearchHit]:
    """Hits, best first: articles as shown on the day asked for, limits as they stand, tickets."""
    found = retrieve(snapshot, built, analyzer, on=query.on)
    look = wanted(query.text, built.text)
    explainer = LiteralExplainer(
        analyzer, built, lambda term: snapshot.passages.words.ceiling(term, is_word=True), look
    )
    scored: list[_Scored] = []
    if query.kind in ("all", "article", "time_limit"):
        candidates = _candidates(snapshot.passages, found.passages, built, query)
        scored += _passages(connection, candidates, explainer, query, look)
    if query.kind in ("all", "ticket") and query.chapter is None:
        candidates = _candidates(snapshot.tickets, found.tickets, built, query)
        scored += _tickets(connection, candidates, explainer, query, look)
    scored.sort(key=lambda each: (-each.score, each.order))
    return [each.hit(each.score) for each in scored[: query.limit]]


def _candidates(lane: Lane, found: Found, built: Query, query: SearchQuery) -> list[Candidate]:
    """The best of both lanes together and the best by words alone, with the mean of both scores."""
    is_filtered = query.kind != "all" or query.chapter is not None or query.category
    count = CANDIDATES * (FILTERED if is_filtered else 1)
    words = lane.words.score(built.terms)
    words[lane.blocked(query.on.toordinal())] = 0
    fused = np.zeros(len(words), np.float32)
    fused[found.places] = found.scores
    best = float(words.max(initial=0.0)) or 1.0
    scores = (fused + words / best) / 2
    places = np.union1d(top(fused, count), top(words, count))
    return [
        (parse_key(key), float(scores[place]))
        for key, place in zip(lane.collection.keys(places), places.tolist(), strict=True)
    ]


def _mixed(score: float, literal: float) -> float:
    return (1 - CLOSENESS) * score + CLOSENESS * literal


def _passages(
    connection: sqlite3.Connection,
    candidates: Sequence[Candidate],
    explainer: Explainer,
    query: SearchQuery,
    look: Wanted,
) -> Iterator[_Scored]:
    scores = {(key.identity, key.version): score for key, score in candidates}
    names = [key.identity for key, _ in candidates if key.kind == "article"]
    if query.kind != "time_limit":
        shown = handbook.read_articles(connection, on=query.on, ids=names, chapter=query.chapter)
        for article in shown:
            score = scores.get((article.id, article.revision.version))
            if score is not None and _serves(article.revision.categories, query.category):
                literal = 1.0 if is_keyword(look, article) else 0.0
                literal = literal or closeness(look, article_texts(article))
                yield _Scored(
                    _mixed(score, literal),
                    ("article", article.id),
                    partial(_article_hit, article, explainer),
                )
    if query.kind != "article" and query.chapter is None:
        limits = handbook.read_limits(connection)
        for key, score in candidates:
            limit = limits.get(key.identity) if key.kind == "time_limit" else None
            if limit is None or str(limit.revision) != key.version:
                continue
            if _serves(limit.categories, query.category):
                yield _Scored(
                    _mixed(score, closeness(look, limit_texts(limit))),
                    ("time_limit", limit.id),
                    partial(_limit_hit, limit, explainer),
                )


def _tickets(
    connection: sqlite3.Connection,
    candidates: Sequence[Candidate],
    explainer: Explainer,
    query: SearchQuery,
    look: Wanted,
) -> Iterator[_Scored]:
    scores = {key.identity: score for key, score in candidates}
    for ticket in tickets.read_resolved(connection, list(scores)):
        if _serves((ticket.category,), query.category):
            yield _Scored(
                _mixed(scores[ticket.ticket_no], closeness(look, ticket_texts(ticket))),
                ("ticket", ticket.ticket_no),
                partial(_ticket_hit, ticket, explainer),
            )


def _serves(codes: Sequence[str], category: str) -> bool:
    return not category or any(code.startswith(category) for code in codes)


def _article_hit(article: Article, explainer: Explainer, score: float) -> SearchHit:
    revision = article.revision
    title = explainer.mark(article.title)
    best = explainer.best(revision.steps)
    anchor, body = ("", explainer.snippet("\n".join(split_sections(revision.body).values())))
    if best and best[1].weight >= body.weight:
        anchor, body = f"step-{best[0] + 1}", best[1]
    return SearchHit(
        target_type="procedure" if revision.steps else "article",
        target_id=article.id,
        target_version=revision.version,
        title=article.title,
        title_highlights=title.highlights,
        anchor=anchor,
        snippet=body.text,
        highlights=body.highlights,
        score=round(score, 4),
        chapter=article.chapter,
        source="手册",
        valid_from=revision.valid_from.isoformat(),
        why=tuple(dict.fromkeys((*title.terms, *body.terms))),
    )


def _limit_hit(limit: TimeLimit, explainer: Explainer, score: float) -> SearchHit:
    title = explainer.mark(f"{limit.subject}：{describe_amount(limit)}")
    body = explainer.mark(f"{limit.region}{limit.condition} 自{limit.from_event}起")
    return SearchHit(
        target_type="time_limit",
        target_id=limit.id,
        target_version=str(limit.revision),
        title=title.text,
        title_highlights=title.highlights,
        anchor="",
        snippet=body.text,
        highlights=body.highlights,
        score=round(score, 4),
        chapter=None,
        source=limit.source,
        valid_from="",
        why=tuple(dict.fromkeys((*title.terms, *body.terms))),
    )


def _ticket_hit(ticket: ResolvedTicket, explainer: Explainer, score: float) -> SearchHit:
    title = explainer.mark(ticket.title or ticket.fix or ticket.root_cause or ticket.ticket_no)
    body = explainer.snippet(f"{ticket.description}\n{ticket.resolution}")
    return SearchHit(
        target_type="ticket",
        target_id=ticket.ticket_no,
        target_version="",
        title=title.text,
        title_highlights=title.highlights,
        anchor="",
        snippet=body.text,
        highlights=body.highlights,
        score=round(score, 4),
        chapter=None,
        source="工单",
        valid_from=ticket.accepted_at[:10],
        why=tuple(dict.fromkeys((*title.terms, *body.terms))),
    )
