"""Learning: where a novice begins, and the cards of the day."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.errors import KBError
from kb.practice.drilling import plan_drill
from kb.practice.progress import deal, read_progress, read_shelf
from kb.practice.reviewing import grade_card, undo_grade
from kb.practice.scheduling import RATINGS, REASONS
from kb.store.practice_drills import find_open
from kb.store.practice_path import read_assignments
from web.errors import describe
from web.guard import check_form
from web.learning import acting_as, describe_return
from web.learning_bodies import CardsPage, GradeForm
from web.parsing import named_agent, parse_model, read_query
from web.services import current

blueprint = Blueprint("learning", __name__, url_prefix="/learn")
Answered = str | tuple[str, int] | Response


@blueprint.get("")
def show_home() -> str:
    """What is to be done today."""
    agent = named_agent()
    if not agent:
        return render_template("learn.html", deck=None)
    services = current()
    connection, now = services.database.connection, services.clock()
    shelf = read_shelf(connection, now=now)
    return render_template(
        "learn.html",
        deck=deal(connection, agent, shelf, now=now),
        reasons=REASONS,
        progress=read_progress(connection, agent, shelf, now=now),
        assigned=read_assignments(connection).get(agent),
        choice=plan_drill(connection, agent, now=now),
        waiting=find_open(connection, agent),
    )


@blueprint.get("/cards")
def show_cards() -> Answered:
    """The first card that is due; ``done``: in what time the one before comes back."""
    return _cards_page(acting_as("learner"), read_query(CardsPage))


@blueprint.post("/cards/grade")
def grade() -> Answered:
    """Keep a grade and go on to the next card."""
    check_form()
    agent = acting_as("learner")
    services = current()
    try:
        form = parse_model(GradeForm, _typed())
        review = grade_card(
            services.database,
            form.card_id,
            form.rating,
            follows=form.follows,
            agent=agent,
            now=services.clock(),
        )
    except KBError as error:
        return _refused(agent, error)
    return redirect(url_for("learning.show_cards", done=describe_return(review)), 303)


@blueprint.post("/cards/undo")
def undo() -> Answered:
    """Take the last grade back; its card is asked again."""
    check_form()
    agent = acting_as("learner")
    services = current()
    try:
        review = undo_grade(services.database, agent=agent, now=services.clock())
    except KBError as error:
        return _refused(agent, error)
    return redirect(url_for("learning.show_cards", card=review.card_id), 303)


def _refused(agent: str, error: KBError) -> Answered:
    problem = describe(error)
    return _cards_page(agent, CardsPage(), problem=problem), problem.status


def _cards_page(agent: str, query: CardsPage, **values: object) -> str:
    """``card``: the card whose grade was just taken back is asked before all others."""
    services = current()
    connection, now = services.database.connection, services.clock()
    deck = deal(connection, agent, read_shelf(connection, now=now), now=now)
    due = sorted(deck.due, key=lambda each: each.card.id != query.card)
    return render_template(
        "learn_cards.html",
        deck=deck,
        due=due[0] if due else None,
        ratings=RATINGS,
        reasons=REASONS,
        done=query.done,
        **values,
    )


def _typed() -> dict[str, str]:
    return {name: text for name, text in request.form.items() if name != "csrf_token"}
