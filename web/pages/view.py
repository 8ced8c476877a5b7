"""What the desk's templates are given."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from flask import render_template, request

from kb.calls import Caller, read_caller
from kb.category import Category, live
from kb.errors import InvalidInput, KBError
from kb.store import handbook
from kb.store.calls import Call, read_call
from kb.store.links import read_links
from kb.suggestion import Answer
from kb.ticket import Link, Ticket
from web.errors import describe
from web.forms import DeskForm, typed_desk_form
from web.pages.glance import (
    card_facts,
    find_clocks,
    first_words,
    read_customer,
    read_first,
    solution_words,
)
from web.seeing import current_view
from web.services import current
from web.suggesting import hash_number_of

Marks = dict[tuple[str, str], set[str]]
SURE = 0.5
"""A class recognised with at least this probability is taken when the agent chooses none."""


def describe_desk(form: DeskForm, answer: Answer | None = None) -> dict[str, Any]:
    """The desk before a ticket exists."""
    call = read_call(current().database.connection, form.call_id) if form.call_id else None
    return {
        "form": form,
        "ticket": None,
        "typed": request.form,
        "class_groups": group_classes(),
        "call": call,
        "caller": _find_caller(call) if call else None,
        "repeat_days": current().settings.repeat_days,
        **describe_results(answer, form=form),
    }


def _find_caller(call: Call) -> Caller:
    """What is known of the one who calls."""
    services = current()
    return read_caller(
        services.database.connection,
        call,
        repeat_days=services.settings.repeat_days,
        now=services.clock(),
    )


def describe_results(
    answer: Answer | None, *, form: DeskForm, ticket: Ticket | None = None
) -> dict[str, Any]:
    """All that an answer changes on the desk; links of the ticket mark what was used already."""
    connection = current().database.connection
    now = current().clock()
    links = read_links(connection, ticket.ticket_no) if ticket else []
    marks = read_marks(link for link in links if ticket and link.closing == ticket.closings)
    guessed = guess_class(answer)
    taken = ticket.category if ticket and ticket.category else form.category or guessed
    category = handbook.find_category(connection, taken)
    number_hash = ticket.number_hash if ticket else "" if form.call_id else read_number(form)
    return {
        "answer": answer,
        "repeat": answer.repeat if answer else None,
        "ticket_no": ticket.ticket_no if ticket else "",
        "marks": marks,
        "solution_elsewhere": _solution_elsewhere(marks, answer),
        "guessed": guessed,
        "category": category,
        "without": form.without,
        "reading": read_first(answer),
        "clocks": find_clocks(answer, ticket, now),
        "card_facts": card_facts(answer, ticket.region if ticket else form.region, now),
        "customer": read_customer(number_hash, but=ticket.ticket_no if ticket else "", now=now),
        "words": first_words(answer, category.name if category else "")
        | _chosen_words(marks, answer),
        "now": now,
        "view": current_view(),
    }


def read_number(form: DeskForm) -> str:
    """Hash of the number in the box, else of the call's; none while it is still being typed."""
    if form.call_id and not form.number:
        return read_call(current().database.connection, form.call_id).number_hash
    try:
        return hash_number_of(form.number)
    except InvalidInput:
        return ""


def guess_class(answer: Answer | None) -> str:
    """The class a new ticket gets when the agent chooses none: the first, if it is sure enough."""
    if answer is None or answer.abstained or not answer.categories:
        return ""
    first = answer.categories[0]
    return first.id if first.probability >= SURE else ""


def read_marks(links: Iterable[Link]) -> Marks:
    """What each target was used for."""
    marks: Marks = {}
    for link in links:
        marks.setdefault((link.target_type, link.target_id), set()).add(link.knowledge_usage)
    return marks


def seen_at_once(answer: Answer) -> list[str]:
    """Impressions of the items that are not folded away when the page opens."""
    clocks = find_clocks(answer, None, current().clock())
    items = [item.impression_id for item in answer.procedures + answer.past_fixes]
    return items + [clock.impression_id for clock in clocks]


def _chosen_words(marks: Marks, answer: Answer | None) -> dict[str, str]:
    """What the record says when the solution marked is among the items shown."""
    for item in answer.items if answer else ():
        if "solution" in marks.get((item.target_type, item.target_id), ()):
            return {name: words for name, words in solution_words(item).items() if words}
    return {}


def _solution_elsewhere(marks: Marks, answer: Answer | None) -> tuple[str, str] | None:
    """The solution already linked, when it is not among the items shown now."""
    shown = {(item.target_type, item.target_id) for item in answer.items} if answer else set()
    for target, used in marks.items():
        if "solution" in used and target not in shown:
            return target
    return None


def render_refused_desk(error: KBError | sqlite3.OperationalError) -> tuple[str, int]:
    """The desk with the reason of a refusal and all that was typed."""
    problem = describe(error)
    typed = typed_desk_form()
    return render_template("desk.html", **describe_desk(typed), problem=problem), problem.status


def group_classes() -> list[tuple[Category, list[Category]]]:
    """Third-level classes given today under their first-level ones, for a list to choose from."""
    found = live(handbook.read_categories(current().database.connection))
    return [
        (first, [each for each in found.values() if each.level == 3 and each.id[:2] == first.id])
        for first in found.values()
        if first.level == 1
    ]


def class_path(category: str) -> str:
    """A class with those above it: 宽带 › 断网 › LOS 红灯."""
    found = handbook.read_categories(current().database.connection)
    codes = (category[:2], category[:4], category[:6])
    return " › ".join(dict.fromkeys(found[code].name for code in codes if code in found))
