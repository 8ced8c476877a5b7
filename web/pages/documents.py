"""Word files and pasted text into drafts: choose, look through, confirm. Nothing is kept before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from kb.article import SECTIONS
from kb.documents.drafting import (
    MAX_BODY,
    MAX_PARTS,
    Confirmed,
    Front,
    find_near,
    save_parts,
)
from kb.editor import Editor
from kb.errors import InvalidInput, KBError
from kb.resembling import Resembling
from kb.texts import clean_text
from web.bounding import open_chapters
from web.errors import Problem, describe
from web.forms import short_field
from web.guard import check_form
from web.incoming import MAX_UPLOAD, allow_upload, read_upload
from web.pages.editing import Page
from web.parsing import agent_name
from web.services import current

blueprint = Blueprint("documents", __name__, url_prefix="/edit/import")
MAX_CONFIRMED = 8 * 1024 * 1024
PART_FIELDS = ("title", "section", "target", "slug", "body", "path")
Row = dict[str, Any]


@blueprint.get("")
def show_upload() -> Page:
    """Choose a file, or paste."""
    return _upload()


def _upload(problem: Problem | None = None) -> Page:
    page = render_template("import.html", problem=problem)
    return (page, problem.status) if problem else page


@blueprint.post("")
def preview() -> Page:
    """What the document would become; nothing is kept."""
    try:
        allow_upload(MAX_UPLOAD)
        check_form()
        level = request.form.get("level", "0")
        incoming = read_upload(level=int(level) if level in tuple("0123456") else 0)
    except KBError as error:
        return _upload(describe(error))
    rows: list[Row] = [
        {
            "keep": True,
            "title": each.part.title,
            "section": each.section,
            "target": "",
            "slug": slug,
            "body": each.part.body,
            "path": " › ".join(each.part.path),
            "resembling": _near(each.resembling),
        }
        for each, slug in zip(incoming.proposals, incoming.slugs, strict=True)
    ]
    return _preview(
        rows,
        source=incoming.name,
        warnings=incoming.warnings,
        images=incoming.converted.images,
        tables=incoming.converted.tables,
    )


def _preview(rows: list[Row], *, problem: Problem | None = None, **values: Any) -> Page:
    page = render_template(
        "import_preview.html",
        rows=rows,
        sections=SECTIONS,
        chapters=open_chapters(),
        problem=problem,
        **{"warnings": (), "images": 0, "tables": 0, "owner": "", "responsible_dept": "", **values},
    )
    return (page, problem.status) if problem else page


@blueprint.post("/drafts")
def confirm() -> Page:
    """Keep the parts that are ticked as drafts: all of them, or none and the page again."""
    request.max_content_length = request.max_form_memory_size = MAX_CONFIRMED
    check_form()
    rows = _typed_rows()
    kept = [row for row in rows if row["keep"]]
    try:
        front = Front(
            source=clean_text(request.form.get("source", ""), field="source", longest=200),
            owner=short_field("owner"),
            responsible_dept=short_field("responsible_dept"),
        )
        parts = [_confirmed(row) for row in kept]
        now, who = current().clock(), agent_name()
        saved = save_parts(Editor(current().database), parts, front, author=who, now=now)
    except KBError as error:
        return _refused(rows, kept, error)
    return redirect(url_for("editing.show_queue", imported=len(saved)), 303)


def _confirmed(row: Row) -> Confirmed:
    return Confirmed(**{name: row[name] for name in ("title", "section", "body", "slug", "target")})


def _refused(rows: list[Row], kept: list[Row], error: KBError) -> Page:
    """The page again with everything typed, the faulty part named."""
    if error.field.isdigit() and int(error.field) < len(kept):
        row = kept[int(error.field)]
        row["wrong"] = error.detail
        error = InvalidInput(f"第 {rows.index(row) + 1} 条：{error.detail}", field="parts")
    form = request.form
    names = ("source", "owner", "responsible_dept")
    return _preview(rows, problem=describe(error), **{name: form.get(name, "") for name in names})


def _typed_rows() -> list[Row]:
    form = request.form
    count = form.get("count", "")
    if not (count.isascii() and count.isdigit() and len(count) < 4 and int(count) <= MAX_PARTS):
        raise InvalidInput(f"应为 0 到 {MAX_PARTS} 的整数", field="count")
    rows: list[Row] = []
    for place in range(int(count)):
        row: Row = {
            name: form.get(f"{name}-{place}", "").replace("\r\n", "\n")[: MAX_BODY + 1]
            for name in PART_FIELDS
        }
        row["keep"] = f"keep-{place}" in form
        rows.append(row)
    texts = [f"{row['title']}\n{row['body']}" for row in rows]
    for row, near in zip(rows, find_near(current().database.connection, texts), strict=True):
        row["resembling"] = _near(near)
    return rows


def _near(found: Iterable[Resembling]) -> list[tuple[str, str, float]]:
    return [(each.article.id, each.article.title, each.score) for each in found]
