"""The handbook as files again: the same content is always the same bytes, so that git diffs it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from kb.article import Article
from kb.category import Category
from kb.glossary import GLOSSARY_COLUMNS
from kb.handbook import (
    FIGURE_COLUMNS,
    LIMIT_COLUMNS,
    LIMIT_ENDS,
    TAXONOMY_COLUMNS,
    TAXONOMY_ENDS,
    Handbook,
)
from kb.limit import TimeLimit, is_class_limit
from kb.vocabulary import CONFUSION_COLUMNS

ALWAYS_QUOTED = frozenset({"categories", "sources"})


def write_handbook(folder: Path, handbook: Handbook) -> list[str]:
    """Write articles and tables below ``folder``; return the paths whose bytes changed, sorted.

    Files of articles that are no more are removed; anything else in the folder is left alone.
    """
    files = {article_path(each): format_article(each) for each in handbook.articles}
    gone = [
        path
        for path in (folder / "articles").rglob("*.md")
        if str(path.relative_to(folder)) not in files
    ]
    files |= format_tables(handbook)
    changed = [str(path.relative_to(folder)) for path in gone]
    for path in gone:
        path.unlink()
    for name, text in files.items():
        if _write(folder / name, text):
            changed.append(name)
    return sorted(changed)


def _write(path: Path, text: str) -> bool:
    data = text.encode("utf-8")
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True


def article_path(article: Article) -> str:
    """Where an article's file stands, below the handbook's folder."""
    return f"articles/{article.chapter}/{article.id}-{article.slug}.md"


def format_article(article: Article) -> str:
    """The article's file: front matter in a fixed order and writing, then its text."""
    revision = article.revision
    until = revision.valid_until
    lines = [
        "---",
        f"id: {_plain(article.id)}",
        f"chapter: {article.chapter}",
        f"section: {json.dumps(article.section)}",
        f"title: {_plain(revision.title)}",
        _flow("categories", revision.categories),
        _flow("keywords", revision.keywords),
        *_steps(revision.steps),
        _flow("time_limits", revision.time_limits),
        *([_flow("figures", revision.figures)] if revision.figures else []),
        f"responsible_dept: {_plain(article.responsible_dept)}",
        f"owner: {_plain(article.owner)}",
        f"status: {revision.status}",
        f"valid_from: {revision.valid_from.isoformat()}",
        *([f"valid_until: {until.isoformat()}"] if until else []),
        f"review_by: {revision.review_by.isoformat()}",
        _flow("sources", revision.sources),
        *(revision.extra.removesuffix("\n").split("\n") if revision.extra else ()),
        "---",
        "",
    ]
    return "\n".join(lines) + "\n" + revision.body.strip() + "\n"


def _steps(steps: Sequence[str]) -> list[str]:
    return ["steps:", *(f"  - {_plain(step)}" for step in steps)] if steps else ["steps: []"]


def _flow(name: str, items: Sequence[str]) -> str:
    write = _quoted if name in ALWAYS_QUOTED else _flow_item
    return f"{name}: [{', '.join(map(write, items))}]"


def _plain(text: str) -> str:
    """The text as YAML's plain writing where that reads back as the same, else quoted."""
    return text if _reads_back(f"k: {text}", {"k": text}) else _quoted(text)


def _flow_item(text: str) -> str:
    return text if _reads_back(f"[{text}]", [text]) else _quoted(text)


def _reads_back(written: str, wanted: object) -> bool:
    try:
        return bool(yaml.load(written, Loader=_LOADER) == wanted)  # noqa: S506 (a safe loader)
    except yaml.YAMLError:
        return False


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def format_tables(handbook: Handbook) -> dict[str, str]:
    """Each table's file below the handbook's folder, but for talk that is no complaint."""
    limits = [each for each in handbook.limits if not is_class_limit(each)]
    confusions = (
        {
            "wrong": each.wrong,
            "correct": each.correct,
            "apply": "safe" if each.is_safe else "context",
        }
        for each in handbook.confusions
    )
    return {
        "tables/time_limits.csv": _table(
            LIMIT_COLUMNS, map(_limit_row, limits), optional=LIMIT_ENDS
        ),
        "tables/figures.csv": _table(FIGURE_COLUMNS, map(asdict, handbook.figures)),
        "tables/taxonomy.csv": _table(
            TAXONOMY_COLUMNS, _taxonomy(handbook.categories), optional=TAXONOMY_ENDS
        ),
        "tables/confusions.csv": _table(CONFUSION_COLUMNS, confusions),
        "tables/synonyms.txt": _lines(",".join(group) for group in handbook.synonyms),
        "tables/words.txt": _lines(handbook.words),
        "tables/synonyms_ambiguous.txt": _lines(handbook.ambiguous),
        "tables/glossary.csv": _table(GLOSSARY_COLUMNS, map(asdict, handbook.glossary)),
        "tables/never_mask.txt": _lines(handbook.never_mask),
        "tables/workdays.json": json.dumps(handbook.workdays, ensure_ascii=False, indent=1) + "\n",
    }


def _lines(items: Iterable[str]) -> str:
    return "".join(f"{item}\n" for item in items)


def _table(
    columns: Sequence[str], rows: Iterable[dict[str, Any]], *, optional: Sequence[str] = ()
) -> str:
    """``optional``: columns that are written where a row has something in one of them."""
    held = list(rows)
    if any(row[name] for row in held for name in optional):
        columns = (*columns, *optional)
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(held)
    return written.getvalue()


def _limit_row(limit: TimeLimit) -> dict[str, Any]:
    values = {name: getattr(limit, name) for name in (*LIMIT_COLUMNS, *LIMIT_ENDS)}
    return values | {
        "categories": " ".join(limit.categories),
        "limit_value": f"{limit.limit_value:g}",
    }


def _taxonomy(categories: Sequence[Category]) -> Iterable[dict[str, Any]]:
    """A row a class of the third level; one of its own for a class above where it is retired or
    has none below it."""
    by_code = {category.id: category for category in categories}
    parents = {category.parent for category in categories}
    for category in categories:
        if category.level == 3 or category.is_retired or category.id not in parents:
            yield _class_row(category, by_code)


def _class_row(category: Category, by_code: Mapping[str, Category]) -> dict[str, Any]:
    line = [category]
    while line[0].parent:
        line.insert(0, by_code[line[0].parent])
    row: dict[str, Any] = {}
    for level in (1, 2, 3):
        here = line[level - 1] if level <= len(line) else None
        row |= {f"l{level}_code": here.id if here else "", f"l{level}": here.name if here else ""}
    return row | {
        "responsible_dept": category.responsible_dept,
        "priority": category.default_priority,
        "usual_limit_hours": category.usual_hours or "",
        "procedure": category.procedure,
        "typical_fix": category.typical_fix,
        "miit_class": category.miit_class,
        "operator_watch_scene": category.watch_scene,
        "retired_on": category.retired_on,
        "successor": category.successor,
    }
