"""The classes' pages: the taxonomy with filters, and one class with its history and changes."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from indexer.impact import Impact
from kb.category import Category
from kb.classing import (
    FIELDS,
    articles_of,
    decide,
    fields_of,
    find_waiting,
    is_code,
    needed,
    propose_class,
    uses_below,
    would_bind,
)
from kb.errors import CategoryNotFound, InvalidInput, KBError, LowersRanking, RevisionConflict
from kb.proposing import ACTIONS
from kb.store import class_changes, handbook
from kb.store.class_changes import Uses
from kb.ticket import PRIORITIES
from web.access import STEPS, require
from web.errors import describe
from web.guard import check_form
from web.impacts import impacts
from web.parsing import agent_name
from web.proposals import Row, differing, form_base
from web.services import current

blueprint = Blueprint("classes", __name__, url_prefix="/edit/classes")
Page = str | tuple[str, int] | BaseResponse
FILTERS = ("q", "level", "under", "dept", "state")
IN_USE, RETIRED, UNUSED = "", "retired", "unused"


@blueprint.get("")
def show_all() -> str:
    """The classes that fit the filters, and the changes in review."""
    connection = current().database.connection
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    every = handbook.read_categories(connection)
    uses = uses_below(connection)
    return render_template(
        "edit_classes.html",
        classes=[each for each in every.values() if _fits(each, wanted, uses)],
        uses=uses,
        waiting=class_changes.read_waiting(connection),
        needed=needed,
        wanted=wanted,
        tops=[each for each in every.values() if each.level == 1],
        departments=sorted({each.responsible_dept for each in every.values()} - {""}),
    )


def _fits(category: Category, wanted: dict[str, str], uses: dict[str, Uses]) -> bool:
    if wanted["q"] and wanted["q"] not in f"{category.id} {category.name} {category.typical_fix}":
        return False
    if wanted["level"] and wanted["level"] != str(category.level):
        return False
    if not category.id.startswith(wanted["under"]):
        return False
    if wanted["dept"] and wanted["dept"] != category.responsible_dept:
        return False
    if wanted["state"] == UNUSED and uses[category.id]:
        return False
    return category.is_retired == (wanted["state"] == RETIRED)


@blueprint.get("/new")
def open_new() -> BaseResponse:
    """The form of the class whose code was typed."""
    return redirect(url_for("classes.show", code=request.args.get("id", "").strip()))


@blueprint.get("/<code>")
def show(code: str) -> Page:
    """One class: as it is, what changes it, what uses it, what it was."""
    return _page(code)


def _page(
    code: str,
    *,
    typed: dict[str, str] | None = None,
    error: KBError | None = None,
    impact: Impact | None = None,
) -> Page:
    connection, now = current().database.connection, current().clock()
    every = handbook.read_categories(connection)
    category = every.get(code)
    if category is None and not is_code(code):
        raise CategoryNotFound(code, field="code")
    problem = describe(error) if error else None
    waiting = find_waiting(connection, code)
    page = render_template(
        "edit_class.html",
        code=code,
        category=category,
        above=[every[each] for each in (code[:2], code[:4]) if each in every and each != code],
        below=[each for each in every.values() if each.parent == code],
        waiting=waiting,
        needed=needed(waiting) if waiting else 1,
        changed=_changes(waiting.old, waiting.category) if waiting else [],
        overtaken=_overtaken(category, typed, error),
        fields=typed or _texts(category),
        names=fields_of(code),
        labels=FIELDS,
        priorities=PRIORITIES,
        others=[
            each
            for each in every.values()
            if len(each.id) == len(code) and each.id != code and not each.is_retired
        ],
        uses=uses_below(connection).get(code, Uses()),
        articles=articles_of(connection, code, now=now),
        history=[
            (each, each.category.revision, _changes(each.old, each.category))
            for each in class_changes.read_changes(connection, code)
        ],
        impact=impact,
        trial=impacts().trial_of(f"code {waiting.id}") if waiting else None,
        needs_reason=isinstance(error, LowersRanking),
        problem=problem,
        wrong={fault.pointer.strip("/") for fault in problem.faults} if problem else set(),
        me=agent_name(),
    )
    return (page, problem.status) if problem else page


def _texts(category: Category | None) -> dict[str, str]:
    """A class as its form holds it."""
    if category is None:
        return dict.fromkeys(FIELDS, "") | {"default_priority": "P3"}
    hours = category.usual_hours
    return {
        "name": category.name,
        "default_priority": category.default_priority,
        "responsible_dept": category.responsible_dept,
        "usual_hours": str(hours) if hours else "",
        "procedure": category.procedure,
        "typical_fix": category.typical_fix,
        "miit_class": category.miit_class,
        "watch_scene": category.watch_scene,
        "retired": "yes" if category.is_retired else "",
        "successor": category.successor,
    }


def _told(texts: dict[str, str]) -> dict[str, str]:
    """The same as a reader is told it."""
    return texts | {"retired": "已停用" if texts.get("retired") else ""}


def _changes(old: Category | None, new: Category) -> list[Row]:
    return differing(FIELDS, _told(_texts(old)) if old else {}, _told(_texts(new)))


def _overtaken(
    category: Category | None, typed: dict[str, str] | None, error: KBError | None
) -> list[Row]:
    """What differs between the class as others left it and the form, where they came first."""
    if not isinstance(error, RevisionConflict):
        return []
    return differing(FIELDS, _told(_texts(category)) if category else {}, _told(typed or {}))


@blueprint.post("/<code>")
def propose(code: str) -> Page:
    """Put what the form holds in review."""
    check_form()
    typed = {name: request.form.get(name, "") for name in (*FIELDS, "reason")}
    try:
        change = propose_class(
            current().database,
            code,
            typed,
            base=form_base(),
            author=agent_name(),
            now=current().clock(),
        )
    except KBError as error:
        return _page(code, typed=typed, error=error)
    impacts().try_change_beside(
        f"code {change.id}", partial(impacts().foresee_class, change.category)
    )
    return redirect(url_for("classes.show", code=code))


@blueprint.post("/<code>/step")
def take_step(code: str) -> Page:
    """Withdraw, approve or reject the change in review, by the button pressed."""
    check_form()
    action, who, now = request.form.get("action", ""), agent_name(), current().clock()
    if action in STEPS:
        require(STEPS[action])
    database = current().database
    try:
        if action not in ACTIONS:
            raise InvalidInput(f"应为 {'、'.join(ACTIONS)} 之一", field="action")
        waiting = find_waiting(database.connection, code)
        foreseen = None
        if waiting and action == "approve" and would_bind(waiting, actor=who):
            foreseen = impacts().foresee_class(waiting.category)
        comment = request.form.get("comment", "")
        decide(database, code, action, actor=who, comment=comment, now=now, foreseen=foreseen)
    except KBError as error:
        return _page(code, error=error)
    return redirect(url_for("classes.show", code=code))


@blueprint.get("/<code>/impact")
def show_impact(code: str) -> Page:
    """What the change in review would do."""
    waiting = find_waiting(current().database.connection, code)
    if waiting is None:
        raise CategoryNotFound(f"{code} 没有待审的改动", field="code")
    return _page(code, impact=impacts().of_class(waiting.category))
