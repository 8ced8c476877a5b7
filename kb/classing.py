"""Changing a complaint class: proposed whole, tried, approved; never deleted, but retired."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kb.article import Article
from kb.category import Category, covers
from kb.database import Database
from kb.errors import EditRefused, HandbookInvalid, InvalidInput
from kb.foresight import Foreseen
from kb.proposing import MAX_TEXT, check_base, is_last, note_impact, sign, take_step
from kb.store import handbook
from kb.store.class_changes import (
    ClassChange,
    Uses,
    count_uses,
    put_in_force,
    read_changes,
    save_change,
    write_class,
)
from kb.tables import parse_number
from kb.texts import clean_required, clean_text
from kb.ticket import PRIORITIES

FIELDS: Mapping[str, str] = {
    "name": "名称", "default_priority": "优先级", "responsible_dept": "责任部门",
    "usual_hours": "办结时限（小时）", "procedure": "处理要点", "typical_fix": "常用办法",
    "miit_class": "工信部分类", "watch_scene": "企业监测场景", "retired": "停用",
    "successor": "停用后改用",
}  # fmt: skip
"""What of a class editors change, by name: what forms call it."""
OF_ALL_LEVELS = ("name", "retired", "successor")
"""The fields that classes of the first and second level have too."""
MAX_HOURS = 8_760
_CODE = re.compile(r"(?:[0-9]{2}){1,3}")


def is_code(text: str) -> bool:
    """Whether a class may be called so: two digits a level."""
    return _CODE.fullmatch(text) is not None


def fields_of(code: str) -> tuple[str, ...]:
    """The fields that a class of this code has."""
    return tuple(FIELDS) if len(code) == 6 else OF_ALL_LEVELS


def needed(change: ClassChange) -> int:
    """People besides the author who must approve: two where a time limit changes, else one."""
    before = change.old.usual_hours if change.old else None
    return 1 if change.category.usual_hours == before else 2


def build_class(
    code: str, typed: Mapping[str, str], *, known: Mapping[str, Category], now: datetime
) -> Category:
    """A class of what a form sent; ``known``: the classes there are. Raise InvalidInput."""
    texts = {name: clean_text(typed.get(name, ""), field=name, longest=MAX_TEXT) for name in FIELDS}
    clean_required(texts["name"], field="name", longest=MAX_TEXT)
    parent = code[:-2]
    if parent and (parent not in known or known[parent].is_retired):
        raise InvalidInput(f"没有上级分类 {parent}，请先建上级", field="id")
    held = known.get(code)
    is_retired = texts["retired"] == "yes"
    since = held.retired_on if held and held.is_retired else now.date().isoformat()
    made = Category(
        id=code,
        parent=parent,
        name=texts["name"],
        level=len(code) // 2,
        retired_on=since if is_retired else "",
        successor=texts["successor"] if is_retired else "",
    )
    _check_name(made, known)
    _check_end(made, known)
    return _with_details(made, texts) if made.level == 3 else made


def _check_name(made: Category, known: Mapping[str, Category]) -> None:
    """Nobody could tell two live classes below one class apart by an equal name."""
    for each in known.values():
        beside = each.parent == made.parent and each.id != made.id and not each.is_retired
        if beside and each.name == made.name:
            raise InvalidInput(f"与 {each.id} 同名", field="name")


def _check_end(made: Category, known: Mapping[str, Category]) -> None:
    """A class above others ends after them; its successor is one in use of the same level."""
    if not made.is_retired:
        return
    if made.id not in known:
        raise InvalidInput("新分类不能一建就停用", field="retired")
    below = [each.id for each in known.values() if each.parent == made.id and not each.is_retired]
    if below:
        raise InvalidInput(f"请先停用下级分类 {'、'.join(below[:5])}", field="retired")
    if not made.successor:
        return
    found = known.get(made.successor)
    if found is None or found.is_retired or found.level != made.level or found.id == made.id:
        raise InvalidInput("应为在用的同级分类的编码", field="successor")


def _with_details(made: Category, texts: Mapping[str, str]) -> Category:
    if texts["default_priority"] not in PRIORITIES:
        raise InvalidInput(f"应为 {'、'.join(PRIORITIES)} 之一", field="default_priority")
    clean_required(texts["responsible_dept"], field="responsible_dept", longest=MAX_TEXT)
    try:
        hours = parse_number(texts["usual_hours"], where="usual_hours")
    except HandbookInvalid:
        hours = 0.0
    if not (hours.is_integer() and 1 <= hours <= MAX_HOURS):
        raise InvalidInput(f"应为 1 到 {MAX_HOURS} 的整数", field="usual_hours")
    return replace(
        made,
        usual_hours=int(hours),
        default_priority=texts["default_priority"],
        responsible_dept=texts["responsible_dept"].strip(),
        procedure=texts["procedure"],
        typical_fix=texts["typical_fix"],
        miit_class=texts["miit_class"],
        watch_scene=texts["watch_scene"],
    )


def propose_class(
    database: Database,
    code: str,
    typed: Mapping[str, str],
    *,
    base: int,
    author: str,
    now: datetime,
) -> ClassChange:
    """Put a change in review; ``typed`` holds the fields and the ``reason``.

    ``base``: the revision it started from, 0 for a new class. Raise InvalidInput naming the field,
    RevisionConflict when it was overtaken, EditRefused when another change is in review.
    """
    signed = sign(typed, author=author, now=now)
    if not is_code(code):
        raise InvalidInput("应为两位、四位或六位数字，每两位一级", field="id")
    with database.transaction() as connection:
        known = handbook.read_categories(connection)
        old = known.get(code)
        check_base(old.revision if old else 0, base)
        made = replace(build_class(code, typed, known=known, now=now), revision=base + 1)
        if old is not None and replace(made, revision=base) == old:
            raise InvalidInput("没有改动", field="name")
        if find_waiting(connection, code):
            raise EditRefused("已有一份改动在等审核", field="id")
        change = ClassChange(
            code=code,
            base=base,
            content=write_class(made),
            before=write_class(old) if old else "",
            **signed,
        )
        return replace(change, id=save_change(connection, change))


def find_waiting(connection: sqlite3.Connection, code: str) -> ClassChange | None:
    """The change of a class that is in review."""
    found = (each for each in read_changes(connection, code) if each.status == "in_review")
    return next(found, None)


def would_bind(change: ClassChange, *, actor: str) -> bool:
    """Whether this person's approval is the last one that a change lacks."""
    return is_last(change, needed(change), actor=actor)


