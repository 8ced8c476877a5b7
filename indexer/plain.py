"""Answers without an index: words looked for in the database, until there is an index again.

Slower and coarser, and it says so: no meaning, nothing learnt of classes. What is shown is held
against the database as ever, so that nothing withdrawn is shown.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from indexer.analysis import Analyzer
from indexer.answering import Ground, empty_answer, make_case
from indexer.asking import fold_retired, settle_class
from indexer.classification import ClassEvidence
from indexer.closeness import LiteralExplainer, wanted
from indexer.conditions import parse_condition
from indexer.documents import Key
from indexer.explaining import COMMON_SHARE, FILLERS, Explainer
from indexer.queries import Query
from indexer.rankers import Ranking
from indexer.searching import CANDIDATES, CONDITION_REACH, Asked, Candidate, rank_hits
from indexer.succession import inherit
from indexer.suggesting import guess_categories, place_shown
from kb.article import Article
from kb.masking import mask_text
from kb.searching import SearchHit, SearchQuery, SearchResult
from kb.store import handbook, plain, tickets
from kb.suggestion import Answer, SuggestionRequest

MODE = "database"
REASON = "现在直接按词查数据库，较慢也较粗，请多核对"
MOST_WORDS = 12
"""Words looked for: the rarest of those asked."""
SURE = 0.5
"""The most that is claimed for a class: half of it is a guess by words alone."""
LEAST_WORDS = 2
"""Words of a complaint that an article must hold at least, or nothing is suggested."""
MOST_CLASSES = 5


def rarity(analyzer: Analyzer, word: str) -> float:
    """How telling a word is, by how rare it is in Chinese at large."""
    return -math.log(analyzer.general_share(word))


def telling_words(analyzer: Analyzer, query: Query) -> dict[str, float]:
    """The words of a query that are worth looking for, the rarest first, with their weights."""
    weighed = {
        text: weight * rarity(analyzer, text)
        for (text, is_word), weight in query.terms.items()
        if is_word and (len(text) > 1 or text.isdigit()) and text not in FILLERS
        if analyzer.general_share(text) < COMMON_SHARE
    }
    best = sorted(weighed, key=lambda word: (-weighed[word], word))[:MOST_WORDS]
    return {word: weighed[word] for word in best}


def find_passages(
    connection: sqlite3.Connection, words: Mapping[str, float], *, on: date, most: int = CANDIDATES
) -> list[Candidate]:
    """Articles that hold the words, those that a successor stands in for too, best first, with
    scores up to 1."""
    found = plain.find_articles(connection, words, on=on, most=most)
    found += plain.find_superseded(connection, words, on=on, most=most)
    found.sort(key=lambda each: (-each[2], each[0]))
    best = found[0][2] if found else 1.0
    return [(Key("article", name, number), score / best) for name, number, score in found]


def find_cases(
    connection: sqlite3.Connection, words: Mapping[str, float], *, most: int = CANDIDATES
) -> list[Candidate]:
    """Closed tickets that hold the words, best first, with scores up to 1."""
    found = plain.find_tickets(connection, words, most=most)
    best = found[0][1] if found else 1.0
    return [(Key("ticket", number, ""), score / best) for number, score in found]


def guess_classes(
    candidates: Sequence[Candidate], articles: Mapping[str, Article]
) -> list[ClassEvidence]:
    """The classes of the articles found, most probable first; never surer than SURE."""
    scores: dict[str, float] = {}
    for key, score in candidates:
        article = articles.get(key.identity)
        codes = article.revision.categories if article else ()
        if len(codes) == 1:
            scores[codes[0]] = max(scores.get(codes[0], 0.0), score)
    best = sorted(scores, key=lambda code: (-scores[code], code))[:MOST_CLASSES]
    total = sum(scores[code] for code in best) or 1.0
    return [ClassEvidence(code, SURE * scores[code] / total) for code in best]


def is_clear(article: Article, words: Mapping[str, float]) -> bool:
    """Whether an article holds enough of a complaint's words to be shown at all."""
    revision = article.revision
    text = "\n".join((revision.title, *revision.keywords, *revision.steps, revision.body)).lower()
    return sum(word in text for word in words) >= min(LEAST_WORDS, len(words)) > 0


def answer(
    ground: Ground, reason: str, request: SuggestionRequest, ranking: Ranking, *, now: datetime
) -> Answer:
    """What is suggested for a complaint by words alone; ``reason``: why there is no index."""
    connection, analyzer = ground.connection, ground.language.analyzer
    masked = mask_text(request.text, never=ground.reference.never_mask)
    query = ground.language.builder.build(masked, without=request.without)
    words = telling_words(analyzer, query)
    found, heirs = inherit(
        connection, find_passages(connection, words, on=now.date()), on=now.date()
    )
    names = [key.identity for key, _ in found]
    shown = handbook.read_articles(connection, on=now.date(), ids=names)
    articles = {
        article.id: article for article in shown if article.id in heirs or is_clear(article, words)
    }
    found = [each for each in found if each[0].identity in articles]
    moved = ground.reference.moved
    classes = fold_retired(guess_classes(found, articles), moved)
    if request.category:
        classes = settle_class(classes, request.category)
    ticket = tickets.read_ticket(connection, request.ticket_no) if request.ticket_no else None
    explainer = Explainer(analyzer, query, partial(rarity, analyzer))
    case = make_case(request, query, classes, explainer, ranking, ticket=ticket, now=now)
    case = replace(case, moved=moved)
    made = replace(
        empty_answer(masked, ranking),
        mode=MODE,
        mode_reason=f"{reason}。{REASON}",
        abstained=not classes,
        categories=guess_categories(case, ground.reference.categories, {}),
        terms=explainer.telling(),
    )
    if made.abstained:
        return made
    hits = place_shown(connection, found, case)
    return ground.fill(
        made,
        case,
        hits,
        lambda: {key.identity: near for key, near in find_cases(connection, words)},
    )


def search(ground: Ground, reason: str, query: SearchQuery, masked: str) -> SearchResult:
    """What an explicit search finds by words alone."""
    analyzer, build = ground.language.analyzer, ground.language.builder.build
    is_advanced = query.syntax == "advanced"
    condition = parse_condition(masked, analyzer.words) if is_advanced else None
    built = build(" ".join(condition.wanted) if condition else masked)
    look = wanted(query.text, built, analyzer.words(built.text))
    asked = Asked(query, built, look, ground.reference.limits, condition)
    return SearchResult(
        hits=tuple(_search(ground.connection, analyzer, asked)),
        query_used=built.text,
        corrections=built.corrections,
        took_ms=0.0,
        index_generation="",
        mode=MODE,
        mode_reason=f"{reason}。{REASON}",
    )


def _search(connection: sqlite3.Connection, analyzer: Analyzer, asked: Asked) -> list[SearchHit]:
    words = telling_words(analyzer, asked.built) or dict.fromkeys(asked.look.parts, 1.0)
    most = CANDIDATES if asked.condition is None else CONDITION_REACH
    limits = [
        (Key("time_limit", limit.id, str(limit.revision)), 0.5)
        for limit in asked.limits.values()
        if any(word in f"{limit.subject}{limit.condition}".lower() for word in words)
    ]
    explainer = LiteralExplainer(
        analyzer, asked.built, lambda word: rarity(analyzer, word), asked.look
    )
    return rank_hits(
        connection,
        asked,
        explainer,
        passages=lambda: [*find_passages(connection, words, on=asked.query.on, most=most), *limits],
        cases=lambda: find_cases(connection, words, most=most),
    )
