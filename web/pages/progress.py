"""How far people are: one's own mastery and path, certificates, and the supervisor's pages."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kb.article import CHAPTERS
from kb.category import live
from kb.errors import InvalidInput, KBError
from kb.practice.mastery import KNOWN, UNKNOWN
from kb.practice.path import DAYS, KINDS, PathItem, add_item, drop_item, move_item
from kb.practice.progress import (
    HELD_DAYS,
    LEAST_CLASSES,
    LINE,
    ChapterProgress,
    Progress,
    Shelf,
    certify,
    read_progress,
    read_shelf,
)
from kb.reports.measures import Measure
from kb.store import handbook
from kb.store import practice_drills as drill_store
from kb.store import practice_path as store
from kb.store.bounds import hidden_among
from kb.store.practice_path import Assignment
from kb.texts import clean_required
from kb.times import format_instant
from web import charts
from web.errors import describe
from web.forms import short_field
from web.guard import check_form
from web.learning import acting_as
from web.pages.view import class_path
from web.parsing import MAX_AGENT
from web.services import current

blueprint = Blueprint("progress", __name__, url_prefix="/learn")
Answered = str | tuple[str, int] | Response
MOST_LEARNERS = 200


@blueprint.get("/path")
def show_path() -> str:
    """One's own path, day by day."""
    progress, _ = _read(acting_as("learner"))
    days = groupby(progress.steps, key=lambda each: each.item.day)
    return render_template(
        "learn_path.html",
        progress=progress,
        days=[(day, list(steps)) for day, steps in days],
        kinds=KINDS,
    )


@blueprint.post("/path/read")
def mark_read() -> Response:
    """Note that an article of the path was read."""
    check_form()
    agent, services = acting_as("learner"), current()
    name, now = short_field("article_id"), services.clock()
    with services.database.transaction() as connection:
        article = handbook.read_article(connection, name, on=now.date())
        store.note_path_read(
            connection, agent, article.id, revision=article.revision.number, now=now
        )
    return redirect(url_for("progress.show_path"), 303)


@blueprint.get("/progress")
def show_progress() -> str:
    """Mastery by chapter and class: one's own, or of the learner a supervisor asks for."""
    asked = request.args.get("agent", "")
    if asked:
        acting_as("supervisor")
    progress, shelf = _read(asked or acting_as("learner"))
    page: str = render_template(
        "learn_progress.html",
        progress=progress,
        is_own=not asked,
        measures=[_measure(each) for each in progress.chapters],
        classes=_classes(progress, shelf),
        rule={"line": LINE, "days": HELD_DAYS, "classes": LEAST_CLASSES},
        charts=charts,
    )
    return page


def _classes(progress: Progress, shelf: Shelf) -> list[tuple[str, str, int, float, str]]:
    """The classes a case was done of: code, path, cases, chance, verdict; the least known first."""
    done: dict[str, int] = {}
    for attempt in progress.attempts:
        done[attempt.category] = done.get(attempt.category, 0) + 1
    found = [(code, progress.mastery.chance(code)) for code in done if code in shelf.categories]
    return [
        (code, class_path(code), done[code], chance, _verdict(chance))
        for code, chance in sorted(found, key=lambda each: each[1])
    ]


def _verdict(chance: float) -> str:
    if chance >= KNOWN:
        return "已会"
    return "还不会" if chance <= UNKNOWN else "说不准"


def _measure(chapter: ChapterProgress) -> Measure:
    """A chapter's share known, as the reports draw figures."""
    return Measure(
        key="mastery",
        name="掌握程度",
        kind="share",
        of="例案例",
        interval=chapter.share,
        count=None,
        total=chapter.cases,
        group=str(chapter.chapter),
        group_name=f"{chapter.chapter} {CHAPTERS[chapter.chapter - 1]}（{chapter.classes} 类）",
    )


@blueprint.post("/certificate/<int:chapter>")
def claim(chapter: int) -> Answered:
    """Issue the certificate of a chapter, if mastery held over the week."""
    check_form()
    services = current()
    certify(services.database, acting_as("learner"), chapter, now=services.clock())
    return redirect(url_for("progress.show_certificate", chapter=chapter), 303)


