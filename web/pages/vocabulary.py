"""The vocabulary's pages: its tables as text, what a change would do, its versions.

Everything is a plain form: what was typed comes back with every answer.
"""

from __future__ import annotations

import sqlite3

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from indexer.impact import Impact
from kb.errors import InvalidInput, KBError, LowersRanking
from kb.rewording import compare_tables, propose_rollback
from kb.store import vocabulary as store
from kb.vocabulary import FILES, KINDS, RowFault, VocabularyInvalid
from web.errors import REFUSALS, describe
from web.guard import check_form
from web.impacts import impacts
from web.services import current
from web.vocabulary import (
    current_texts,
    form_base,
    form_lines,
    how_far,
    proposed,
    roll_back,
    save,
)

blueprint = Blueprint("vocabulary", __name__, url_prefix="/edit/vocabulary")
Page = str | tuple[str, int] | BaseResponse
HINTS = {
    "synonyms": "一组一行，用逗号隔开，标准词在前；只作用于提问，保存即生效",
    "confusions": "一行一对：错词,正词,safe（任何地方都改）或 context（旁边有电信词才改）",
    "words": "一行一个两字以上的汉字词；几秒后生效，含有它的旧工单随后在后台重切",
    "never_mask": "一行一个：热线、错误码等，像个人信息也不遮盖；对以后的文字生效",
    "ambiguous": "一行一个：太泛的同义词，扩展时权重最低",
}


@blueprint.get("")
def show() -> Page:
    """The tables in force as text areas, and the versions."""
    number, texts = current_texts()
    return _page(texts, base=number)


def _page(
    texts: dict[str, list[str]],
    *,
    base: int,
    impact: Impact | None = None,
    error: KBError | sqlite3.OperationalError | None = None,
) -> Page:
    problem = describe(error) if error else None
    faults: tuple[RowFault, ...] = error.faults if isinstance(error, VocabularyInvalid) else ()
    versions = store.read_versions(current().database.connection)
    _, in_force = current_texts()
    page = render_template(
        "edit_vocabulary.html",
        kinds=KINDS,
        hints=HINTS,
        files=FILES,
        texts=texts,
        changed=[kind for kind in KINDS if texts[kind] != in_force[kind]],
        base=base,
        versions=versions,
        impact=impact,
        problem=problem,
        faults={kind: [each for each in faults if each.kind == kind] for kind in KINDS},
        needs_reason=isinstance(error, LowersRanking) or (impact and impact.foreseen.lowers),
        far=how_far(),
        reason=request.form.get("reason", ""),
        despite=request.form.get("despite", ""),
    )
    return (page, problem.status) if problem else page


@blueprint.post("")
def submit() -> Page:
    """Show what the tables as typed would change, or save them, by the button pressed."""
    check_form()
    lines = form_lines()
    number, texts = current_texts()
    typed = {**texts, **lines}
    base = number
    try:
        base = form_base()
        proposal = proposed(lines, base=base)
        if request.form.get("action") == "preview":
            return _page(typed, base=base, impact=impacts().of_vocabulary(proposal))
        saved = save(
            proposal,
            reason=request.form.get("reason", ""),
            despite=request.form.get("despite", ""),
        )
    except LowersRanking as error:
        return _page(typed, base=base, impact=impacts().of_vocabulary(proposal), error=error)
    except REFUSALS as error:
        return _page(typed, base=base, error=error)
    return redirect(url_for("vocabulary.show", saved=saved))


@blueprint.get("/history")
def show_history() -> str:
    """Two versions compared, and what it would do to go back to the older one."""
    return _history()


def _history(
    *, error: KBError | sqlite3.OperationalError | None = None, impact: Impact | None = None
) -> str:
    connection = current().database.connection
    versions = store.read_versions(connection)
    newest = versions[0].number if versions else 0
    new = _number("new", newest)
    old = _number("old", max(new - 1, min(1, newest)))
    tables = [store.read_tables(connection, number) for number in (old, new)]
    return render_template(
        "edit_vocabulary_history.html",
        versions=versions,
        old=old,
        new=new,
        newest=newest,
        changes=compare_tables(*tables),
        impact=impact,
        problem=describe(error) if error else None,
        needs_reason=isinstance(error, LowersRanking) or (impact and impact.foreseen.lowers),
        reason=request.form.get("reason", f"退回第 {old} 版"),
        despite=request.form.get("despite", ""),
    )


def _number(name: str, otherwise: int) -> int:
    given = request.values.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 8 else otherwise


@blueprint.post("/rollback")
def rollback() -> Page:
    """Show what going back would change, or put the old tables in force as a new version."""
    check_form()
    old = _number("old", 0)
    proposal = None
    try:
        proposal = propose_rollback(current().database, old)
        if request.form.get("action") == "preview":
            return _history(impact=impacts().of_vocabulary(proposal))
        saved = roll_back(
            old, reason=request.form.get("reason", ""), despite=request.form.get("despite", "")
        )
    except LowersRanking as error:
        impact = impacts().of_vocabulary(proposal) if proposal else None
        return _history(error=error, impact=impact), int(describe(error).status)
    except InvalidInput as error:
        return _history(error=error), int(describe(error).status)
    return redirect(url_for("vocabulary.show", saved=saved))
