"""Explicit search over both collections: articles, time limits and tickets in one list."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from indexer.analysis import Analyzer
from indexer.documents import Key, parse_key, split_sections
from indexer.explaining import Explainer
from indexer.queries import Query
from indexer.retrieval import Found, retrieve
from indexer.snapshot import Lane, Snapshot
from kb.article import Article
from kb.limit import TimeLimit, describe_amount
from kb.searching import SearchHit, SearchQuery
from kb.store import handbook, tickets
from kb.store.tickets import ResolvedTicket

CANDIDATES = 100
Candidate = tuple[Key, float]


def search_snapshot(
    connection: sqlite3.Connection,
    snapshot: Snapshot,
    analyzer: Analyzer,
    built: Query,
    query: SearchQuery,
) -> list[SearchHit]:
    """Hits, best first: articles as shown on the day asked for, limits as they stand, tickets."""
    found = retrieve(snapshot, built, analyzer, on=query.on)
    explainer = Explainer(
        analyzer, built, lambda term: snapshot.passages.words.ceiling(term, is_word=True)
    )
    hits: list[SearchHit] = []
    if query.kind in ("all", "article", "time_limit"):
        candidates = _candidates(snapshot.passages, found.passages)
        hits += _passage_hits(connection, candidates, explainer, query)
    if query.kind in ("all", "ticket") and query.chapter is None:
        candidates = _candidates(snapshot.tickets, found.tickets)
        hits += _ticket_hits(connection, candidates, explainer, query)
    hits.sort(key=lambda hit: (-hit.score, hit.target_type, hit.target_id))
    return hits[: query.limit]


def _candidates(lane: Lane, found: Found) -> list[Candidate]:
    best = found.best(CANDIDATES)
    keys = lane.collection.keys(np.array([place for place, _ in best], np.int64))
    return [(parse_key(key), score) for key, (_, score) in zip(keys, best, strict=True)]


def _passage_hits(
    connection: sqlite3.Connection,
    candidates: Sequence[Candidate],
    explainer: Explainer,
    query: SearchQuery,
) -> list[SearchHit]:
    scores = {(key.identity, key.version): score for key, score in candidates}
    names = [key.identity for key, _ in candidates if key.kind == "article"]
    hits = []
    if query.kind != "time_limit":
        shown = handbook.read_articles(connection, on=query.on, ids=names, chapter=query.chapter)
        hits += [
            _article_hit(article, explainer, scores[article.id, article.revision.version])
            for article in shown
            if (article.id, article.revision.version) in scores
            and _serves(article.revision.categories, query.category)
        ]
    if query.kind != "article" and query.chapter is None:
        limits = handbook.read_limits(connection)
        hits += [
            _limit_hit(limits[key.identity], explainer, score)
            for key, score in candidates
            if key.kind == "time_limit"
            and key.identity in limits
            and str(limits[key.identity].revision) == key.version
            and _serves(limits[key.identity].categories, query.category)
        ]
    return hits


def _ticket_hits(
    connection: sqlite3.Connection,
    candidates: Sequence[Candidate],
    explainer: Explainer,
    query: SearchQuery,
) -> list[SearchHit]:
    scores = {key.identity: score for key, score in candidates}
    return [
        _ticket_hit(ticket, explainer, scores[ticket.ticket_no])
        for ticket in tickets.read_resolved(connection, list(scores))
        if _serves((ticket.category,), query.category)
    ]


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
