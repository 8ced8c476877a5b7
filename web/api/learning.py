"""Learning as JSON: the cards that are due and their grades."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from kb.practice.drilling import answer_drill, open_drill, read_sheet
from kb.practice.progress import deal, read_progress, read_shelf
from kb.practice.reviewing import grade_card, undo_grade
from web.idempotency import idempotent
from web.learning import (
    acting_as,
    due_card_as_dict,
    progress_as_dict,
    read_answer,
    result_as_dict,
    review_as_dict,
    sheet_as_dict,
)
from web.learning_bodies import DrillAnswerBody, DrillBody, GradeBody
from web.parsing import read_body
from web.services import current

blueprint = Blueprint("api-learning", __name__, url_prefix="/api/v1/learning")


@blueprint.get("/cards")
def get_cards() -> Response:
    """The cards to be asked now, in order."""
    services, agent = current(), acting_as("learner")
    connection, now = services.database.connection, services.clock()
    deck = deal(connection, agent, read_shelf(connection, now=now), now=now)
    return jsonify(
        {
            "due": [due_card_as_dict(each) for each in deck.due],
            "total": deck.total,
            "begun": deck.begun,
            "graded_today": deck.graded_today,
            "missed_today": deck.missed_today,
        }
    )


@blueprint.post("/cards/<card_id>/grade")
@idempotent
def create_grade(card_id: str) -> Response:
    """Grade a card from 1 (forgotten) to 4 (known well)."""
    body, services = read_body(GradeBody), current()
    review = grade_card(
        services.database,
        card_id,
        body.rating,
        follows=body.follows,
        agent=acting_as("learner"),
        now=services.clock(),
    )
    response = jsonify(review_as_dict(review))
    response.status_code = 201
    return response


@blueprint.post("/cards/undo")
def undo() -> Response:
    """Take the last grade of today back."""
    services = current()
    review = undo_grade(services.database, agent=acting_as("learner"), now=services.clock())
    return jsonify(review_as_dict(review))


@blueprint.post("/drills")
@idempotent
def create_drill() -> Response:
    """The next case: the one not answered yet, else a new one of the class chosen."""
    body, services = read_body(DrillBody), current()
    now = services.clock()
    drill = open_drill(
        services.database, category=body.category, agent=acting_as("learner"), now=now
    )
    sheet = read_sheet(services.database.connection, drill, now=now)
    response = jsonify(sheet_as_dict(sheet))
    response.status_code = 201
    return response


@blueprint.post("/drills/<drill_id>/answer")
@idempotent
def create_answer(drill_id: str) -> Response:
    """Grade an answer, step by step."""
    body, services = read_body(DrillAnswerBody), current()
    now = services.clock()
    drill = answer_drill(
        services.database, drill_id, read_answer(body), agent=acting_as("learner"), now=now
    )
    return jsonify(result_as_dict(read_sheet(services.database.connection, drill, now=now)))


@blueprint.get("/progress")
def get_progress() -> Response:
    """How far the learner is: the path, and mastery by chapter."""
    services, agent = current(), acting_as("learner")
    connection, now = services.database.connection, services.clock()
    shelf = read_shelf(connection, now=now)
    return jsonify(progress_as_dict(read_progress(connection, agent, shelf, now=now)))
