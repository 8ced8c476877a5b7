"""Three texts side by side: what both come from, one's own, the other's; and a merged one."""

from __future__ import annotations

from flask import Blueprint, render_template

from kb.diffing import FIELDS, diff_texts, merge_texts
from kb.errors import ArticleNotFound
from kb.store import editing, files, handbook
from web.drafts import fields_of, line_fields
from web.services import current

blueprint = Blueprint("comparing", __name__, url_prefix="/edit")


@blueprint.get("/<article_id>/file")
def show_file(article_id: str) -> str:
    """What the handbook's file holds and the database has changed too."""
    done = files.read_import(current().database.connection)
    for conflict in done.conflicts if done else ():
        if conflict.article_id == article_id and conflict.texts:
            mine = dict(conflict.texts) | {"reason": "与手册文件合并"}
            return show_three(article_id, mine, base=conflict.base, is_file=True)
    raise ArticleNotFound(f"{article_id} 的文件与库里没有冲突", field="article_id")


def show_three(article_id: str, mine: dict[str, str], *, base: int, is_file: bool = False) -> str:
    """Base, mine and theirs, with a merged text to go on from; ``base``: what mine began with.

    The base of the merge is what both come from: ``base`` itself may be a draft that the newest
    revision never held. ``is_file``: mine is the handbook's file.
    """
    connection = current().database.connection
    theirs = editing.read_newest(connection, article_id)
    start = editing.common_base(connection, article_id, base, theirs.revision.number)
    started = handbook.read_article(connection, article_id, number=start) if start else None
    before = line_fields(fields_of(started)) if started else dict.fromkeys(mine, "")
    mine = dict.fromkeys(FIELDS, "") | mine
    mine, others = line_fields(mine), line_fields(fields_of(theirs))
    rows = []
    merged = dict(mine)
    for name, label in FIELDS.items():
        found = merge_texts(before[name], mine[name], others[name])
        merged[name] = found.text
        if mine[name] != others[name]:
            rows.append(
                {
                    "name": name,
                    "label": label,
                    "base": before[name],
                    "mine": diff_texts(before[name], mine[name]),
                    "theirs": diff_texts(before[name], others[name]),
                    "is_conflict": found.is_conflict,
                }
            )
    page: str = render_template(
        "edit_conflict.html",
        article_id=article_id,
        rows=rows,
        base=start,
        newest=theirs.revision,
        mine=mine,
        merged=merged,
        is_file=is_file,
    )
    return page
