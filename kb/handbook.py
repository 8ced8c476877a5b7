"""Reading the handbook's plain files: articles with front matter, and the tables beside them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import frontmatter
import yaml

from kb.article import SECTIONS, STATUSES, Article, Revision
from kb.category import Category
from kb.deadlines import UNITS
from kb.errors import HandbookInvalid
from kb.figure import Figure
from kb.limit import AUTHORITIES, CONFIDENCES, KINDS, TimeLimit, class_limit
from kb.vocabulary import Confusion, read_confusions, read_synonyms, read_words

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
OPTIONAL = {"figures": list, "valid_until": date}
_FILE_NAME = re.compile(r"(?P<id>[A-Z][0-9A-Z]*(?:-[0-9]+)?)-(?P<slug>[a-z0-9-]+)\.md")


@dataclass(frozen=True)
class Handbook:
    """Everything the folder holds."""

    articles: tuple[Article, ...]
    categories: tuple[Category, ...]
    limits: tuple[TimeLimit, ...]
    figures: tuple[Figure, ...]
    synonyms: tuple[tuple[str, ...], ...]
    ambiguous: tuple[str, ...]
    confusions: tuple[Confusion, ...]
    never_mask: tuple[str, ...]
    workdays: Mapping[str, Any]


def parse_article(text: str, *, name: str) -> Article:
    """Read one Markdown file; raise HandbookInvalid naming the file and the field."""
    match = _FILE_NAME.fullmatch(name)
    if match is None:
        raise HandbookInvalid("文件名应为 编号-英文短名.md，例如 P060101-los-red.md", field=name)
    try:
        front, body = frontmatter.parse(text)
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


def _check_front(front: Mapping[str, Any], name: str) -> None:
    for field, kind in FRONT_MATTER.items():
        if field not in front:
            raise HandbookInvalid("文件头缺这一项", field=f"{name}: {field}")
        if not isinstance(front[field], kind):
            raise HandbookInvalid(f"类型应为 {kind.__name__}", field=f"{name}: {field}")
    for field in front:
        if field not in FRONT_MATTER and field not in OPTIONAL:
            raise HandbookInvalid("文件头不认识这一项", field=f"{name}: {field}")
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
    """Every article below ``folder``/articles, in path order; raise on two files of one id."""
    articles: dict[str, Article] = {}
    for path in sorted((folder / "articles").rglob("*.md")):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            raise HandbookInvalid("不是 UTF-8 编码", field=path.name) from None
        article = parse_article(text, name=path.name)
        if article.id in articles:
            raise HandbookInvalid(f"{article.id} 出现在两个文件中", field=path.name)
        articles[article.id] = article
    return list(articles.values())


def read_handbook(folder: Path) -> Handbook:
    """Read the whole folder; raise HandbookInvalid when there is none or a file is wrong."""
    tables = folder / "tables"
    if not tables.is_dir():
        raise HandbookInvalid(f"{folder} 下没有 tables 目录", field="handbook")
    categories = read_categories(tables / "taxonomy.csv")
    own = [class_limit(category) for category in categories if category.usual_hours]
    return Handbook(
        articles=tuple(read_articles(folder)),
        categories=tuple(categories),
        limits=(*read_limits(tables / "time_limits.csv"), *own),
        figures=tuple(Figure(**row) for row in _rows(tables / "figures.csv")),
        synonyms=read_synonyms(tables / "synonyms.txt"),
        ambiguous=read_words(tables / "synonyms_ambiguous.txt"),
        confusions=read_confusions(tables / "confusions.csv"),
        never_mask=read_words(tables / "never_mask.txt"),
        workdays=json.loads((tables / "workdays.json").read_text("utf-8")),
    )


def read_categories(path: Path) -> list[Category]:
    """The taxonomy: each row is a third-level class and names its two parents."""
    found: dict[str, Category] = {}
    for row in _rows(path):
        first, second, third = row["l1_code"], row["l2_code"], row["l3_code"]
        if not (second.startswith(first) and third.startswith(second)):
            raise HandbookInvalid("三级编码应逐级以上级编码开头", field=f"{path.name}: {third}")
        found.setdefault(first, Category(first, "", row["l1"], 1))
        found.setdefault(second, Category(second, first, row["l2"], 2))
        found[third] = Category(
            id=third,
            parent=second,
            name=row["l3"],
            level=3,
            default_priority=row["priority"],
            responsible_dept=row["responsible_dept"],
            usual_hours=int(row["usual_limit_hours"]),
            procedure=row["procedure"],
            typical_fix=row["typical_fix"],
            miit_class=row["miit_class"],
            watch_scene=row["operator_watch_scene"],
        )
    return [found[code] for code in sorted(found)]


def read_limits(path: Path) -> list[TimeLimit]:
    """The table of time limits; class codes stand in one cell, separated by blanks."""
    limits = []
    for row in _rows(path):
        where = f"{path.name}: {row['id']}"
        for field, known in (
            ("limit_unit", UNITS),
            ("kind", KINDS),
            ("authority", AUTHORITIES),
            ("confidence", CONFIDENCES),
            ("starts", ("accepted", "event")),
        ):
            if row[field] not in known:
                raise HandbookInvalid(f"{field} 应为 {'、'.join(known)}", field=where)
        values: dict[str, Any] = dict(row)
        values["categories"] = tuple(row["categories"].split())
        values["limit_value"] = float(row["limit_value"])
        limits.append(TimeLimit(**values))
    return limits


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: (value or "").strip() for name, value in row.items()}
            for row in csv.DictReader(file)
        ]
