"""The time limits' pages: all of them with filters, and one with its history and its changes."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from indexer.impact import Impact
from kb.category import covers
from kb.errors import (
    InvalidInput,
    KBError,
    LowersRanking,
    RevisionConflict,
    TimeLimitNotFound,
)
from kb.limit import AUTHORITIES, CONFIDENCES, TimeLimit, is_class_limit
from kb.limiting import (
    CHOICES,
    FIELDS,
    NEEDED,
    articles_with,
    decide,
    find_waiting,
    is_limit_id,
    propose_limit,
    would_bind,
)
from kb.proposing import ACTIONS
from kb.store import handbook, limit_changes
from web.access import STEPS, require
from web.errors import describe
from web.guard import check_form
from web.impacts import impacts
from web.parsing import agent_name
from web.proposals import Row, differing, form_base
from web.services import current

blueprint = Blueprint("limits", __name__, url_prefix="/edit/limits")
Page = str | tuple[str, int] | BaseResponse
UNVERIFIED, OWN, RETIRED = "unverified", "own", "retired"
CONFIDENCE_NAMES = dict(zip(CONFIDENCES, ("高", "中", "低", "待核实"), strict=True))


@blueprint.get("")
def show_all() -> str:
    """All limits that fit the filters, and the changes in review."""
    connection = current().database.connection
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    today = current().clock().date()
    found = [
        each
        for each in handbook.read_limits(connection).values()
        if each.is_retired(today) == (wanted["state"] == RETIRED) and _fits(each, wanted)
    ]
    return render_template(
        "edit_limits.html",
        limits=found,
        waiting=limit_changes.read_waiting(connection),
        wanted=wanted,
        authorities=AUTHORITIES,
        categories=handbook.read_categories(connection),
        names=CONFIDENCE_NAMES,
    )


FILTERS = ("q", "category", "region", "authority", "state")


def _fits(limit: TimeLimit, wanted: dict[str, str]) -> bool:
    words = f"{limit.id} {limit.subject} {limit.source} {limit.condition}"
    if wanted["q"] and wanted["q"] not in words:
        return False
    if wanted["authority"] and limit.authority != wanted["authority"]:
        return False
    if wanted["region"] and limit.region != wanted["region"]:
        return False
    code = wanted["category"]
    if code and not any(covers(own, code) or covers(code, own) for own in limit.categories):
        return False
    if wanted["state"] == UNVERIFIED and limit.is_verified:
        return False
    return wanted["state"] == OWN or not is_class_limit(limit)


@blueprint.get("/new")
def open_new() -> BaseResponse:
    """The form of the limit whose id was typed."""
    return redirect(url_for("limits.show", limit_id=request.args.get("id", "").strip()))


@blueprint.get("/<limit_id>")
def show(limit_id: str) -> Page:
    """One limit: as it binds, what changes it, where it is stated, what it was."""
    return _page(limit_id)


def _page(
    limit_id: str,
    *,
    typed: dict[str, str] | None = None,
    error: KBError | None = None,
    impact: Impact | None = None,
) -> Page:
    connection, now = current().database.connection, current().clock()
    limit = handbook.read_limits(connection, [limit_id]).get(limit_id)
    if limit is None and not is_limit_id(limit_id):
        raise TimeLimitNotFound(limit_id, field="limit_id")
    problem = describe(error) if error else None
    waiting = find_waiting(connection, limit_id)
    page = render_template(
        "edit_limit.html",
        limit_id=limit_id,
        limit=limit,
        waiting=waiting,
        needed=NEEDED,
        overtaken=_overtaken(limit, typed, error),
        changed=_changes(waiting.old, waiting.limit) if waiting else [],
        fields=typed or _texts(limit),
        labels=FIELDS,
        choices=CHOICES,
        names=CONFIDENCE_NAMES,
        authorities=AUTHORITIES,
        categories=handbook.read_categories(connection),
        articles=articles_with(connection, limit_id, now=now),
        history=[
            (each, each.limit.revision, _changes(each.old, each.limit))
            for each in limit_changes.read_changes(connection, limit_id)
        ],
        is_class_limit=bool(limit and is_class_limit(limit)),
        impact=impact,
        trial=impacts().trial_of(f"limit_id {waiting.id}") if waiting else None,
        needs_reason=isinstance(error, LowersRanking),
        problem=problem,
        wrong={fault.pointer.strip("/") for fault in problem.faults} if problem else set(),
        me=agent_name(),
    )
    return (page, problem.status) if problem else page


def _overtaken(
    limit: TimeLimit | None, typed: dict[str, str] | None, error: KBError | None
) -> list[Row]:
    """What differs between the limit as others left it and the form, where they came first."""
    if not isinstance(error, RevisionConflict):
        return []
    return differing(FIELDS, _texts(limit) if limit else {}, typed or {})


def _texts(limit: TimeLimit | None) -> dict[str, str]:
    """A limit as its form holds it."""
    if limit is None:
        return dict.fromkeys(FIELDS, "") | {"limit_unit": "hour", "confidence": UNVERIFIED}
    held = {field.name: getattr(limit, field.name) for field in fields(limit)}
    texts = {name: str(held[name]) for name in FIELDS}
    return texts | {
        "categories": " ".join(limit.categories),
        "limit_value": f"{limit.limit_value:g}",
    }


def _changes(old: TimeLimit | None, new: TimeLimit) -> list[Row]:
    return differing(FIELDS, _texts(old) if old else {}, _texts(new))


@blueprint.post("/<limit_id>")
def propose(limit_id: str) -> Page:
    """Put what the form holds in review."""
    check_form()
    typed = {name: request.form.get(name, "") for name in (*FIELDS, "reason")}
    try:
        change = propose_limit(
            current().database,
            limit_id,
            typed,
            base=form_base(),
            author=agent_name(),
            now=current().clock(),
        )
    except KBError as error:
        return _page(limit_id, typed=typed, error=error)
    impacts().try_change_beside(
        f"limit_id {change.id}", partial(impacts().foresee_limit, change.limit)
    )
    return redirect(url_for("limits.show", limit_id=limit_id))


@blueprint.post("/<limit_id>/step")
def take_step(limit_id: str) -> Page:
    """Withdraw, approve or reject the change in review, by the button pressed."""
    check_form()
    action, who, now = request.form.get("action", ""), agent_name(), current().clock()
    comment = request.form.get("comment", "")
    if action in STEPS:
        require(STEPS[action])
    try:
        if action not in ACTIONS:
            raise InvalidInput(f"应为 {'、'.join(ACTIONS)} 之一", field="action")
        waiting = find_waiting(current().database.connection, limit_id)
        foreseen = None
        if waiting and action == "approve" and would_bind(waiting, actor=who):
            foreseen = impacts().foresee_limit(waiting.limit)
        decide(
            current().database,
            limit_id,
            action,
            actor=who,
            comment=comment,
            now=now,
            foreseen=foreseen,
        )
    except KBError as error:
        return _page(limit_id, error=error)
    return redirect(url_for("limits.show", limit_id=limit_id))


@blueprint.get("/<limit_id>/impact")
def show_impact(limit_id: str) -> Page:
    """What the change in review would do."""
    waiting = find_waiting(current().database.connection, limit_id)
    if waiting is None:
        raise TimeLimitNotFound(f"{limit_id} 没有待审的改动", field="limit_id")
    return _page(limit_id, impact=impacts().of_limit(waiting.limit))
