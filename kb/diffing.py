"""Two texts, what changed: lines first, then characters inside changed lines, fit for Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby

from merge3 import Merge3

from kb.article import Article

SAME, ADDED, REMOVED = "same", "added", "removed"
LEAST_SAME = 2
"""Fewer equal characters than this between two changes are shown as changed: else confetti."""
LONGEST_LINE = 4_000
"""Characters of a changed passage up to which single characters are compared."""
FIELDS: dict[str, str] = {
    "title": "标题",
    "section": "章节",
    "categories": "适用分类",
    "keywords": "关键词",
    "steps": "步骤",
    "time_limits": "时限",
    "figures": "数值",
    "responsible_dept": "责任部门",
    "owner": "维护部门",
    "valid_from": "生效日",
    "valid_until": "失效日",
    "review_by": "复核日",
    "sources": "来源",
    "extra": "其他项",
    "body": "正文",
}
"""Fields an editor can change, in the order in which a comparison shows them."""


@dataclass(frozen=True)
class Change:
    """A run of text: ``kind`` is same, added or removed."""

    kind: str
    text: str


@dataclass(frozen=True)
class FieldChange:
    """What changed in one field."""

    field: str
    name: str
    changes: tuple[Change, ...]


def diff_texts(old: str, new: str) -> tuple[Change, ...]:
    """The runs that turn ``old`` into ``new``; joined, same + removed give back ``old``."""
    runs: list[Change] = []
    for removed, added in _passages(old.splitlines(True), new.splitlines(True)):
        if removed == added:
            runs.append(Change(SAME, removed))
        elif max(len(removed), len(added)) > LONGEST_LINE:
            runs += [Change(REMOVED, removed), Change(ADDED, added)]
        else:
            runs += _characters(removed, added)
    return tuple(_joined(run for run in runs if run.text))


def _passages(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, start, end, other, other_end in matcher.get_opcodes():
        yield "".join(old[start:end]), "".join(new[other:other_end])


def _characters(old: str, new: str) -> Iterator[Change]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, other, other_end in matcher.get_opcodes():
        is_run = kind == "equal" and (end - start >= LEAST_SAME or start == 0 or end == len(old))
        if is_run:
            yield Change(SAME, old[start:end])
        else:
            yield Change(REMOVED, old[start:end])
            yield Change(ADDED, new[other:other_end])


def _joined(runs: Iterable[Change]) -> list[Change]:
    """Neighbours of a kind as one, what was removed before what was added in its place."""
    joined: list[Change] = []
    for is_same, group in groupby(runs, key=lambda run: run.kind == SAME):
        members = list(group)
        for kind in (SAME,) if is_same else (REMOVED, ADDED):
            text = "".join(run.text for run in members if run.kind == kind)
            if text:
                joined.append(Change(kind, text))
    return joined


def diff_articles(old: Article, new: Article) -> tuple[FieldChange, ...]:
    """What changed, field by field; fields that are equal are left out."""
    before, after = field_texts(old), field_texts(new)
    return tuple(
        FieldChange(field, name, diff_texts(before[field], after[field]))
        for field, name in FIELDS.items()
        if before[field] != after[field]
    )


def field_texts(article: Article) -> dict[str, str]:
    """Each field an editor can change as text, a list's items one a line."""
    revision = article.revision
    until = revision.valid_until
    return {
        "title": revision.title,
        "section": article.section,
        "categories": "\n".join(revision.categories),
        "keywords": "\n".join(revision.keywords),
        "steps": "\n".join(revision.steps),
        "time_limits": "\n".join(revision.time_limits),
        "figures": "\n".join(revision.figures),
        "responsible_dept": article.responsible_dept,
        "owner": article.owner,
        "valid_from": revision.valid_from.isoformat(),
        "valid_until": until.isoformat() if until else "",
        "review_by": revision.review_by.isoformat(),
        "sources": "\n".join(revision.sources),
        "extra": revision.extra,
        "body": revision.body,
    }


@dataclass(frozen=True)
class Merged:
    """One field merged three ways; ``is_conflict``: both sides changed the same lines."""

    text: str
    is_conflict: bool


def merge_texts(base: str, mine: str, theirs: str) -> Merged:
    """Merge two changes of one text; a conflict keeps both sides between markers."""
    if mine in (base, theirs):
        return Merged(theirs, is_conflict=False)
    if theirs == base:
        return Merged(mine, is_conflict=False)
    merge = Merge3(base.splitlines(True), mine.splitlines(True), theirs.splitlines(True))
    is_conflict = any(group[0] == "conflict" for group in merge.merge_groups())
    lines = merge.merge_lines(name_a="我的", name_b="对方的", start_marker="<<<<<<<")
    return Merged("".join(lines), is_conflict)
