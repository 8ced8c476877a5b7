"""What stands around the suggestions: clocks, the caller's tickets, the record's first words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kb.article import is_question
from kb.demand import find_demand
from kb.errors import ArticleNotFound
from kb.glossary import Explained, GlossaryTerm
from kb.limit import describe_scope, in_use
from kb.store import handbook, tickets
from kb.store.glossary import read_glossary
from kb.suggestion import Answer, Suggestion
from kb.ticket import Ticket
from kb.times import format_instant, parse_instant
from web.reading import Reading, read_reading
from web.seeing import current_view
from web.services import current

MOST_CLOCKS = 3
SOON = 0.25
"""A limit is called near when less than this share of its time is left."""
CUSTOMER_DAYS = 90
CUSTOMER_TICKETS = 10


@dataclass(frozen=True)
class Clock:
    """A limit: what must be done by when.

    ``state``: ok, soon or over of one that runs; waiting before the complaint is taken in, when
    ``due_at`` is what it would be if it were taken in now.
    """

    what: str
    due_at: str
    start: str
    state: str
    impression_id: str = ""


@dataclass(frozen=True)
class CardFacts:
    """What a procedure's card says beside its text: its strictest limit with the time it falls
    due, where it holds; its first steps and their words explained, for who sees them."""

    limit: str
    due_at: str
    scope: str
    steps: tuple[str, ...]
    words: tuple[GlossaryTerm, ...]


@dataclass(frozen=True)
class Customer:
    """The caller's other tickets: those of the last CUSTOMER_DAYS, newest first."""

    tickets: list[Ticket]
    count: int


def clock_state(start: str, due_at: str, now: datetime) -> str:
    """How a limit stands: over, soon (little of its time is left), ok."""
    began, due = parse_instant(start, field=""), parse_instant(due_at, field="")
    if now >= due:
        return "over"
    return "soon" if due - now < (due - began) * SOON else "ok"


def find_clocks(answer: Answer | None, ticket: Ticket | None, now: datetime) -> list[Clock]:
    """The strictest limits, the ticket's own first; each due time once.

    They run from the acceptance of the ticket: before there is one, none runs.
    """
    start = ticket.accepted_at if ticket else format_instant(now)
    wanted = [("办结", ticket.due_at, "")] if ticket and ticket.due_at else []
    for item in answer.time_limits if answer else ():
        due = item.details.get("due_at")
        if due:
            name = f"{item.details['subject']} {item.details['amount']}"
            wanted.append((name, str(due), item.impression_id))
    clocks: dict[str, Clock] = {}
    for what, due_at, impression_id in wanted:
        state = clock_state(start, due_at, now) if ticket else "waiting"
        clocks.setdefault(due_at, Clock(what, due_at, start, state, impression_id))
    return list(clocks.values())[:MOST_CLOCKS]


def read_customer(number_hash: str, *, but: str, now: datetime) -> Customer | None:
    """The caller's other tickets; None while the number is not known."""
    if not number_hash:
        return None
    found, count = tickets.recent_of_number(
        current().database.connection,
        number_hash,
        since=format_instant(now - timedelta(days=CUSTOMER_DAYS)),
        until=format_instant(now),
        but=but,
        limit=CUSTOMER_TICKETS,
    )
    return Customer(found, count)


def read_first(answer: Answer | None) -> Reading | None:
    """The first procedure, laid out to read, opened at the step that fits."""
    if not answer or not answer.procedures:
        return None
    item = answer.procedures[0]
    try:
        return read_reading(
            item.target_id,
            revision=int(item.target_version),
            step=hit_step(item),
            explains=current_view().explains,
        )
    except ArticleNotFound:
        return None


def hit_step(item: Suggestion) -> int:
    """Number of the step an item was found by, 0 for none."""
    anchor = str(item.details.get("anchor", ""))
    return int(anchor.removeprefix("step-")) if anchor.startswith("step-") else 0


def card_facts(answer: Answer | None, region: str, now: datetime) -> dict[str, CardFacts]:
    """What the card of each procedure shown says beside its text, by article."""
    if not answer or not answer.procedures:
        return {}
    connection = current().database.connection
    bound = {item.target_id: item.details for item in answer.time_limits if item.details}
    ids = [item.target_id for item in answer.procedures]
    found = {each.id: each for each in handbook.read_articles(connection, on=now.date(), ids=ids)}
    named = {name: article.revision.time_limits for name, article in found.items()}
    named_ids = {each for every in named.values() for each in every}
    limits = in_use(handbook.read_limits(connection, named_ids), now.date())
    shown = {
        name: found[name].revision.steps[: current_view().steps] for name in ids if name in found
    }
    words = _explain(shown)
    facts = {}
    for name, steps in shown.items():
        first = next((details for each, details in bound.items() if each in named[name]), {})
        facts[name] = CardFacts(
            limit=f"{first['subject']} {first['amount']}" if first else "",
            due_at=str(first.get("due_at") or ""),
            scope=describe_scope((limits[each] for each in named[name] if each in limits), region),
            steps=steps,
            words=words[name],
        )
    return facts


def _explain(steps: Mapping[str, Sequence[str]]) -> dict[str, tuple[GlossaryTerm, ...]]:
    """Words of the glossary in the steps of each article, each where it stands first."""
    read = read_glossary(current().database.connection) if any(steps.values()) else ()
    explained = Explained(read)
    return {
        name: tuple(
            term for step in every for _, term in explained.pieces(step) if term is not None
        )
        for name, every in steps.items()
    }


def first_words(answer: Answer | None, class_name: str) -> dict[str, str]:
    """What the record starts with, before a solution is chosen."""
    if not answer:
        return {}
    return {"customer_demand": find_demand(answer.query_masked), "root_cause": class_name}


def solution_words(item: Suggestion) -> Mapping[str, str]:
    """What the record says when this item solved the complaint."""
    details = item.details
    if item.target_type == "past_fix":
        return {
            "resolution": str(details.get("resolution", "")),
            "root_cause": str(details.get("root_cause", "")),
            "fix": item.title,
        }
    step = f"：{item.snippet}" if hit_step(item) and not is_question(item.snippet) else "。"
    return {"resolution": f"按《{item.title}》处理{step}", "root_cause": "", "fix": ""}
