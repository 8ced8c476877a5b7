"""Our dataclasses as the JSON of the API: one function a noun."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kb.article import SECTIONS, Article
from kb.category import Category
from kb.due import limit_as_dict
from kb.limit import TimeLimit
from kb.store.sessions import Event, Impression, Session
from kb.ticket import Ticket
from web.chain import Chain, SessionRecord
from web.rendering import article_html

Json = dict[str, Any]


def ticket_json(ticket: Ticket) -> Json:
    """A ticket; the keyed hash of the number stays inside."""
    values = asdict(ticket)
    del values["number_hash"]
    return values


def event_json(event: Event) -> Json:
    """One thing an agent did with an item shown."""
    values = asdict(event)
    del values["impression_id"]
    return values


def impression_json(impression: Impression, events: list[Event]) -> Json:
    """One item shown, with what was done with it."""
    values = asdict(impression)
    del values["session_id"]
    values["impression_id"] = values.pop("id")
    values["matched_terms"] = list(impression.matched_terms)
    return values | {"events": [event_json(event) for event in events]}


def session_json(record: SessionRecord) -> Json:
    """One call for suggestions as recorded."""
    session: Session = record.session
    values = asdict(session)
    del values["query_hash"]
    values["session_id"] = values.pop("id")
    shown = [
        impression_json(impression, record.events_of(impression.id))
        for impression in record.impressions
    ]
    return values | {"impressions": shown}


def chain_json(chain: Chain) -> Json:
    """A ticket with its links, history, outcomes and sessions."""
    return ticket_json(chain.ticket) | {
        "links": [asdict(link) for link in chain.links],
        "events": [asdict(event) for event in chain.events],
        "outcomes": [asdict(outcome) for outcome in chain.outcomes],
        "sessions": [session_json(record) for record in chain.sessions],
    }


def article_summary(article: Article) -> Json:
    """An article as a list shows it."""
    revision = article.revision
    return {
        "id": article.id,
        "chapter": article.chapter,
        "section": article.section,
        "section_title": SECTIONS.get(article.section, ""),
        "title": article.title,
        "revision": revision.number,
        "status": revision.status,
        "categories": list(revision.categories),
        "keywords": list(revision.keywords),
        "responsible_dept": article.responsible_dept,
        "owner": article.owner,
        "valid_from": revision.valid_from.isoformat(),
        "valid_until": revision.valid_until.isoformat() if revision.valid_until else None,
        "review_by": revision.review_by.isoformat(),
    }


def article_json(article: Article, limits: list[TimeLimit], *, is_current: bool) -> Json:
    """An article with its front matter, its text, its text as HTML, and its limits in full."""
    revision = article.revision
    return article_summary(article) | {
        "is_current": is_current,
        "steps": list(revision.steps),
        "time_limits": [limit_as_dict(limit) for limit in limits],
        "figures": list(revision.figures),
        "sources": list(revision.sources),
        "body": revision.body,
        "html": article_html(article.id, revision.number, revision.body),
        "author": revision.author,
        "reason": revision.reason,
        "created_at": revision.created_at,
    }


def category_json(category: Category) -> Json:
    """One class of the taxonomy."""
    return asdict(category)
