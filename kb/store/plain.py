"""Words looked for in the texts as they stand: slow, but it needs no index."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date

from kb.publication import IS_SHOWN_SQL

_ARTICLE = (
    "lower(revision.title || ' ' || revision.keywords)",
    "lower(revision.body || ' ' || revision.steps)",
)
_TICKET = (
    "lower(title || ' ' || description)",
    "lower(root_cause || ' ' || fix || ' ' || resolution)",
)


def find_articles(
    connection: sqlite3.Connection, words: Mapping[str, float], *, on: date, most: int
) -> list[tuple[str, str, float]]:
    """(article, version, score) of the articles shown on the day that hold any of the words, the
    best first."""
    rows = connection.execute(
        f"SELECT article_id, number, {_score(_ARTICLE, words)} AS score FROM revision"
        f" WHERE {IS_SHOWN_SQL} AND score > 0 ORDER BY score DESC, article_id LIMIT :most",
        {**_values(words), "on": on.isoformat(), "most": most},
    )
    return [(row["article_id"], str(row["number"]), row["score"]) for row in rows]


def find_superseded(
    connection: sqlite3.Connection, words: Mapping[str, float], *, on: date, most: int
) -> list[tuple[str, str, float]]:
    """The same of the last texts of articles that are archived and name a successor."""
    rows = connection.execute(
        f"SELECT revision.article_id, revision.number, {_score(_ARTICLE, words)} AS score"
        " FROM article JOIN revision AS last ON last.article_id = article.id"
        " AND last.number = current_revision JOIN revision ON revision.article_id = article.id"
        " AND revision.number = last.based_on WHERE last.status = 'archived'"
        " AND last.valid_from <= :on AND successor <> '' AND score > 0"
        " ORDER BY score DESC, article.id LIMIT :most",
        {**_values(words), "on": on.isoformat(), "most": most},
    )
    return [(row["article_id"], str(row["number"]), row["score"]) for row in rows]


def find_tickets(
    connection: sqlite3.Connection, words: Mapping[str, float], *, most: int
) -> list[tuple[str, float]]:
    """(ticket, score) of the closed tickets that hold any of the words, the best first."""
    rows = connection.execute(
        f"SELECT ticket_no, {_score(_TICKET, words)} AS score FROM ticket"
        " WHERE status = 'closed' AND resolution <> '' AND score > 0"
        " ORDER BY score DESC, ticket_no DESC LIMIT :most",
        {**_values(words), "most": most},
    )
    return [(row["ticket_no"], row["score"]) for row in rows]


def _score(texts: tuple[str, str], words: Mapping[str, float]) -> str:
    """Sum of the weights of the words a row holds: whole in the first text, half in the second."""
    first, second = texts
    terms = [
        f":weight{place} * max(instr({first}, :word{place}) > 0, 0.5 *"
        f" (instr({second}, :word{place}) > 0))"
        for place in range(len(words))
    ]
    return " + ".join(terms) or "0"


def _values(words: Mapping[str, float]) -> dict[str, str | float]:
    named: dict[str, str | float] = {}
    for place, (word, weight) in enumerate(words.items()):
        named |= {f"word{place}": word, f"weight{place}": weight}
    return named
