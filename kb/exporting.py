"""The handbook as files again: the same content is always the same bytes, so that git diffs it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from kb.article import Article
from kb.category import Category
from kb.glossary import GLOSSARY_COLUMNS
from kb.handbook import FIGURE_COLUMNS, LIMIT_COLUMNS, TAXONOMY_COLUMNS, Handbook
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
        "tables/time_limits.csv": _table(LIMIT_COLUMNS, map(_limit_row, limits)),
        "tables/figures.csv": _table(FIGURE_COLUMNS, map(asdict, handbook.figures)),
        "tables/taxonomy.csv": _table(TAXONOMY_COLUMNS, _taxonomy(handbook.categories)),
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


def _table(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def _limit_row(limit: TimeLimit) -> dict[str, Any]:
    values = {name: getattr(limit, name) for name in LIMIT_COLUMNS}
    return values | {
        "categories": " ".join(limit.categories),
        "limit_value": f"{limit.limit_value:g}",
    }


def _taxonomy(categories: Sequence[Category]) -> Iterable[dict[str, Any]]:
    by_code = {category.id: category for category in categories}
    for third in categories:
        if third.level != 3:
            continue
        second = by_code[third.parent]
        yield {
            "l1_code": second.parent,
            "l1": by_code[second.parent].name,
            "l2_code": second.id,
            "l2": second.name,
            "l3_code": third.id,
            "l3": third.name,
            "responsible_dept": third.responsible_dept,
            "priority": third.default_priority,
            "usual_limit_hours": third.usual_hours,
            "procedure": third.procedure,
            "typical_fix": third.typical_fix,
            "miit_class": third.miit_class,
            "operator_watch_scene": third.watch_scene,
        }
