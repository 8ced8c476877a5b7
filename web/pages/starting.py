"""Starting an article from evidence: a gap, a way of fixing, or closed tickets."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for

from indexer.readings import short_name
from kb.article import SECTIONS
from kb.documents.drafting import Confirmed, find_near
from kb.errors import InvalidInput
from kb.evidence import (
    Grounds,
    gap_grounds,
    read_fix_grounds,
    read_ticket_grounds,
    start_article,
    write_body,
)
from kb.intake import never_mask
from kb.resembling import Resembling
from kb.suggestion import Suggestion
from web.bounding import open_chapters
from web.errors import REFUSALS, Problem, describe
from web.guard import check_form
from web.pages.editing import Page
from web.parsing import agent_name
from web.reporting import find_gap
from web.services import current

blueprint = Blueprint("starting", __name__, url_prefix="/edit/start")
MOST_NUMBERS = 50


@dataclass(frozen=True)
class Typed:
    """The draft as it stands in the form."""

    title: str
    section: str
    body: str


@blueprint.get("")
def show_start() -> Page:
    """The draft that the evidence would make, with the articles that say nearly the same."""
    grounds = _read_grounds()
    home = current().engine.find_home(grounds.text[:2_000], now=current().clock())
    section = str(home.details["section"]) if home else next(iter(SECTIONS))
    body = write_body(grounds, never=never_mask(current().database.connection))
    return _page(grounds, Typed(f"{grounds.label}的处理", section, body), home=home)


def _read_grounds() -> Grounds:
    """What the address names: ``gap=``, ``fix=class:way`` or ``ticket=`` (several)."""
    connection, given = current().database.connection, request.values
    if given.get("gap"):
        return gap_grounds(connection, find_gap(given["gap"]))
    if given.get("fix"):
        category, _, fix = given["fix"].partition(":")
        return read_fix_grounds(connection, category, fix)
    numbers = given.getlist("ticket")
    if not 0 < len(numbers) <= MOST_NUMBERS:
        raise InvalidInput(f"应给出 1 到 {MOST_NUMBERS} 张工单", field="ticket")
    return read_ticket_grounds(connection, numbers)


def _page(
    grounds: Grounds, typed: Typed, *, home: Suggestion | None, problem: Problem | None = None
) -> Page:
    near: list[Resembling] = find_near(
        current().database.connection, [f"{typed.title}\n{typed.body}\n{grounds.text}"], least=0.0
    )[0]
    page = render_template(
        "edit_start.html",
        grounds=grounds,
        typed=typed,
        near=near,
        home=home,
        sections=SECTIONS,
        chapters=open_chapters(),
        origin={name: request.values.getlist(name) for name in ("gap", "fix", "ticket")},
        problem=problem,
    )
    return (page, problem.status) if problem else page


@blueprint.post("")
def start() -> Page:
    """Keep the draft, tied to its evidence; a refusal keeps what was typed."""
    check_form()
    services, form = current(), request.form
    grounds = _read_grounds()
    typed = Typed(
        *(form.get(name, "").replace("\r\n", "\n") for name in ("title", "section", "body"))
    )
    part = Confirmed(typed.title, typed.section, typed.body, short_name(typed.title))
    try:
        saved = start_article(
            services.database, grounds, part, author=agent_name(), now=services.clock()
        )
    except REFUSALS as error:
        return _page(grounds, typed, home=None, problem=describe(error))
    return redirect(url_for("editing.show_form", article_id=saved.id), 303)
