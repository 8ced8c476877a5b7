"""What the desk's templates are given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import render_template

from kb.calls import Caller, read_caller
from kb.category import Category
from kb.errors import KBError
from kb.store import handbook, tickets
from kb.store.calls import Call, read_call
from kb.store.links import read_links
from kb.suggestion import Answer
from kb.ticket import Link
from web.errors import describe
from web.forms import DeskForm, typed_desk_form
from web.services import current

OPEN_LIMITS = 5
"""Time limits shown at once; the rest are folded."""
Marks = dict[tuple[str, str], set[str]]
SURE = 0.5
"""A class recognised with at least this probability is taken when the agent chooses none."""


def describe_desk(form: DeskForm, answer: Answer | None = None) -> dict[str, Any]:
    """The desk before a ticket exists."""
    call = read_call(current().database.connection, form.call_id) if form.call_id else None
    return {
        "form": form,
        "class_groups": group_classes(),
        "call": call,
        "caller": _find_caller(call) if call else None,
        "repeat_days": current().settings.repeat_days,
        **describe_results(answer),
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


def describe_results(answer: Answer | None, *, ticket_no: str = "") -> dict[str, Any]:
    """The three columns; links of the ticket mark what was used already."""
    connection = current().database.connection
    links = read_links(connection, ticket_no) if ticket_no else []
    closing = tickets.read_ticket(connection, ticket_no).closings if links else 0
    marks = read_marks(link for link in links if link.closing == closing)
    return {
        "answer": answer,
        "repeat": answer.repeat if answer else None,
        "open_limits": OPEN_LIMITS,
        "ticket_no": ticket_no,
        "marks": marks,
        "solution_elsewhere": _solution_elsewhere(marks, answer),
        "guessed": guess_class(answer),
        "now": current().clock(),
    }


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
    items = answer.procedures + answer.time_limits[:OPEN_LIMITS] + answer.past_fixes
    return [item.impression_id for item in items]


def _solution_elsewhere(marks: Marks, answer: Answer | None) -> tuple[str, str] | None:
    """The solution already linked, when it is not among the items shown now."""
    shown = {(item.target_type, item.target_id) for item in answer.items} if answer else set()
    for target, used in marks.items():
        if "solution" in used and target not in shown:
            return target
    return None


def render_refused_desk(error: KBError) -> tuple[str, int]:
    """The desk with the reason of a refusal and all that was typed."""
    problem = describe(error)
    typed = typed_desk_form()
    return render_template("desk.html", **describe_desk(typed), problem=problem), problem.status


def group_classes() -> list[tuple[Category, list[Category]]]:
    """Third-level classes under their first-level ones, for a list to choose from."""
    found = handbook.read_categories(current().database.connection)
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
