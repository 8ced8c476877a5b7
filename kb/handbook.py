"""Reading the handbook's plain files: articles with front matter, and the tables beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import frontmatter
import yaml

from kb.article import SECTIONS, STATUSES, Article, Revision
from kb.category import Category
from kb.deadlines import UNITS
from kb.errors import HandbookInvalid, InvalidInput
from kb.figure import Figure
from kb.glossary import GlossaryTerm, read_glossary
from kb.limit import AUTHORITIES, CONFIDENCES, KINDS, TimeLimit, class_limit
from kb.other_items import write_items
from kb.settings import shipped_handbook
from kb.tables import parse_number, read_json, read_table, read_text
from kb.ticket import AREAS, PRIORITIES
from kb.vocabulary import (
    Confusion,
    read_confusions,
    read_dictionary,
    read_synonyms,
    read_words,
)
from kb.workdays import parse_calendar

FRONT_MATTER = {
    "id": str,
    "chapter": int,
    "section": str,
    "title": str,
    "categories": list,
    "keywords": list,
    "steps": list,
    "time_limits": list,
    "responsible_dept": str,
    "owner": str,
    "status": str,
    "valid_from": date,
    "review_by": date,
    "sources": list,
}
KIND_NAMES = {str: "文字", int: "整数", date: "日期", list: "列表"}
OPTIONAL = {"figures": list, "valid_until": date}
KNOWN = frozenset({*FRONT_MATTER, *OPTIONAL})
CODE_LISTS = ("categories", "steps", "time_limits", "figures")
"""Lists whose items must be written as text: YAML reads an unquoted 060101 as a number."""
TAXONOMY_COLUMNS = (
    "l1_code", "l1", "l2_code", "l2", "l3_code", "l3", "responsible_dept", "priority",
    "usual_limit_hours", "procedure", "typical_fix", "miit_class", "operator_watch_scene",
)  # fmt: skip
TAXONOMY_ENDS = ("retired_on", "successor")
"""Columns of the taxonomy that its file has once a class was retired."""
LIMIT_ENDS = ("retired_on",)
"""The same of the table of limits."""
LIMIT_COLUMNS = tuple(
    field.name for field in fields(TimeLimit) if field.name not in ("revision", *LIMIT_ENDS)
)
FIGURE_COLUMNS = tuple(field.name for field in fields(Figure))
OTHER_TALK = "other_talk.txt"
OTHER_TRADES = "other_trades.txt"
OWN_TALK = "own_talk.txt"
_FILE_NAME = re.compile(r"(?P<id>[A-Z][0-9A-Z]*(?:-[0-9]+)?)-(?P<slug>[a-z0-9-]+)\.md")


@dataclass(frozen=True)
class TalkTables:
    """How people talk to a desk, to tell complaints of the trade from other talk.

    ``other``: sentences that are no complaint of the trade. ``own``: complaints that say little, or
    name things of another trade in passing. ``trades``: of each other trade its things and people.
    """

    other: tuple[str, ...]
    own: tuple[str, ...]
    trades: Mapping[str, tuple[str, ...]]


NO_TALK = TalkTables((), (), {})


@dataclass(frozen=True)
class Handbook:
    """Everything the folder holds."""

    articles: tuple[Article, ...]
    categories: tuple[Category, ...]
    limits: tuple[TimeLimit, ...]
    figures: tuple[Figure, ...]
    words: tuple[str, ...]
    synonyms: tuple[tuple[str, ...], ...]
    ambiguous: tuple[str, ...]
    confusions: tuple[Confusion, ...]
    never_mask: tuple[str, ...]
    workdays: Mapping[str, Any]
    talk: TalkTables
    glossary: tuple[GlossaryTerm, ...] = ()


def parse_article(text: str, *, name: str) -> Article:
    """Read one Markdown file; raise HandbookInvalid naming the file and the field."""
    match = _FILE_NAME.fullmatch(name)
    if match is None:
        raise HandbookInvalid("文件名应为 编号-英文短名.md，例如 P060101-los-red.md", field=name)
    try:
        front, body = _split(text)
    except yaml.YAMLError as error:
        raise HandbookInvalid(f"文件头不是合法的 YAML：{error}", field=name) from None
    _check_front(front, name)
    if front["id"] != match["id"]:
        raise HandbookInvalid(f"id 写作 {front['id']}，与文件名不符", field=f"{name}: id")
    revision = Revision(
        article_id=front["id"],
        number=1,
        title=front["title"].strip(),
        body=body.strip() + "\n",
        categories=_texts(front, "categories"),
        keywords=_texts(front, "keywords"),
        steps=_texts(front, "steps"),
        time_limits=_texts(front, "time_limits"),
        figures=_texts(front, "figures"),
        sources=_texts(front, "sources"),
        status=front["status"],
        valid_from=front["valid_from"],
        valid_until=front.get("valid_until"),
        review_by=front["review_by"],
        extra=_extra(front, name),
    )
    return Article(
        id=front["id"],
        chapter=front["chapter"],
        section=front["section"],
        slug=match["slug"],
        owner=front["owner"],
        responsible_dept=front["responsible_dept"],
        revision=revision,
    )


def _extra(front: Mapping[str, Any], name: str) -> str:
    """What the front matter holds besides: it is kept as it is."""
    try:
        return write_items({key: front[key] for key in front if key not in KNOWN})
    except InvalidInput as error:
        raise HandbookInvalid(error.detail, field=f"{name}: 其他项") from None


def _split(text: str) -> tuple[dict[str, Any], str]:
    front, body = frontmatter.parse(text)
    return dict(front), body


def _check_front(front: Mapping[str, Any], name: str) -> None:
    for field in FRONT_MATTER:
        if field not in front:
            raise HandbookInvalid("文件头缺这一项", field=f"{name}: {field}")
    for field, value in front.items():
        kind = FRONT_MATTER.get(field) or OPTIONAL.get(field)
        if kind is None or (value is None and field in OPTIONAL):
            continue
        if not isinstance(value, kind) or isinstance(value, bool | datetime):
            raise HandbookInvalid(f"应为{KIND_NAMES[kind]}", field=f"{name}: {field}")
        if isinstance(value, list):
            _check_items(value, where=f"{name}: {field}", codes=field in CODE_LISTS)
    _check_values(front, name)


def _check_items(items: list[Any], *, where: str, codes: bool) -> None:
    for item in items:
        if not isinstance(item, str if codes else str | int | float) or not str(item).strip():
            raise HandbookInvalid(f"每一项应为文字，编码要加引号：{item!r}", field=where)


def _check_values(front: Mapping[str, Any], name: str) -> None:
    if front["status"] not in STATUSES:
        raise HandbookInvalid(f"应为 {'、'.join(STATUSES)}", field=f"{name}: status")
    if front["section"] not in SECTIONS:
        raise HandbookInvalid(f"没有 {front['section']} 节", field=f"{name}: section")
    if not front["section"].startswith(f"{front['chapter']}."):
        raise HandbookInvalid("章与节不符", field=f"{name}: chapter")
    if not front["title"].strip():
        raise HandbookInvalid("不能为空", field=f"{name}: title")


def _texts(front: Mapping[str, Any], field: str) -> tuple[str, ...]:
    return tuple(str(item).strip() for item in front.get(field) or ())


def read_articles(folder: Path) -> list[Article]:
    """Every article below ``folder``/articles, in path order; raise on the first that is wrong."""
    return [_raised(found) for found in read_each(folder)]


def read_each(folder: Path) -> Iterator[Article | HandbookInvalid]:
    """Each article file in path order: the article, or what is wrong with the file."""
    seen: set[str] = set()
    for path in sorted((folder / "articles").rglob("*.md")):
        try:
            article = parse_article(read_text(path), name=path.name)
        except HandbookInvalid as error:
            yield error
            continue
        if article.id in seen:
            yield HandbookInvalid(f"{article.id} 出现在两个文件中", field=path.name)
            continue
        seen.add(article.id)
        yield article


def _raised(found: Article | HandbookInvalid) -> Article:
    if isinstance(found, HandbookInvalid):
        raise found
    return found


def read_handbook(folder: Path) -> Handbook:
    """Read the whole folder; raise HandbookInvalid when there is none or a file is wrong."""
    return build_handbook(folder, read_articles(folder))


def build_handbook(folder: Path, articles: Iterable[Article]) -> Handbook:
    """The handbook of these articles with the tables of ``folder``."""
    tables = folder / "tables"
    if not tables.is_dir():
        raise HandbookInvalid(f"{folder} 下没有 tables 目录", field="handbook")
    categories = read_categories(tables / "taxonomy.csv")
    own = [class_limit(category) for category in categories if category.usual_hours]
    return Handbook(
        articles=tuple(articles),
        categories=tuple(categories),
        limits=(*read_limits(tables / "time_limits.csv"), *own),
        figures=tuple(Figure(**row) for row in read_table(tables / "figures.csv", FIGURE_COLUMNS)),
        words=read_dictionary(tables / "words.txt"),
        synonyms=read_synonyms(tables / "synonyms.txt"),
        ambiguous=read_words(tables / "synonyms_ambiguous.txt"),
        confusions=read_confusions(tables / "confusions.csv"),
        never_mask=read_words(tables / "never_mask.txt"),
        workdays=read_workdays(tables / "workdays.json"),
        talk=read_talk(folder),
        glossary=read_glossary(tables / "glossary.csv"),
    )


def read_talk(folder: Path) -> TalkTables:
    """The tables of talk: of each the folder's own, or the one shipped."""
    other, own, trades = (
        _own_or_shipped(folder, name) for name in (OTHER_TALK, OWN_TALK, OTHER_TRADES)
    )
    return TalkTables(read_words(other), read_words(own), read_trades(trades))


