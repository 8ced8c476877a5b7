"""Drills: a real case as the caller told it, answered by a form, graded step by step."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.practice.drill import STEPS
from kb.practice.drilling import DrillSheet, answer_drill, open_drill, read_sheet
from kb.store import practice_drills as store
from kb.times import format_instant
from web.errors import REFUSALS, describe
from web.guard import check_form
from web.learning import acting_as, read_answer
from web.learning_bodies import DrillAnswerBody
from web.pages.view import class_path
from web.parsing import parse_model
from web.reading import GIST, WORDING, Reading, read_reading
from web.services import current

blueprint = Blueprint("drilling", __name__, url_prefix="/learn/drill")
Answered = str | tuple[str, int] | Response
_NUMBER = re.compile(r"[0-9]{1,2}")
SHOWN_FIXES = 3
DECIDING = {"category": ("怎么认",), "article": (GIST,), "words": (WORDING, "不要承诺")}
"""Which sections of the article decide a step."""


@blueprint.get("")
def show_next() -> Answered:
    """The case that waits; the page offers to open one when there is none."""
    agent = acting_as("learner")
    waiting = store.find_open(current().database.connection, agent)
    if waiting:
        return redirect(url_for("drilling.show_drill", drill_id=waiting.id))
    done = store.read_answered(current().database.connection, agent, most=10)
    return render_template("learn_drills.html", done=done, class_path=class_path)


@blueprint.post("")
def start() -> Answered:
    """Open the next case; ``category``: a class of the learner's own choice."""
    check_form()
    agent = acting_as("learner")
    services = current()
    category = _code(request.form.get("category", ""))
    drill = open_drill(services.database, category=category, agent=agent, now=services.clock())
    return redirect(url_for("drilling.show_drill", drill_id=drill.id), 303)


@blueprint.get("/<drill_id>")
def show_drill(drill_id: str) -> Answered:
    """A case to answer, or one answered with its grades."""
    sheet = _read(drill_id)
    if sheet.drill.answered_at:
        return _result(sheet)
    return _sheet(sheet)


@blueprint.post("/<drill_id>")
def answer(drill_id: str) -> Answered:
    """Grade the answer; a refusal keeps what was chosen."""
    check_form()
    agent, services = acting_as("learner"), current()
    typed = {name: text for name, text in request.form.items() if name != "csrf_token"}
    said = [int(each) for each in request.form.getlist("said") if _NUMBER.fullmatch(each)]
    try:
        body = parse_model(
            DrillAnswerBody,
            {
                **typed,
                "category": _code(typed.get("category", "")),
                "article": _code(typed.get("article", "")),
                "said": said,
            },
        )
        answer_drill(
            services.database, drill_id, read_answer(body), agent=agent, now=services.clock()
        )
    except REFUSALS as error:
        problem = describe(error)
        return _sheet(_read(drill_id), typed=typed, said=said, problem=problem), problem.status
    return redirect(url_for("drilling.show_drill", drill_id=drill_id), 303)


def _code(text: str) -> str:
    """The code before the name, as the lists offer them: 060101 LOS 红灯."""
    return text.strip().split(" ", 1)[0]


def _read(drill_id: str) -> DrillSheet:
    services = current()
    connection = services.database.connection
    drill = store.read_drill(connection, drill_id, agent=acting_as("learner"))
    return read_sheet(connection, drill, now=services.clock())


def _sheet(sheet: DrillSheet, **values: Any) -> str:
    depts = sorted({each.responsible_dept for each in sheet.categories.values()} - {""})
    page: str = render_template(
        "learn_drill.html",
        sheet=sheet,
        classes=[each for each in sheet.categories.values() if each.level == 3],
        depts=depts,
        steps=STEPS,
        **{"typed": {}, "said": [], **values},
    )
    return page


def _deciding(reading: Reading | None) -> dict[str, list[str]]:
    """The sections of the article that decide each step, where it has them."""
    if reading is None:
        return {}
    has = {name for name, _ in reading.sections}
    has |= {GIST} if reading.gist else set()
    has |= {WORDING} if reading.wording else set()
    found = {step: [name for name in names if name in has] for step, names in DECIDING.items()}
    return {step: names for step, names in found.items() if names}


def _result(sheet: DrillSheet) -> str:
    truth = sheet.truth
    article = sheet.article
    reading = read_reading(article.id, revision=None) if article else None
    strictest = truth.strictest
    page: str = render_template(
        "learn_drill_result.html",
        sheet=sheet,
        given=sheet.drill.given,
        grades=sheet.drill.graded,
        steps=STEPS,
        truth=truth,
        strictest=strictest,
        due=format_instant(strictest.due_at) if strictest and strictest.due_at else "",
        article=article,
        titles={each.id: each.title for each in sheet.articles},
        reading=reading,
        deciding=_deciding(reading),
        class_path=class_path,
        limits={each.id: each for each in sheet.limits},
        held=store.read_held_fixes(current().database.connection, truth.category, most=SHOWN_FIXES),
    )
    return page
