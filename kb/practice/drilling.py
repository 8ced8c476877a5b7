"""A learner at a drill: the next case is opened, told without what gives it away, and graded."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from kb.article import Article
from kb.category import Category
from kb.database import Database
from kb.errors import InvalidInput, NoCase
from kb.intake import never_mask
from kb.limit import LimitRequest, TimeLimit, bind_limits, in_use
from kb.masking import mask_text
from kb.practice.choosing import Choice, choose_next, class_costs
from kb.practice.drill import (
    DrillAnswer,
    Line,
    Truth,
    choose_limits,
    choose_lines,
    grade_answer,
    related_articles,
)
from kb.practice.mastery import estimate
from kb.store import handbook, links, outcomes, tickets
from kb.store import practice_drills as store
from kb.store.practice_drills import Drill
from kb.ticket import Outcome, Ticket
from kb.times import format_instant, parse_instant, to_beijing
from kb.workdays import parse_calendar


@dataclass(frozen=True)
class DrillSheet:
    """A drill as it is shown: the case masked once more, what there is to choose, and the truth."""

    drill: Drill
    ticket: Ticket
    outcome: Outcome
    truth: Truth
    limits: tuple[TimeLimit, ...]
    articles: list[Article]
    categories: Mapping[str, Category]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Sentences to say or not to say."""
        return self.truth.lines

    @property
    def article(self) -> Article | None:
        """The article that decides the case."""
        wanted = self.truth.articles[:1]
        return next((each for each in self.articles if each.id in wanted), None)

    @property
    def came_back(self) -> bool:
        """Whether what was done did not hold."""
        return self.outcome.state == "came_back"


def plan_drill(connection: sqlite3.Connection, agent: str, *, now: datetime) -> Choice | None:
    """The class to drill next, and why; None when no settled case is there."""
    attempts = store.read_attempts(connection, agent)
    costs = class_costs(
        handbook.read_categories(connection).values(), store.read_tallies(connection)
    )
    return choose_next(
        store.read_pool_classes(connection, agent),
        estimate(attempts, now=now),
        costs,
        attempts=attempts,
        seed=agent,
    )


def open_drill(database: Database, *, category: str = "", agent: str, now: datetime) -> Drill:
    """The case not answered yet, else a new one: of ``category``, or of the class chosen.

    A case the learner has come to work on meanwhile is put away. Raise NoCase.
    """
    with database.transaction() as connection:
        known = store.find_open(connection, agent)
        if known:
            is_open = store.is_eligible(connection, agent, known.ticket_no)
            if is_open and category in ("", known.category):
                return known
            store.drop_open(connection, known.id)
        choice = Choice(category, "自选") if category else plan_drill(connection, agent, now=now)
        case = store.find_case(connection, agent, choice.category) if choice else None
        if choice is None or case is None:
            raise NoCase(category)
        drill = Drill(
            id=secrets.token_hex(8),
            agent=agent,
            ticket_no=case.ticket_no,
            closing=case.closing,
            category=choice.category,
            reason=choice.reason,
            shown_at=format_instant(now),
            answered_at=None,
            answer="",
            grades="",
            credit=None,
        )
        store.add_drill(connection, drill)
        return drill


def read_sheet(connection: sqlite3.Connection, drill: Drill, *, now: datetime) -> DrillSheet:
    """All that a drill's page shows."""
    ticket = tickets.read_ticket(connection, drill.ticket_no)
    outcome = outcomes.read_outcome(connection, drill.ticket_no, drill.closing)
    today = to_beijing(now).date()
    articles = handbook.read_articles(connection, on=today)
    limits = in_use(handbook.read_limits(connection), today)
    truth = _read_truth(connection, replace(ticket, category=drill.category), drill, articles)
    return DrillSheet(
        drill=drill,
        ticket=_mask_again(connection, ticket),
        outcome=outcome or Outcome(drill.ticket_no, drill.closing, "stayed_closed", "", None),
        truth=truth,
        limits=choose_limits(
            truth,
            (each for each in limits.values() if each.starts == "accepted"),
            seed=drill.ticket_no,
        ),
        articles=articles,
        categories=handbook.read_categories(connection),
    )


def _mask_again(connection: sqlite3.Connection, ticket: Ticket) -> Ticket:
    """The ticket with its texts masked once more: rules may have become stricter since."""
    never = never_mask(connection)
    return replace(
        ticket,
        service_number="",
        number_hash="",
        title="",
        description=mask_text(ticket.description, never=never),
        customer_demand=mask_text(ticket.customer_demand, never=never),
        resolution=mask_text(ticket.resolution, never=never),
        root_cause=mask_text(ticket.root_cause, never=never),
        fix=mask_text(ticket.fix, never=never),
    )


def _read_truth(
    connection: sqlite3.Connection, ticket: Ticket, drill: Drill, articles: list[Article]
) -> Truth:
    exact, near = related_articles(articles, ticket.category)
    shown = {article.id: article for article in articles}
    solution = [
        link.target_id
        for link in links.read_links(connection, ticket.ticket_no)
        if link.closing == drill.closing
        and link.knowledge_usage == "solution"
        and link.target_type in ("article", "procedure")
        and link.target_id in shown
    ]
    ids = tuple(dict.fromkeys([*solution, *exact]))
    category = handbook.read_categories(connection).get(ticket.category)
    named = tuple(limit for each in exact for limit in shown[each].revision.time_limits)
    bound = bind_limits(
        handbook.read_limits(connection).values(),
        LimitRequest(ticket.category, ticket.region, ticket.area, ticket.urgency, named),
        accepted_at=parse_instant(ticket.accepted_at, field="accepted_at"),
        calendar=parse_calendar(handbook.read_vocabulary(connection, "workdays") or {}),
    )
    return Truth(
        category=ticket.category,
        articles=ids,
        related=near,
        is_linked=bool(solution),
        limits=tuple(bound),
        dept=ticket.responsible_dept or (category.responsible_dept if category else ""),
        lines=choose_lines(shown[ids[0]], ticket.ticket_no) if ids else (),
    )


def answer_drill(
    database: Database, drill_id: str, answer: DrillAnswer, *, agent: str, now: datetime
) -> Drill:
    """Grade an answer and keep it; one answered already stays as it was. Raise DrillNotFound."""
    with database.transaction() as connection:
        drill = store.read_drill(connection, drill_id, agent=agent)
        if drill.answered_at:
            return drill
        sheet = read_sheet(connection, drill, now=now)
        _check(answer, sheet)
        answer = replace(
            answer,
            due_at=_instant(answer.due_at),
            own_words=mask_text(answer.own_words.strip(), never=never_mask(connection)),
        )
        grades = grade_answer(answer, sheet.truth)
        store.save_answer(connection, drill_id, answer, grades, now=now)
        return store.read_drill(connection, drill_id, agent=agent)


def _instant(text: str) -> str:
    return format_instant(parse_instant(text, field="due_at")) if text else ""


def _check(answer: DrillAnswer, sheet: DrillSheet) -> None:
    """Refuse what cannot be an answer, by the field's name."""
    if answer.category and answer.category not in sheet.categories:
        raise InvalidInput("没有这个分类，请从列表中选", field="category")
    if answer.article and all(answer.article != each.id for each in sheet.articles):
        raise InvalidInput("没有这个条目，请从列表中选", field="article")
    if any(not 0 <= number < len(sheet.lines) for number in answer.said):
        raise InvalidInput("没有这一句", field="said")