def _own_or_shipped(folder: Path, name: str) -> Path:
    own = folder / "tables" / name
    return own if own.is_file() else shipped_handbook() / "tables" / name


def read_trades(path: Path) -> dict[str, tuple[str, ...]]:
    """Lines of a trade, a colon and its words with blanks between; raise HandbookInvalid."""
    trades: dict[str, tuple[str, ...]] = {}
    for line in read_words(path):
        name, colon, words = line.partition("：")
        if not colon or not words.split():
            raise HandbookInvalid(f"「{line[:20]}」应写成 行业：词 词", field=path.name)
        if name in trades:
            raise HandbookInvalid(f"「{name}」写了两行", field=path.name)
        trades[name] = tuple(words.split())
    return trades


def read_workdays(path: Path) -> dict[str, Any]:
    """The holiday notices by year, checked."""
    years = read_json(path)
    try:
        parse_calendar(years)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise HandbookInvalid("年份或日期写得不对", field=path.name) from None
    return dict(years)


def read_categories(path: Path) -> list[Category]:
    """The taxonomy: each row is a third-level class and names its two parents.

    A row without a third code is for the second-level class itself, one without a second code too
    for the first-level class: where these are retired, or have none below them.
    """
    found: dict[str, Category] = {}
    own_rows: set[str] = set()
    for row in read_table(path, TAXONOMY_COLUMNS, optional=TAXONOMY_ENDS):
        codes = [row[name] for name in ("l1_code", "l2_code", "l3_code") if row[name]]
        where = f"{path.name}: {codes[-1] if codes else '?'}"
        _check_codes(row, codes, where)
        if codes[-1] in own_rows:
            raise HandbookInvalid("编码重复", field=where)
        own_rows.add(codes[-1])
        for level, (parent, code) in enumerate(pairwise(["", *codes[:2]]), 1):
            found.setdefault(code, Category(code, parent, row[f"l{level}"], level))
        _check_day(row["retired_on"], where)
        if len(codes) == 3:
            found[codes[-1]] = _third_level(row, where)
        else:
            found[codes[-1]] = replace(
                found[codes[-1]], retired_on=row["retired_on"], successor=row["successor"]
            )
    return [found[code] for code in sorted(found)]


