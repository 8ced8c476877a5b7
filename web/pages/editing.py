"""The editors' pages: what waits, the form with its preview, history, and two texts compared.

Everything works by plain forms; ``edit.js`` adds the live preview, autosave, and the warning that
somebody else has saved.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from kb.article import SECTIONS, Article
from kb.diffing import diff_articles
from kb.editing import ACTIONS, REOPEN, SETTLE
from kb.editor import Editor, Work
from kb.errors import ArticleNotFound, InvalidInput, KBError, RevisionConflict
from kb.foresight import Foreseen
from kb.limit import TimeLimit, in_use
from kb.lint import check_article
from kb.store import class_changes, editing, files, handbook, limit_changes, queue
from kb.store.editing import Autosave
from kb.times import format_instant
from web.access import STEPS, require
from web.bounding import open_chapters
from web.drafts import (
    AutosaveBody,
    PreviewBody,
    build_article,
    empty_fields,
    fields_of,
    is_article_id,
    parse_fields,
    typed_fields,
)
from web.errors import REFUSALS, Problem, describe
from web.guard import check_form
from web.impacts import act, impacts
from web.pages.comparing import show_three
from web.pages.reader import describe_text
from web.parsing import agent_name, read_body
from web.services import current

blueprint = Blueprint("editing", __name__, url_prefix="/edit")
_SETTLING = re.compile(rf"({SETTLE}|{REOPEN})-([0-9]{{1,9}})")
Page = str | tuple[str, int] | BaseResponse


def _editor() -> Editor:
    return Editor(current().database)


@blueprint.get("")
def show_queue() -> str:
    """What waits: drafts, reviews, articles due for review; and the way to every article."""
    connection = current().database.connection
    today = current().clock().date()
    return render_template(
        "edit_queue.html",
        waiting=editing.read_waiting(connection),
        due=editing.read_due_reviews(connection, on=today),
        articles=handbook.read_articles(connection),
        chapters=open_chapters(),
        today=today,
        files=files.read_import(connection),
        overtaken=editing.read_overtaken(connection),
        comments=editing.count_open_comments(connection),
        limits_waiting=len(limit_changes.read_waiting(connection)),
        classes_waiting=len(class_changes.read_waiting(connection)),
        me=agent_name(),
    )


@blueprint.get("/new")
def open_new() -> BaseResponse:
    """The form of the article whose id was typed."""
    return redirect(url_for("editing.show_form", article_id=request.args.get("id", "").strip()))


@blueprint.get("/<article_id>")
def show_form(article_id: str) -> Page:
    """The form: the newest revision, or what this editor left in it unsaved."""
    now = current().clock()
    try:
        work = _editor().open(article_id, now=now)
    except ArticleNotFound:
        if not is_article_id(article_id):
            raise
        work = None
    fields = fields_of(work.article) if work else empty_fields(on=now.date())
    base = work.article.revision.number if work else 0
    number = _number("revision", 0)
    if work and 0 < number < base:  # an older draft, taken further: the save compares three texts
        older = _editor().open(article_id, now=now, number=number)
        return _form(article_id, fields_of(older.article), base=number, work=work)
    saved = editing.read_autosave(current().database.connection, article_id, agent_name())
    if saved is not None:
        fields, base = fields | _texts(saved), saved.based_on
    return _form(article_id, fields, base=base, work=work, restored=saved)


def _texts(saved: Autosave) -> dict[str, str]:
    return {name: str(value) for name, value in editing.parse_content(saved).items()}


def _form(
    article_id: str,
    fields: dict[str, str],
    *,
    base: int,
    work: Work | None,
    restored: Autosave | None = None,
    problem: Problem | None = None,
) -> Page:
    page = render_template(
        "edit.html",
        article_id=article_id,
        fields=fields,
        base=base,
        work=work,
        restored=restored,
        problem=problem,
        wrong={fault.pointer.strip("/").split("/")[0] for fault in problem.faults}
        if problem
        else set(),
        sections=SECTIONS,
        chapters=open_chapters(),
        me=agent_name(),
        trial=_state(article_id)["trial"],
        preview=Markup(reading_html(work.article)) if work else "",  # noqa: S704 (sanitised)
    )
    return (page, problem.status) if problem else page


@blueprint.post("/<article_id>")
def save(article_id: str) -> Page:
    """Save the form as the next revision; who was overtaken compares three texts."""
    check_form()
    typed = typed_fields()
    base = int(request.form.get("base", "0")) if request.form.get("base", "").isdigit() else 0
    try:
        article = build_article(article_id, parse_fields(typed))
        saved = _editor().save(article, base=base, author=agent_name(), now=current().clock())
    except RevisionConflict:
        return show_three(article_id, typed, base=base), 412
    except REFUSALS as error:
        return _form(article_id, typed, base=base, work=_work(article_id), problem=describe(error))
    return redirect(url_for("editing.show_form", article_id=saved.id, saved=saved.revision.number))


def _work(article_id: str) -> Work | None:
    try:
        return _editor().open(article_id, now=current().clock())
    except ArticleNotFound:
        return None


@blueprint.post("/<article_id>/preview")
def preview(article_id: str) -> Response:
    """The text as readers will see it, and what the lint says; nothing is kept."""
    body = read_body(PreviewBody)
    try:
        article = build_article(article_id, parse_fields(body.fields))
    except KBError as error:
        problem = describe(error)
        faults = [{"field": fault.name, "detail": fault.detail} for fault in problem.faults]
        return jsonify({"html": "", "faults": faults, "findings": []})
    findings = check_article(current().database.connection, article, on=current().clock().date())
    return jsonify(
        {
            "html": reading_html(article),
            "faults": [],
            "findings": [asdict(each) for each in findings],
        }
    )


def reading_html(article: Article) -> str:
    """What a reader gets of an article below its head: steps, text, limits."""
    limits = _limits_of(article)
    text = describe_text(article, limits)
    return render_template("_reading.html", revision=article.revision, text=text, limits=limits)


def _limits_of(article: Article) -> list[TimeLimit]:
    every = in_use(handbook.read_limits(current().database.connection), current().clock().date())
    return [every[name] for name in article.revision.time_limits if name in every]


@blueprint.post("/<article_id>/autosave")
def autosave(article_id: str) -> Response:
    """Keep what stands in the form, and tell whether somebody else has saved meanwhile."""
    body = read_body(AutosaveBody)
    now = current().clock()
    kept = Autosave(
        article_id=article_id,
        editor=agent_name(),
        based_on=body.base,
        content=json.dumps(body.fields, ensure_ascii=False),
        saved_at=format_instant(now),
    )
    with current().database.transaction() as connection:
        editing.save_autosave(connection, kept)
    return jsonify({"saved_at": kept.saved_at, **_state(article_id)})


@blueprint.get("/<article_id>/state")
def show_state(article_id: str) -> Response:
    """The newest revision and whether the index has it: what an open page asks now and then."""
    return jsonify(_state(article_id))


def _state(article_id: str) -> dict[str, Any]:
    connection = current().database.connection
    waiting = {change.object_id for change in queue.read_queue(connection)}
    try:
        article = editing.read_newest(connection, article_id)
    except ArticleNotFound:
        return {"newest": 0, "author": "", "status": "", "indexed": False, "trial": ""}
    newest = article.revision
    foreseen = impacts().find_foreseen(article) if newest.status == "in_review" else None
    return {
        "trial": tell_trial(foreseen) if foreseen else "",
        "newest": newest.number,
        "author": newest.author,
        "status": newest.status,
        "indexed": article_id not in waiting,
    }


def tell_trial(foreseen: Foreseen) -> str:
    """What publishing was measured to change, for who is to approve it."""
    worse = "。评测会变差，批准时要写明为什么仍要发布" if foreseen.lowers else ""
    return f"试算：{foreseen.told}{worse}。"


@blueprint.post("/<article_id>/discard")
def discard(article_id: str) -> BaseResponse:
    """Give up what was left in the form."""
    check_form()
    with current().database.transaction() as connection:
        editing.drop_autosave(connection, article_id, agent_name())
    return redirect(url_for("editing.show_form", article_id=article_id))


@blueprint.post("/<article_id>/step")
def take_step(article_id: str) -> Page:
    """Submit, withdraw, approve, reject, comment, archive or restore, by the button pressed."""
    check_form()
    form, now, who = request.form, current().clock(), agent_name()
    action, words = form.get("action", ""), form.get("comment", "")
    number = int(form.get("revision", "0")) if form.get("revision", "").isdigit() else 0
    editor = _editor()
    if action in STEPS:
        require(STEPS[action])
    try:
        if action == "comment":
            editor.comment(article_id, number, words, actor=who, now=now)
        elif action == "archive":
            successor = form.get("successor", "").strip()
            editor.archive(article_id, successor=successor, reason=words, actor=who, now=now)
        elif action == "restore":
            editor.restore(article_id, number, author=who, now=now)
        elif settling := _SETTLING.fullmatch(action):
            editor.settle(article_id, int(settling[2]), settling[1], actor=who, now=now)
        elif action == "drop":
            editor.give_up(article_id, number, actor=who, now=now)
        elif action not in ACTIONS:
            raise InvalidInput(f"应为 {'、'.join(ACTIONS)} 之一", field="action")
        else:
            act(article_id, number, action, comment=words)
    except REFUSALS as error:
        work = editor.open(article_id, now=now)
        fields = fields_of(work.article)
        base = work.article.revision.number
        return _form(article_id, fields, base=base, work=work, problem=describe(error))
    if action == "drop":
        return redirect(url_for("editing.show_queue"))
    return redirect(url_for("editing.show_form", article_id=article_id, done=action))


@blueprint.get("/<article_id>/impact")
def show_impact(article_id: str) -> str:
    """What publishing the newest revision would change."""
    work = _editor().open(article_id, now=current().clock())
    impact = impacts().of_article(work.article)
    return render_template("edit_impact.html", article=work.article, work=work, impact=impact)


@blueprint.get("/<article_id>/history")
def show_history(article_id: str) -> str:
    """All revisions, what was done with them, and two of them compared."""
    connection = current().database.connection
    work = _editor().open(article_id, now=current().clock())
    revisions = handbook.read_revisions(connection, article_id)
    new = _number("new", revisions[0].number)
    old = _number("old", max(new - 1, 1))
    pair = [handbook.read_article(connection, article_id, number=each) for each in (old, new)]
    return render_template(
        "edit_history.html",
        article=work.article,
        work=work,
        revisions=revisions,
        old=old,
        new=new,
        changes=diff_articles(*pair),
    )


def _number(name: str, otherwise: int) -> int:
    given = request.args.get(name, "")
    return int(given) if given.isdigit() and len(given) < 8 else otherwise
