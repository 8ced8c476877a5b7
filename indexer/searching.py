"""Explicit search over both collections: articles, time limits and tickets in one list."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
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
)
from indexer.conditions import Condition, Texts, article_fields, limit_fields, ticket_fields
from indexer.documents import Key, parse_key, split_sections
from indexer.explaining import Explainer, Unmarked
from indexer.queries import Query
from indexer.retrieval import Found, retrieve
from indexer.scoring import top
from indexer.snapshot import Lane, Snapshot
from indexer.succession import find_heirs
from kb.article import Article
from kb.limit import TimeLimit, describe_amount
from kb.searching import SearchHit, SearchQuery
from kb.store import handbook, tickets
from kb.store.tickets import ResolvedTicket

CANDIDATES = 50
"""Articles, limits and tickets each that are looked at closely: so many of the best by both lanes
and of the best by words alone."""
REACH = 200
"""Documents of a collection they are taken from; all of these when only some are asked for."""
ROOM = 5
"""Of one kind alone, so many times as many are looked at as hits are wanted, if that is more."""
CONDITION_REACH = 5_000
"""As many documents are held against a condition; those that miss it cost little."""
CLOSENESS = 0.5
"""Share of the literal find in the final score; the lanes share the rest evenly with words."""

Candidate = tuple[Key, float]


@dataclass(frozen=True)
class Asked:
    """A search as it was understood. ``limits``: the time limits as they stand, by id.

    ``condition``: what a query in the advanced syntax asks of every hit.
    """

    query: SearchQuery
    built: Query
    look: Wanted
    limits: Mapping[str, TimeLimit]
    condition: Condition | None = None

    @property
    def of_handbook(self) -> bool:
        """Whether articles or limits are asked for."""
        return self.query.kind != "ticket"

    @property
    def of_tickets(self) -> bool:
        """Whether tickets are asked for."""
        return self.query.kind in ("all", "ticket") and self.query.chapter is None

    def accepts(self, texts: Callable[[], Texts]) -> bool:
        """Whether a document fits the condition, if there is one."""
        return self.condition is None or self.condition.holds(texts())


@dataclass(frozen=True)
class _Scored:
    """A thing found with its final score; ``hit`` explains it, which only the best ones need."""

    score: float
    order: tuple[str, str]
    hit: Callable[[Explainer, float], SearchHit]


def search_snapshot(
    connection: sqlite3.Connection, snapshot: Snapshot, analyzer: Analyzer, asked: Asked
) -> list[SearchHit]:
    """Hits, best first: articles as shown on the day asked for, limits as they stand, tickets."""
    found = retrieve(
        snapshot,
        asked.built,
        on=asked.query.on,
        passages=asked.of_handbook,
        tickets=asked.of_tickets,
    )
    explainer = LiteralExplainer(analyzer, asked.built, snapshot.passages.ceiling, asked.look)
    return rank_hits(
        connection,
        asked,
        explainer,
        passages=lambda: _candidates(snapshot.passages, found.passages, asked),
        cases=lambda: _candidates(snapshot.tickets, found.tickets, asked),
    )


def rank_hits(
    connection: sqlite3.Connection,
    asked: Asked,
    explainer: Explainer,
    *,
    passages: Callable[[], Sequence[Candidate]],
    cases: Callable[[], Sequence[Candidate]],
) -> list[SearchHit]:
    """Candidates of the handbook and of the tickets, read only if asked for, as hits."""
    query = asked.query
    scored: list[_Scored] = []
    if asked.of_handbook:
        candidates = passages()
        scored += _articles(connection, candidates, asked)
        scored += _heirs(connection, candidates, asked)
        scored += _limits(candidates, asked)
    if asked.of_tickets:
        scored += _tickets(connection, cases(), asked)
    scored.sort(key=lambda each: (-each.score, each.order))
    once = {each.order: each for each in reversed(scored)}
    best = [each for each in scored if once[each.order] is each][: query.limit]
    marking = Unmarked() if query.is_brief else explainer
    return [each.hit(marking, each.score) for each in best]


def _candidates(lane: Lane, found: Found, asked: Asked) -> list[Candidate]:
    """The best of both lanes together and the best by words alone, with the mean of both scores."""
    words = lane.words.score(asked.built.terms)
    words[lane.blocked(asked.query.on.toordinal())] = 0
    fused = np.zeros(len(words), np.float32)
    fused[found.places] = found.scores
    best = float(words.max(initial=0.0)) or 1.0
    reach = REACH if asked.condition is None else CONDITION_REACH
    places = np.union1d(top(fused, reach), top(words, reach))
    keys = list(map(parse_key, lane.collection.keys(places)))
    scores = ((fused[places] + words[places] / best) / 2).tolist()
    query = asked.query
    if asked.condition or query.region or query.category or query.chapter is not None:
        return list(zip(keys, scores, strict=True))
    room = CANDIDATES if query.kind == "all" else max(CANDIDATES, ROOM * query.limit)
    kept: set[int] = set()
    for kind in {key.kind for key in keys}:
        own = np.array([place for place, key in enumerate(keys) if key.kind == kind])
        for lane_scores in (fused[places[own]], words[places[own]]):
            kept.update(own[top(lane_scores, room)].tolist())
    return [(keys[place], scores[place]) for place in sorted(kept)]


def _mixed(score: float, literal: float) -> float:
    return (1 - CLOSENESS) * score + CLOSENESS * literal


def _articles(
    connection: sqlite3.Connection, candidates: Sequence[Candidate], asked: Asked
) -> Iterator[_Scored]:
    query, look = asked.query, asked.look
    if query.kind == "time_limit":
        return
    scores = {(key.identity, key.version): score for key, score in candidates}
    names = [key.identity for key, _ in candidates if key.kind == "article"]
    shown = handbook.read_articles(connection, on=query.on, ids=names, chapter=query.chapter)
    for article in shown:
        score = scores.get((article.id, article.revision.version))
        if score is None or not _serves(article.revision.categories, query.category):
            continue
        if not asked.accepts(partial(article_fields, article)):
            continue
        literal = 1.0 if is_keyword(look, article) else closeness(look, article_texts(article))
        order = ("article", article.id)
        yield _Scored(_mixed(score, literal), order, partial(_article_hit, article))


def _heirs(
    connection: sqlite3.Connection, candidates: Sequence[Candidate], asked: Asked
) -> Iterator[_Scored]:
    """The articles read instead of archived ones that would have been found."""
    query = asked.query
    if query.kind == "time_limit":
        return
    scores = {(key.identity, key.version): score for key, score in candidates}
    names = list({key.identity for key, _ in candidates if key.kind == "article"})
    heirs = find_heirs(connection, names, on=query.on)
    ids = [each.article_id for each in heirs.values()]
    shown = {
        article.id: article
        for article in handbook.read_articles(
            connection, on=query.on, ids=ids, chapter=query.chapter
        )
    }
    for heir in heirs.values():
        score, article = scores.get((heir.gone, str(heir.number))), shown.get(heir.article_id)
        if score is None or article is None:
            continue
        gone = handbook.read_article(connection, heir.gone, number=heir.number)
        fits = _serves(article.revision.categories, query.category)
        if fits and asked.accepts(partial(article_fields, gone)):
            literal = (
                1.0 if is_keyword(asked.look, gone) else closeness(asked.look, article_texts(gone))
            )
            hit = partial(_article_hit, article, instead_of=heir.gone)
            yield _Scored(_mixed(score, literal), ("article", article.id), hit)


def _limits(candidates: Sequence[Candidate], asked: Asked) -> Iterator[_Scored]:
    query = asked.query
    if query.kind == "article" or query.chapter is not None:
        return
    for key, score in candidates:
        limit = asked.limits.get(key.identity) if key.kind == "time_limit" else None
        if limit is None or str(limit.revision) != key.version:
            continue
        elsewhere = query.region and limit.region and query.region not in limit.region
        if elsewhere or limit.is_retired(query.on) or not _serves(limit.categories, query.category):
            continue
        if asked.accepts(partial(limit_fields, limit)):
            literal = closeness(asked.look, limit_texts(limit))
            order = ("time_limit", limit.id)
            yield _Scored(_mixed(score, literal), order, partial(_limit_hit, limit))


def _tickets(
    connection: sqlite3.Connection, candidates: Sequence[Candidate], asked: Asked
) -> Iterator[_Scored]:
    scores = {key.identity: score for key, score in candidates}
    for ticket in tickets.read_resolved(connection, list(scores)):
        here = not asked.query.region or asked.query.region in ticket.region
        fits = here and _serves((ticket.category,), asked.query.category)
        if fits and asked.accepts(partial(ticket_fields, ticket)):
            literal = closeness(asked.look, ticket_texts(ticket))
            score = _mixed(scores[ticket.ticket_no], literal)
            yield _Scored(score, ("ticket", ticket.ticket_no), partial(_ticket_hit, ticket))


def _serves(codes: Sequence[str], category: str) -> bool:
    return not category or any(code.startswith(category) for code in codes)


def _article_hit(
    article: Article, explainer: Explainer, score: float, *, instead_of: str = ""
) -> SearchHit:
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
        instead_of=instead_of,
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