def decide(
    database: Database,
    code: str,
    action: str,
    *,
    actor: str,
    comment: str,
    now: datetime,
    foreseen: Foreseen | None = None,
) -> ClassChange:
    """Withdraw, reject or approve the change in review; the last approval puts it in force.

    Raise EditRefused, SelfApproval, InvalidInput, LowersRanking without a reason.
    """
    with database.transaction() as connection:
        waiting = find_waiting(connection, code)
        count = needed(waiting) if waiting else 1
        change = take_step(waiting, action, actor=actor, comment=comment, needed=count, now=now)
        if change.status == "published":
            change = note_impact(change, comment, foreseen)
            _bind(connection, change, now=now)
        save_change(connection, change)
        return change


def _bind(connection: sqlite3.Connection, change: ClassChange, *, now: datetime) -> None:
    """Put a class in force; what it leans on is looked at again, since others may have changed."""
    known = handbook.read_categories(connection)
    made = change.category
    held = known.get(change.code)
    if (held.revision if held else 0) != change.base:
        raise EditRefused("这个分类后来又改过，请撤回后重新提出", field="id")
    parent = known.get(made.parent)
    if made.parent and not made.is_retired and (parent is None or parent.is_retired):
        raise EditRefused(f"上级分类 {made.parent} 已停用，请撤回", field="id")
    try:
        _check_name(made, known)
        _check_end(made, known)
    except InvalidInput as error:
        raise EditRefused(f"{error.detail}，请撤回后重新提出", field="id") from None
    put_in_force(connection, made, now=now)


def uses_below(connection: sqlite3.Connection) -> dict[str, Uses]:
    """What uses each class or one below it."""
    own = count_uses(connection)
    return {
        code: sum((own[each] for each in own if covers(code, each)), Uses())
        for code in handbook.read_categories(connection)
    }


def articles_of(connection: sqlite3.Connection, code: str, *, now: datetime) -> list[Article]:
    """The articles in force for a class or one below it."""
    shown = handbook.read_articles(connection, on=now.date())
    return [each for each in shown if any(covers(code, own) for own in each.revision.categories)]