def _check_codes(row: Mapping[str, str], codes: list[str], where: str) -> None:
    nested = all(lower.startswith(upper) for upper, lower in pairwise(codes))
    skipped = not row["l1_code"] or (row["l3_code"] and not row["l2_code"])
    if not codes or skipped or not nested:
        raise HandbookInvalid("三级编码应逐级以上级编码开头", field=where)


def _check_day(text: str, where: str) -> None:
    try:
        if text:
            date.fromisoformat(text)
    except ValueError:
        raise HandbookInvalid("retired_on 应为日期，例如 2026-03-11", field=where) from None


def _third_level(row: Mapping[str, str], where: str) -> Category:
    if row["priority"] not in PRIORITIES:
        raise HandbookInvalid(f"priority 应为 {'、'.join(PRIORITIES)}", field=where)
    return Category(
        id=row["l3_code"],
        parent=row["l2_code"],
        name=row["l3"],
        level=3,
        default_priority=row["priority"],
        responsible_dept=row["responsible_dept"],
        usual_hours=int(parse_number(row["usual_limit_hours"], where=where)),
        procedure=row["procedure"],
        typical_fix=row["typical_fix"],
        miit_class=row["miit_class"],
        watch_scene=row["operator_watch_scene"],
        retired_on=row["retired_on"],
        successor=row["successor"],
    )


def read_limits(path: Path) -> list[TimeLimit]:
    """The table of time limits; class codes stand in one cell, separated by blanks."""
    limits: dict[str, TimeLimit] = {}
    for row in read_table(path, LIMIT_COLUMNS, optional=LIMIT_ENDS):
        where = f"{path.name}: {row['id']}"
        _check_day(row["retired_on"], where)
        for field, known in (
            ("limit_unit", UNITS),
            ("kind", KINDS),
            ("authority", AUTHORITIES),
            ("confidence", CONFIDENCES),
            ("starts", ("accepted", "event")),
            ("area", ("", *AREAS)),
            ("priority", ("", *PRIORITIES)),
        ):
            if row[field] not in known:
                raise HandbookInvalid(f"{field} 应为 {'、'.join(known)}", field=where)
        values: dict[str, Any] = dict(row)
        values["categories"] = tuple(row["categories"].split())
        values["limit_value"] = parse_number(row["limit_value"], where=where)
        if row["id"] in limits:
            raise HandbookInvalid("编号重复", field=where)
        limits[row["id"]] = TimeLimit(**values)
    return list(limits.values())