@blueprint.get("/certificate/<int:chapter>")
def show_certificate(chapter: int) -> str:
    """A certificate to print."""
    agent = acting_as("learner")
    found = store.read_certificates(current().database.connection, agent).get(chapter)
    if found is None:
        raise InvalidInput("还没有这一章的证书", field="chapter")
    return render_template("learn_certificate.html", certificate=found, name=CHAPTERS[chapter - 1])


@blueprint.get("/team")
def show_team() -> str:
    """Everybody who learns, for a supervisor."""
    acting_as("supervisor")
    return _team_page()


def _team_page(**values: Any) -> str:
    services = current()
    connection, now = services.database.connection, services.clock()
    shelf = read_shelf(connection, now=now)
    learners = drill_store.read_learners(connection)[:MOST_LEARNERS]
    page: str = render_template(
        "learn_team.html",
        team=[read_progress(connection, each, shelf, now=now) for each in learners],
        assigned=store.read_assignments(connection),
        charts=charts,
        **values,
    )
    return page


@blueprint.post("/path/assign")
def assign_path() -> Answered:
    """Give the path to a learner, or take it back (``wanted`` 0)."""
    check_form()
    supervisor, services = acting_as("supervisor"), current()
    try:
        name = clean_required(request.form.get("agent", ""), field="姓名", longest=MAX_AGENT)
    except KBError as error:
        problem = describe(error)
        return _team_page(problem=problem), problem.status
    with services.database.transaction() as connection:
        if request.form.get("wanted") == "0":
            store.release(connection, name)
        else:
            at = format_instant(services.clock())
            store.assign(connection, Assignment(name, supervisor, at))
    return redirect(url_for("progress.show_team"), 303)


@blueprint.get("/path/edit")
def show_editor() -> str:
    """The path to be changed."""
    acting_as("supervisor")
    return _editor_page()


def _editor_page(**values: Any) -> str:
    services = current()
    connection = services.database.connection
    shelf = read_shelf(connection, now=services.clock())
    hidden = hidden_among(connection, "article", "id", [each.target for each in shelf.items])
    page: str = render_template(
        "learn_path_edit.html",
        items=[each for each in shelf.items if each.target not in hidden],
        titles=shelf.titles,
        articles=shelf.articles,
        classes=[each for each in live(shelf.categories).values() if each.level == 3],
        stored=store.read_path(connection),
        kinds=KINDS,
        week=range(1, DAYS + 1),
        **{"typed": {}, **values},
    )
    return page


@blueprint.post("/path/edit")
def edit_path() -> Answered:
    """Add a thing to the path, drop one, or move it a day."""
    check_form()
    supervisor, services = acting_as("supervisor"), current()
    now = services.clock()
    try:
        with services.database.transaction() as connection:
            shelf = read_shelf(connection, now=now)
            items = _changed(shelf)
            store.add_path(connection, items, agent=supervisor, now=now)
    except KBError as error:
        problem = describe(error)
        return _editor_page(problem=problem, typed=request.form), problem.status
    return redirect(url_for("progress.show_editor"), 303)


def _changed(shelf: Shelf) -> tuple[PathItem, ...]:
    action, key = short_field("action"), short_field("key")
    if action == "drop":
        return drop_item(shelf.items, key)
    if action in ("earlier", "later"):
        return move_item(shelf.items, key, days=1 if action == "later" else -1)
    if action != "add":
        raise InvalidInput("应为 add、drop、earlier、later 之一", field="action")
    kind, day = short_field("kind"), short_field("day")
    target = short_field("target").split(" ", 1)[0]
    known = {each.id for each in shelf.articles}
    if kind == "drill":
        known = {each.id for each in live(shelf.categories).values() if each.level == 3}
    if target not in known:
        raise InvalidInput("没有这个条目或分类，请从列表中选", field="target")
    if not (day.isascii() and day.isdigit() and len(day) == 1):
        raise InvalidInput(f"应为 1 到 {DAYS}", field="day")
    return add_item(shelf.items, PathItem(int(day), kind, target))


def _read(agent: str) -> tuple[Progress, Shelf]:
    services = current()
    connection, now = services.database.connection, services.clock()
    shelf = read_shelf(connection, now=now)
    return read_progress(connection, agent, shelf, now=now), shelf
